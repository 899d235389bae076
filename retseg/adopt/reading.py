"""Recognise the files of foreign networks and read them; nothing in a file is run as Python code."""

import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import torch

from retseg.adopt.error import AdoptError
from retseg.networks import NetworkError
from retseg.networks.weights import read_weights

Kind = Literal["onnx", "torchscript", "program", "weights", "nnunet"]

TORCHSCRIPT_FILES = re.compile(r"\b(?:from_file|aten\.save|torch\.save)\b")
"""The operators by which a TorchScript program opens files."""

AGAIN = "take it again from where it came from, and compare its size and SHA-256"
PREFIXES = ("module.", "model.", "net.", "network.", "_orig_mod.")
"""What wrappers of training programs put before the names of weights."""


def recognise(path: Path) -> Kind:
    """What a checkpoint is, by its content.

    Raises:
        AdoptError: it does not exist, or is none of the known kinds.
    """
    if path.is_dir():
        if (path / "plans.json").is_file():
            return "nnunet"
        raise AdoptError(f"{path} is a folder without plans.json: name a file, or the folder of an nnU-Net v2 training")
    if not path.is_file():
        raise AdoptError(f"there is no checkpoint at {path}: name an ONNX, a torch or a safetensors file")
    if path.suffix.lower() in (".onnx", ".safetensors"):
        return "onnx" if path.suffix.lower() == ".onnx" else "weights"
    with path.open("rb") as stream:
        beginning = stream.read(2)
    if beginning != b"PK":
        return "weights"
    if not zipfile.is_zipfile(path):
        raise AdoptError(f"{path} is truncated: {AGAIN}")
    names = _list_names(path)
    if any(name.endswith("/archive_format") for name in names):
        return "program"
    return "torchscript" if any("/code/" in name for name in names) else "weights"


def _list_names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def read_table(path: Path) -> dict[str, torch.Tensor]:
    """The weights of a state dict or of a checkpoint with one, by name.

    Raises:
        AdoptError: the file is damaged, holds code, or no weights.
    """
    try:
        weights = read_weights(path)
    except NetworkError as error:
        raise AdoptError(str(error)) from error
    if not weights:
        raise AdoptError(f"{path} holds no weights: save the state_dict of the network, or export it to ONNX")
    broken = next((key for key, value in weights.items() if not bool(value.isfinite().all())), None)
    if broken is not None:
        raise AdoptError(f"{path} has weights in '{broken}' that are not finite: take a checkpoint of an earlier step")
    return weights


def load_table(module: torch.nn.Module, weights: Mapping[str, torch.Tensor], what: str) -> None:
    """Copy weights into a network: all of them, and nothing else.

    Args:
        module: takes them.
        weights: by name; a prefix that all names have in common is removed where the network has no such names.
        what: the network, for the message.

    Raises:
        AdoptError: the weights are not those of this network.
    """
    own = module.state_dict()
    table = dict(weights)
    while not set(table) & set(own):
        prefix = next((p for p in PREFIXES if all(key.startswith(p) for key in table)), None)
        if prefix is None:
            break
        table = {key.removeprefix(prefix): value for key, value in table.items()}
    missing = [key for key in own if key not in table and not key.endswith("num_batches_tracked")]
    surplus = [key for key in table if key not in own]
    faults = []
    if missing:
        faults.append(f"'{missing[0]}' is missing ({len(missing)} of {len(own)} names)")
    if surplus:
        faults.append(f"it has '{surplus[0]}', which this network has not ({len(surplus)} names)")
    for key, value in own.items():
        if key in table and table[key].shape != value.shape:
            found, wanted = tuple(table[key].shape), tuple(value.shape)
            faults.append(f"'{key}' has the shape {found} and needs {wanted}")
            break
    if faults:
        remedy = (
            "give the --network and the --argument KEY=VALUE with which it was trained, and a --task for each class"
        )
        raise AdoptError(f"the checkpoint does not hold the weights of {what}: {'; '.join(faults)}: {remedy}")
    module.load_state_dict(table, strict=False)


def find_in_channels(weights: Mapping[str, torch.Tensor]) -> int | None:
    """The channels of the input, by the first kernel of a state dict; None where there is none."""
    first = next((value for value in weights.values() if value.ndim == 4), None)
    return None if first is None else int(first.shape[1])


def load_torchscript(path: Path) -> torch.jit.ScriptModule:
    """A TorchScript program that opens no files.

    Raises:
        AdoptError: it is damaged, or opens files.
    """
    with zipfile.ZipFile(path) as archive:
        code = [name for name in archive.namelist() if "/code/" in name and name.endswith(".py")]
        if any(TORCHSCRIPT_FILES.search(archive.read(name).decode(errors="replace")) for name in code):
            raise AdoptError(f"{path} is a TorchScript program that opens files: export the network to ONNX instead")
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-any-return,no-untyped-call]
    except (RuntimeError, ValueError) as error:
        raise AdoptError(f"{path} is no TorchScript program that can be read: {AGAIN}") from error


def load_program(path: Path) -> torch.export.ExportedProgram:
    """A program of `torch.export.save`, if no part of it is a pickle that could hold code.

    Raises:
        AdoptError: it is damaged, or holds such a part.
    """
    _refuse_pickles(path)
    try:
        return torch.export.load(path)
    except Exception as error:  # torch raises many kinds
        raise AdoptError(f"{path} is no exported program that this version of torch can read: {AGAIN}") from error


def _refuse_pickles(path: Path) -> None:
    """torch reads the parts of a program by pickle where it must; only tensors in plain bytes are let through."""
    refusal = AdoptError(
        f"{path} holds parts that cannot be read without running code in it: export the network again by "
        "torch.export.save, without sample inputs of your own classes, or to ONNX"
    )
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith("_config.json") and ("/weights/" in name or "/constants/" in name):
                listed: Any = json.loads(archive.read(name)).get("config", {})
                if any(each.get("use_pickle", True) for each in listed.values()):
                    raise refusal
            elif name.endswith((".pt", ".pkl")):
                try:
                    torch.load(io.BytesIO(archive.read(name)), map_location="cpu", weights_only=True)
                except Exception as error:
                    raise refusal from error
            elif "custom_obj" in name or "/aotinductor/" in name:
                raise refusal
