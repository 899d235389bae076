"""One loss for several outputs of a network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
        tasks: for each output, the numbers of the tasks in it, as `Network.output_tasks`; empty if all have all tasks.
    """

    loss: Loss
    weights: Literal["sum", "mean", "halving"] = "sum"
    tasks: tuple[tuple[int, ...], ...] = ()

    def __call__(self, outputs: Sequence[Tensor], truth: Tensor, region: Tensor) -> Tensor:
        """A scalar from outputs (N, T, H, W) each, all of the size of the truth; T as `tasks` says."""
        tasks = self.tasks or (tuple(range(truth.shape[1])),) * len(outputs)
        found: dict[int, Tensor] = {}
        for chosen in dict.fromkeys(tasks):
            numbers = [number for number, each in enumerate(tasks) if each == chosen]
            counted = region if region.shape[1] == 1 else region[:, chosen]
            scored = self.loss.score_all([outputs[number] for number in numbers], truth[:, chosen], counted)
            found |= zip(numbers, scored, strict=True)
        losses = torch.stack([found[number] for number in range(len(outputs))])
        return (losses * losses.new_tensor(self._weigh(len(outputs)))).sum()

    def at(self, step: int) -> Self:
        """The loss at an optimiser step."""
        return replace(self, loss=self.loss.at(step))

    def _weigh(self, outputs: int) -> list[float]:
        if self.weights == "halving":
            halves = [0.5**i for i in range(outputs)]
            return [half / sum(halves) for half in halves]
        return [1 / outputs if self.weights == "mean" else 1.0] * outputs
