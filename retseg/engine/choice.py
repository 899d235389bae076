"""Which engine a model runs on."""

import importlib.util
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from retseg.models import Card, ModelError, verify_files

EngineKind = Literal["auto", "openvino", "torch"]
ENGINES: tuple[str, ...] = get_args(EngineKind)[1:]

NVIDIA_DEVICE = Path("/dev/nvidiactl")
"""Where the driver shows a GPU to a process; looked at before torch, whose import alone takes seconds."""


class Engine(Protocol):
    """A network, ready to run."""

    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From normalised tiles, float32 (N, C, h, w), to logits, float32 (N, tasks, h, w)."""


def open_engine(kind: EngineKind, card: Card) -> Engine:
    """Load a model's weights into an engine, after checking them against the card.

    Args:
        kind: `auto` takes torch where it is installed and the machine has a GPU, OpenVINO otherwise.
        card: of the model.

    Raises:
        ModelError: a file of the model is missing or altered, or the engine is not installed.
    """
    if kind == "auto":
        kind = "torch" if NVIDIA_DEVICE.exists() and importlib.util.find_spec("torch") else "openvino"
    if importlib.util.find_spec(kind) is None:
        remedy = "requirements-gpu.txt" if kind == "torch" else "requirements.txt"
        raise ModelError(f"the engine '{kind}' is not installed: install {remedy}, or choose another --engine")
    if kind == "torch":
        verify_files(card, "model.safetensors")
        from retseg.engine.torch import TorchEngine

        return TorchEngine.load(card)
    verify_files(card, "model.onnx")
    from retseg.engine.openvino import OpenVinoEngine

    return OpenVinoEngine(card.directory / "model.onnx")
