"""The torch engine: it runs a network with torch on a GPU or the CPU."""

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from retseg.engine.memory import SHARE, find_budget
from retseg.models import Card, ModelError
from retseg.networks import build_network

Capability = tuple[int, int]
"""NVIDIA's compute capability: (7, 5) is Turing, the T4; (8, 6) the A10G; (9, 0) the H100."""

TURING = (7, 5)
"""The oldest capability that is used: that of the T4, the smallest GPU of the platform."""

AMPERE = (8, 0)
"""The first capability with bfloat16 in the tensor cores."""


def find_gpu_fault() -> str:
    """Why torch cannot use a GPU here, as half a sentence; empty where it can.

    A kernel is run as a test, because a GPU can be unusable: too new for this torch, broken, or used by another
    process.
    """
    with warnings.catch_warnings(record=True) as said:  # a warning of torch has several lines
        warnings.simplefilter("always")
        if not torch.cuda.is_available():
            reason = str(said[0].message).partition(" (Triggered")[0] if said else "start the container with --gpus"
            return " ".join(f"torch finds none: {reason}".split())
        capability = torch.cuda.get_device_capability()
        if capability < TURING:
            return "compute capability {}.{}, and at least {}.{} is needed".format(*capability, *TURING)
        try:
            torch.zeros(1, device="cuda").add_(1).item()
        except RuntimeError as error:
            return " ".join(f"{torch.cuda.get_device_name()} fails: {error}".split())
    return ""


def choose_precision(capability: Capability | None) -> torch.dtype:
    """Half precision on a GPU before Ampere, bfloat16 from there on and on the CPU (None)."""
    return torch.float16 if capability is not None and capability < AMPERE else torch.bfloat16


def find_precision(device: torch.device) -> torch.dtype:
    """The precision that suits a device."""
    return choose_precision(torch.cuda.get_device_capability(device) if device.type == "cuda" else None)


def find_device_budget(device: torch.device) -> int:
    """The bytes that a network may use: three quarters of what is free on a GPU; on the CPU what `find_budget` says."""
    return int(SHARE * torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else find_budget()


class TorchEngine:
    """Runs a torch network on tiles, in the precision that suits its device, or in one that is asked for."""

    def __init__(
        self,
        network: torch.nn.Module,
        device: torch.device,
        memory: int | None = None,
        precision: torch.dtype | None = None,
    ) -> None:
        self._device = device
        self.memory = find_device_budget(device) if memory is None else memory
        self._network = network.eval().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._precision = precision or find_precision(device)
        where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
        self.description = f"torch, {str(self._precision).removeprefix('torch.')}, {where}"

    @classmethod
    def load(cls, card: Card, uses_gpu: bool, memory: int | None = None) -> "TorchEngine":
        """Build the card's network and load `model.safetensors` into it, for the GPU or the CPU.

        Raises:
            ModelError: the weights are not those of the network, or not finite.
        """
        network = build_network(card.network.architecture, card.network.arguments)
        path = card.directory / "model.safetensors"
        try:
            weights = load_file(path)
            network.load_state_dict(weights)
        except (SafetensorError, RuntimeError) as error:
            remedy = "take the model folder again from its release"
            raise ModelError(f"{path} does not hold the weights of the network of its card: {remedy}") from error
        broken = next((name for name, value in weights.items() if not bool(value.isfinite().all())), None)
        if broken is not None:
            raise ModelError(f"{path} has weights in '{broken}' that are not finite: make the model again")
        return cls(network, torch.device("cuda" if uses_gpu else "cpu"), memory)

    @torch.inference_mode()
    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From normalised tiles, float32 (N, C, h, w), to logits, float32 (N, tasks, h, w)."""
        batch = torch.from_numpy(tiles).to(self._device, memory_format=torch.channels_last)
        with torch.autocast(self._device.type, self._precision, enabled=self._precision != torch.float32):
            logits: NDArray[np.float32] = self._network(batch).float().cpu().numpy()
        return logits
