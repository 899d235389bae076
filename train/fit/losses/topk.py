"""The loss of Red-Seg's first stage: cross-entropy on the positives and on the hardest negatives."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import Tensor
from torch.nn.functional import softplus

from train.fit.losses.loss import Loss, Reduction, reduce_sums


@dataclass(frozen=True)
class TopKCrossEntropy(Loss):
    """Top-k balanced cross-entropy, for each image and task.

    -beta sum over positives of log p - (1 - beta) sum over hard negatives of log(1 - p), beta = k / (k + positives).
    k = floor(share x negatives whose term is at least `hardness`) + 1. All negatives whose term is at least the k-th
    largest are hard. With ties these are more than k, but beta still contains k. The share falls with the optimiser
    step, see `at`.

    An image without positives gives 0 and no gradient, as published: its false positives have no effect. An image
    without negatives gives 0, too.

    Source: Guo et al. (bin loss and top-k loss, Neurocomputing 392, 2020; Red-Seg, 2021) and the published loss layer.

    The learning rate depends on the reduction. Published: "sum", learning rate 1e-8, weight decay 5e-4, batch 1,
    712 x 1072 pixels. With "pixels" (the sum divided by H x W) the same steps need 7.63e-3 and 6.55e-10.

    Attributes:
        share: of the negatives at step 0.
        schedule: "published" share x (1 - every/iterations x floor(step / every)); "code" the same with iterations =
            10 x every, as in the published layer; "poly" share x (1 - step / iterations); "constant".
        iterations: steps of the whole stage.
        every: steps between two falls.
        hardness: a negative with a smaller term is never hard.
        reduction: "sum" or "pixels".
        step: of the schedule.
    """

    share: float = 0.14
    schedule: Literal["published", "code", "poly", "constant"] = "published"
    iterations: int = 97_200
    every: int = 10_000
    hardness: float = 1e-3
    reduction: Reduction = "pixels"
    step: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1 or self.iterations < 1 or self.every < 1:
            message = "wanted share in [0, 1], iterations and every at least 1, found"
            raise ValueError(f"{message} {self.share}, {self.iterations}, {self.every}")

    def at(self, step: int) -> Self:
        """The loss at an optimiser step; the first step is 0."""
        return dataclasses.replace(self, step=step)

    def current_share(self) -> float:
        """Lambda at this step, never below 0."""
        falls = self.step // self.every
        left = {
            "published": 1 - falls * self.every / self.iterations,
            "code": 1 - falls / 10,
            "poly": 1 - self.step / self.iterations,
            "constant": 1.0,
        }
        return self.share * max(0.0, left[self.schedule])

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar."""
        return self.score_all((logits,), truth, region)[0]

    def score_all(self, outputs: Sequence[Tensor], truth: Tensor, region: Tensor) -> Tensor:
        """The loss of each of several outputs, (outputs,); the negatives of all of them are ranked at once."""
        z = torch.stack([output.float() for output in outputs]).flatten(3)
        weight = region.float().expand_as(truth).flatten(2)
        positive, negative = (truth.flatten(2) > 0.5) & (weight > 0), (truth.flatten(2) <= 0.5) & (weight > 0)
        positives, negatives = positive.sum(-1), negative.sum(-1)
        terms = softplus(z)
        candidates = terms.detach().masked_fill(~negative, -1.0)
        share = self.current_share()
        k = (
            (((candidates >= self.hardness).sum(-1).double() * share).floor().long() + 1)
            .minimum(negatives)
            .clamp_min(1)
        )
        least = candidates.topk(int(k.max()), sorted=True).values.gather(-1, k.unsqueeze(-1) - 1)
        hard = negative & (terms >= least)
        beta = k / (k + positives)
        attract = (softplus(-z) * weight * positive).sum(-1)
        repel = (terms * weight * hard).sum(-1)
        sums = (beta * attract + (1 - beta) * repel) * ((positives > 0) & (negatives > 0))
        return torch.stack([reduce_sums(each, truth.shape[-2] * truth.shape[-1], self.reduction) for each in sums])
