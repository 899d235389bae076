"""The torch engine: CUDA where a usable GPU is, the CPU elsewhere."""

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from retseg.models import Card
from retseg.networks import build_network

AMPERE = (8, 0)
"""The first compute capability with bfloat16 in its tensor cores; below it (the T4 is 7.5) half precision is used."""

TILES_AT_ONCE = 4


class TorchEngine:
    """Runs a torch network on tiles, in the precision that suits its device."""

    def __init__(self, network: torch.nn.Module, device: torch.device) -> None:
        self._device = device
        self._network = network.eval().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        half = device.type == "cuda" and torch.cuda.get_device_capability(device) < AMPERE
        self._precision = torch.float16 if half else torch.bfloat16

    @classmethod
    def load(cls, card: Card) -> "TorchEngine":
        """Build the card's network and fill it with `model.safetensors`."""
        network = build_network(card.network.architecture, card.network.arguments)
        network.load_state_dict(load_file(card.directory / "model.safetensors"))
        return cls(network, torch.device("cuda" if torch.cuda.is_available() else "cpu"))

    @torch.inference_mode()
    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From normalised tiles, float32 (N, C, h, w), to logits, float32 (N, tasks, h, w)."""
        logits = []
        for start in range(0, len(tiles), TILES_AT_ONCE):
            batch = torch.from_numpy(tiles[start : start + TILES_AT_ONCE])
            batch = batch.to(self._device, memory_format=torch.channels_last)
            with torch.autocast(self._device.type, self._precision):
                logits.append(self._network(batch).float().cpu().numpy())
        return np.concatenate(logits)
