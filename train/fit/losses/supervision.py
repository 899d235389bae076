"""One loss for several outputs of a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import Tensor

from train.fit.losses.loss import Loss


@dataclass(frozen=True)
class DeepSupervision:
    """The same loss on every output of `Network.forward_all`, weighted.

    Attributes:
        loss: of each output.
        weights: "sum" 1 each (HED, Red-Seg); "mean" 1 / outputs each (UNet++); "halving" 1, 1/2, 1/4, ... divided by
            their sum, the first output being the finest (nnU-Net).
    """

    loss: Loss
    weights: Literal["sum", "mean", "halving"] = "sum"

    def __call__(self, outputs: Sequence[Tensor], truth: Tensor, region: Tensor) -> Tensor:
        """A scalar from outputs (N, T, H, W) each, all of the size of the truth."""
        losses = torch.stack([self.loss(output, truth, region) for output in outputs])
        return (losses * losses.new_tensor(self._weigh(len(outputs)))).sum()

    def at(self, step: int) -> Self:
        """The loss at an optimiser step."""
        return type(self)(self.loss.at(step), self.weights)

    def _weigh(self, outputs: int) -> list[float]:
        if self.weights == "halving":
            halves = [0.5**i for i in range(outputs)]
            return [half / sum(halves) for half in halves]
        return [1 / outputs if self.weights == "mean" else 1.0] * outputs
