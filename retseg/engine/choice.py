"""Choose the engine that runs the models, and open it."""

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
"""The device file of a GPU. It is looked for first, because the import of torch takes seconds."""


class Engine(Protocol):
    """A network, ready to run.

    Attributes:
        memory: bytes that it may use for one tile.
        description: its name, device, precision and threads, for the log.
    """

    memory: int
    description: str

    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From normalised tiles, float32 (N, C, h, w), to logits, float32 (N, tasks, h, w)."""


@dataclass(frozen=True)
class EngineChoice:
    """The engine that runs the models.

    Attributes:
        engine: its name.
        uses_gpu: whether it computes on a GPU; OpenVINO never does.
        warning: a sentence for the log if the user may expect a GPU and none is used; empty otherwise.
    """

    engine: Literal["openvino", "torch"]
    uses_gpu: bool = False
    warning: str = ""


def choose_engine(kind: EngineKind) -> EngineChoice:
    """Choose the engine and its device, once for all models of a program.

    `auto` is torch if torch is installed and can use a GPU, and OpenVINO otherwise. `torch` computes on the GPU if it
    can use one, and on the CPU otherwise. If torch is not installed, there is no warning: nobody expects a GPU then.
    """
    if kind == "openvino" or importlib.util.find_spec("torch") is None:
        return EngineChoice("torch" if kind == "torch" else "openvino")
    if kind == "auto" and not NVIDIA_DEVICE.exists():
        fault = f"there is no {NVIDIA_DEVICE}"
    else:
        from retseg.engine.torch import find_gpu_fault

        fault = find_gpu_fault()
    if kind == "torch" or not fault:
        return EngineChoice("torch", uses_gpu=not fault)
    warning = f"no usable GPU ({fault}), so the models run on the CPU with OpenVINO"
    return EngineChoice("openvino", warning=warning)


def open_engine(choice: EngineChoice, card: Card, memory: int | None = None) -> Engine:
    """Load a model's weights into an engine, after checking them against the card.

    Args:
        choice: from `choose_engine`.
        card: of the model.
        memory: bytes that the network may use; None takes what the machine, the container or the GPU allows.

    Raises:
        ModelError: a file of the model is missing or altered, its graph names what it must not, its weights are not
            finite or do not fit the network, or the engine is not installed.
    """
    if importlib.util.find_spec(choice.engine) is None:
        remedy = "requirements-gpu.txt" if choice.engine == "torch" else "requirements.txt"
        raise ModelError(f"the engine '{choice.engine}' is not installed: install {remedy}, or choose another --engine")
    if choice.engine == "torch":
        verify_files(card, "model.safetensors")
        from retseg.engine.torch import TorchEngine

        return CheckedEngine(TorchEngine.load(card, choice.uses_gpu, memory), card)
    verify_files(card, "model.onnx", *(name for name in card.files if name != "model.onnx"))
    check_graph_file(card)
    from retseg.engine.openvino import OpenVinoEngine

    return CheckedEngine(OpenVinoEngine(card.directory / "model.onnx", memory=memory), card)
