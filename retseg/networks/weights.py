"""Read and write files of weights: this project's `model.safetensors`, and safetensors or torch files of the user."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from retseg.files import replacing
from retseg.networks import NetworkError

TABLES = ("state_dict", "model", "model_state_dict", "network_weights")
"""Names under which training programs keep the weights among other things."""


def save_weights(weights: Mapping[str, Tensor], path: Path) -> None:
    """Write a network's state dict as a safetensors file, about half as large as in memory.

    Tensors of floating point with two axes or more, the kernels and matrices, are stored in half precision, unless a
    value would leave its range. All others, such as biases and the statistics of batch normalisation, stay as they are.

    Raises:
        OutputError: the folder cannot be written.
    """
    from safetensors.torch import save

    stored = {name: _halve(value.detach().cpu()).contiguous() for name, value in weights.items()}
    with replacing(path) as beside:
        beside.write_bytes(save(stored))


def _halve(value: Tensor) -> Tensor:
    if value.ndim < 2 or not value.is_floating_point():
        return value
    half = value.half()
    return half if bool(half.isfinite().all()) else value


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.safetensors` file, or of a torch file; nothing in the file is executed.

    Many training programs write a table under one of `TABLES`: if there is one, it is read instead of the whole.

    Raises:
        NetworkError: the file is missing, is neither, or holds something other than tensors.
    """
    if not path.is_file():
        raise NetworkError(f"there is no file of weights at {path}")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    for key in TABLES:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping):
        raise NetworkError(f"{path} holds a {type(content).__name__}, wanted a table of tensors")
    return {key: value for key, value in content.items() if isinstance(value, Tensor)}


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise NetworkError(f"{path} is not a safetensors file: {error}") from error


def _read_torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        remedy = "save its state_dict alone, or as safetensors"
        raise NetworkError(f"{path} holds no weights that can be read without running code in it: {remedy}") from error
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise NetworkError(
            f"{path} is no whole file of weights, it is truncated or damaged: take it again from where it came from, "
            "and compare its size and SHA-256"
        ) from error


def copy_weights(module: nn.Module, weights: Mapping[str, Tensor], kept: tuple[str, ...] = ()) -> None:
    """Copy weights into `module` by name; other entries of the table are ignored.

    Args:
        module: to be changed.
        weights: by name.
        kept: modules within `module` that keep their own weights.

    Raises:
        NetworkError: a weight is missing or has another shape; nothing was copied then.
    """
    own = module.state_dict()
    passed_over = tuple(f"{name}." for name in kept)
    wanted = {
        key: value
        for key, value in own.items()
        if not key.endswith("num_batches_tracked") and not key.startswith(passed_over)
    }
    for key, value in wanted.items():
        if key not in weights:
            raise NetworkError(f"the file of weights has no '{key}'; is it for this architecture?")
        if weights[key].shape != value.shape:
            found, needed = tuple(weights[key].shape), tuple(value.shape)
            raise NetworkError(f"'{key}' has the shape {found} in the file of weights, this network needs {needed}")
    module.load_state_dict({key: weights[key] for key in wanted}, strict=False)
