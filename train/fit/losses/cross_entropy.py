"""Losses that are a sum over pixels of the logarithm of a probability."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from train.fit.losses.loss import Loss, Reduction, reduce_sums


def average(values: Tensor, region: Tensor) -> Tensor:
    """The mean of (N, T, H, W) weighted by (N, 1 or T, H, W); 0 where no pixel counts."""
    weights = region.float().expand_as(values)
    return (values * weights).sum() / weights.sum().clamp_min(1e-12)


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Binary cross-entropy, the mean over counted pixels, tasks and images.

    The cross-entropy of a two-class softmax is the same number if the logit is the difference of its scores.

    Attributes:
        positive_weight: multiplies the terms of positive pixels.
    """

    positive_weight: float = 1.0

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar."""
        weight = logits.new_tensor(self.positive_weight, dtype=logits.float().dtype)
        values = binary_cross_entropy_with_logits(logits.float(), truth.float(), reduction="none", pos_weight=weight)
        return average(values, region)


@dataclass(frozen=True)
class Focal(Loss):
    """Focal loss (Lin et al., ICCV 2017): the mean of cross-entropy x (1 - probability of the truth)^gamma.

    Attributes:
        gamma: 0 is cross-entropy.
        alpha: weight of positives, 1 - alpha that of negatives; none when absent.
    """

    gamma: float = 2.0
    alpha: float | None = None

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar."""
        z, y = logits.float(), truth.float()
        entropy = binary_cross_entropy_with_logits(z, y, reduction="none")
        # log of the probability of the wrong class, exact even if that probability underflows
        wrong = logsigmoid(z * (1 - 2 * y))
        values = (self.gamma * wrong).exp() * entropy
        if self.alpha is not None:
            values = values * (self.alpha * y + (1 - self.alpha) * (1 - y))
        return average(values, region)


@dataclass(frozen=True)
class BalancedCrossEntropy(Loss):
    """Class-balanced cross-entropy of HED (Xie and Tu, ICCV 2015), for each image and task.

    -beta sum over positives of log p - (1 - beta) sum over negatives of log(1 - p), beta = negatives / counted pixels.
    An image without positives gives 0 and no gradient: its negatives have weight 0. An image without negatives, too.

    Attributes:
        reduction: "sum" as published, with learning rates of 1e-6 (HED) and 1e-8 (BTS-DSN); "pixels" divides by H x W
            of the frame and needs a learning rate H x W times as large.
    """

    reduction: Reduction = "pixels"

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar."""
        z, weight = logits.float(), region.float().expand_as(logits)
        positive = truth > 0.5
        here = weight > 0
        beta = (here & ~positive).sum((2, 3)) / here.sum((2, 3)).clamp_min(1)
        attract = (softplus(-z) * weight * positive).sum((2, 3))
        repel = (softplus(z) * weight * ~positive).sum((2, 3))
        sums = beta * attract + (1 - beta) * repel
        return reduce_sums(sums, z.shape[-2] * z.shape[-1], self.reduction)
