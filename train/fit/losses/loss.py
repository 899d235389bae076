"""The base class of all losses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import Tensor

Reduction = Literal["sum", "pixels"]


@dataclass(frozen=True)
class Loss:
    """A scalar that the training minimises.

    Shape:
        logits: (N, T, H, W), any floating type; the loss is computed in float32, under mixed precision too.
        truth: (N, T, H, W) in [0, 1].
        region: (N, 1 or T, H, W), weights of the pixels, usually 0 and 1; a pixel of weight 0 does not count.
        result: a scalar.
    """

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """The loss of a batch."""
        raise NotImplementedError

    def score_all(self, outputs: Sequence[Tensor], truth: Tensor, region: Tensor) -> Tensor:
        """The loss of each of several outputs for the same truth, (outputs,)."""
        return torch.stack([self(output, truth, region) for output in outputs])

    def at(self, _step: int) -> Self:
        """The loss at an optimiser step; the first step is 0. Only a loss with a schedule changes."""
        return self


def reduce_sums(sums: Tensor, pixels: int, reduction: Reduction) -> Tensor:
    """From sums over the pixels of each image and task, (N, T), to a scalar.

    Tasks are added, as in published networks with a loss for each output; images are averaged. "sum" keeps the sum over
    the pixels; "pixels" divides it by the number of pixels of the frame. A learning rate of r with "sum" corresponds to
    r x pixels with "pixels", and a weight decay of d to d / pixels.
    """
    total = sums.sum(1).mean()
    return total / pixels if reduction == "pixels" else total
