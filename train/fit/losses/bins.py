"""The loss of L-Seg: cross-entropy on the positives and on whole bins of the hardest negatives."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import softplus

from train.fit.losses.loss import Loss, Reduction, reduce_sums

EDGES = (0.8, 0.6, 0.4, 0.2, 0.0)
"""The lower edges of the five bins of a negative's probability, the hardest bin first."""


@dataclass(frozen=True)
class BinCrossEntropy(Loss):
    """Bin loss, for each image: -beta sum over positives of log p - (1 - beta) sum over hard negatives of log(1 - p).

    In each task, whole bins of negatives are hard, from the most probable one down, until they hold `key` times as many
    pixels as there are positives. If the task has no positive, or the bins do not hold so many pixels, all negatives
    are hard. beta = k / (k + positives) is one number for all tasks of an image: the positives are those of all tasks
    together, and k is the number of hard negatives of all tasks, divided by the number of tasks. An image without any
    positive gives 0.

    Source: Guo et al. (L-Seg, Neurocomputing 349, 2019; bin loss, Neurocomputing 392, 2020) and the published loss
    layers. Those have a mistake that is not repeated here: where the bins down to 0.2 suffice, their gradient contains
    all negatives.

    Attributes:
        key: hard negatives for each positive; 10 in L-Seg, 20 in the bin loss.
        reduction: "sum" as published, or "pixels", see `reduce_sums`.
    """

    key: float = 10.0
    reduction: Reduction = "pixels"

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar."""
        z, weight = logits.float(), region.float().expand_as(logits)
        here, positive = weight > 0, truth > 0.5
        positives, negative = (here & positive).sum((2, 3), keepdim=True), here & ~positive
        probability = z.detach().sigmoid()
        hard = negative & (probability >= self._find_edges(probability, negative, positives))
        kept = hard.sum((1, 2, 3), keepdim=True) / z.shape[1]
        beta = kept / (kept + positives.sum(1, keepdim=True)).clamp_min(1e-12)
        attract = beta * softplus(-z) * weight * positive
        repel = (1 - beta) * softplus(z) * weight * hard
        anything = positives.sum(1, keepdim=True) > 0
        sums = ((attract + repel) * anything).sum((2, 3))
        return reduce_sums(sums, z.shape[-2] * z.shape[-1], self.reduction)

    def _find_edges(self, probability: Tensor, negative: Tensor, positives: Tensor) -> Tensor:
        """The probability from which on negatives are hard, for each image and task: (N, T, 1, 1)."""
        counts = torch.stack([(negative & (probability >= edge)).sum((2, 3), keepdim=True) for edge in EDGES])
        enough = (counts >= self.key * positives) & (positives > 0)
        enough[-1] = True
        first = enough.int().argmax(0)
        return probability.new_tensor(EDGES)[first]
