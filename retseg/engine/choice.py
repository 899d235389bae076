"""Which engine a model runs on."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from retseg.engine.checked import CheckedEngine
from retseg.models import Card, ModelError, check_graph_file, verify_files

EngineKind = Literal["auto", "openvino", "torch"]
ENGINES: tuple[str, ...] = get_args(EngineKind)[1:]

NVIDIA_DEVICE = Path("/dev/nvidiactl")
"""Where the driver shows a GPU to a process; looked at before torch, whose import alone takes seconds."""


class Engine(Protocol):
    """A network, ready to run.

    Attributes:
        memory: bytes that it may use for one tile.
    """

    memory: int

    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From normalised tiles, float32 (N, C, h, w), to logits, float32 (N, tasks, h, w)."""


@dataclass(frozen=True)
class Choice:
    """The engine to use, and a sentence for the log where it is not the one that was to be expected."""

    engine: Literal["openvino", "torch"]
    warning: str = ""


def choose_engine(kind: EngineKind) -> Choice:
    """Resolve `auto`: torch where it is installed and can use a GPU, OpenVINO otherwise.

    Where torch is not installed nobody expects a GPU to be used, so there is nothing to warn of.
    """
    if kind != "auto":
        return Choice(kind)
    if importlib.util.find_spec("torch") is None:
        return Choice("openvino")
    fault = f"there is no {NVIDIA_DEVICE}"
    if NVIDIA_DEVICE.exists():
        from retseg.engine.torch import find_gpu_fault

        fault = find_gpu_fault()
    if not fault:
        return Choice("torch")
    return Choice("openvino", f"no usable GPU ({fault}), so the models run on the CPU with OpenVINO")


def open_engine(kind: EngineKind, card: Card, memory: int | None = None) -> Engine:
    """Load a model's weights into an engine, after checking them against the card.

    Args:
        kind: `auto` is resolved by `choose_engine`.
        card: of the model.
        memory: bytes that the network may use; None takes what the machine, the container or the GPU allows.

    Raises:
        ModelError: a file of the model is missing or altered, its graph names what it must not, its weights are not
            finite or do not fit the network, or the engine is not installed.
    """
    engine = choose_engine(kind).engine
    if importlib.util.find_spec(engine) is None:
        remedy = "requirements-gpu.txt" if engine == "torch" else "requirements.txt"
        raise ModelError(f"the engine '{engine}' is not installed: install {remedy}, or choose another --engine")
    if engine == "torch":
        verify_files(card, "model.safetensors")
        from retseg.engine.torch import TorchEngine

        return CheckedEngine(TorchEngine.load(card, memory), card)
    verify_files(card, "model.onnx", *(name for name in card.files if name != "model.onnx"))
    check_graph_file(card)
    from retseg.engine.openvino import OpenVinoEngine

    return CheckedEngine(OpenVinoEngine(card.directory / "model.onnx", memory=memory), card)
