"""Losses that compare the overlap of two soft sets."""

from dataclasses import dataclass

from torch import Tensor

from train.fit.losses.cross_entropy import CrossEntropy
from train.fit.losses.loss import Loss


def count_softly(logits: Tensor, truth: Tensor, region: Tensor, pooled: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Soft true positives, false positives and false negatives: (N, T) each, or (1, T) when images are pooled."""
    p, y, weight = logits.float().sigmoid(), truth.float(), region.float()
    axes = (0, 2, 3) if pooled else (2, 3)
    tp = (p * y * weight).sum(axes, keepdim=True).flatten(1)
    fp = (p * (1 - y) * weight).sum(axes, keepdim=True).flatten(1)
    fn = ((1 - p) * y * weight).sum(axes, keepdim=True).flatten(1)
    return tp, fp, fn


def sum_squares(logits: Tensor, truth: Tensor, region: Tensor, pooled: bool) -> Tensor:
    """The sum of the squares of probability and truth: (N, T), or (1, T) when images are pooled."""
    squares = logits.float().sigmoid().square() + truth.float().square()
    return (squares * region.float()).sum((0, 2, 3) if pooled else (2, 3), keepdim=True).flatten(1)


@dataclass(frozen=True)
class Tversky(Loss):
    """Focal Tversky loss: the mean over images and tasks of (1 - TP / (TP + alpha FP + beta FN)) ^ gamma.

    Source: Salehi et al. 2017; Abraham and Khan 2019. `alpha = beta = 0.5` is Dice, `alpha = beta = 1` is IoU.

    Attributes:
        alpha: weight of soft false positives.
        beta: weight of soft false negatives.
        gamma: exponent; 1 is the plain Tversky loss.
        smooth: added to numerator and denominator.
        pooled: count the pixels of all images of the batch together.
    """

    alpha: float = 0.3
    beta: float = 0.7
    gamma: float = 1.0
    smooth: float = 1e-5
    pooled: bool = False

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar in [0, 1]."""
        tp, fp, fn = count_softly(logits, truth, region, self.pooled)
        index = (tp + self.smooth) / (tp + self.alpha * fp + self.beta * fn + self.smooth)
        miss = (1 - index).clamp_min(0)
        # the power's slope is infinite at a perfect overlap when gamma < 1
        return (miss if self.gamma == 1 else miss.clamp_min(1e-7) ** self.gamma).mean()


@dataclass(frozen=True)
class Dice(Loss):
    """Soft Dice: 1 - the mean over images and tasks of (2 TP + smooth) / (2 TP + FP + FN + smooth).

    An image without positives gives nearly 1 with a vanishing gradient unless `smooth` is of the size of its soft false
    positives, and 0 where nothing is predicted.

    Attributes:
        smooth: added to numerator and denominator.
        pooled: count the pixels of all images of the batch together.
        squared: the denominator is the sum of the squares of truth and probability (Milletari et al., 3DV 2016), so
            that a large area of small probabilities has little weight beside a small lesion.
    """

    smooth: float = 1e-5
    pooled: bool = False
    squared: bool = False

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar in [0, 1]."""
        tp, fp, fn = count_softly(logits, truth, region, self.pooled)
        whole = sum_squares(logits, truth, region, self.pooled) if self.squared else 2 * tp + fp + fn
        return 1 - ((2 * tp + self.smooth) / (whole + self.smooth)).mean()


@dataclass(frozen=True)
class CrossEntropyDice(Loss):
    """`bce` x mean cross-entropy + `dice` x soft Dice: 1 and 1 is nnU-Net's, 0.5 and 1 that of UNet++.

    Attributes:
        bce: weight of the cross-entropy.
        dice: weight of the Dice loss.
        smooth: see `Dice`.
        pooled: see `Dice`.
        squared: see `Dice`.
    """

    bce: float = 1.0
    dice: float = 1.0
    smooth: float = 1e-5
    pooled: bool = False
    squared: bool = False

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar."""
        overlap = Dice(self.smooth, self.pooled, self.squared)(logits, truth, region)
        return self.bce * CrossEntropy()(logits, truth, region) + self.dice * overlap


@dataclass(frozen=True)
class CrossEntropyJaccard(Loss):
    """Mean cross-entropy + soft IoU loss, that of the SAM-Adapter.

    Attributes:
        smooth: added to numerator and denominator.
    """

    smooth: float = 1e-5

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar."""
        return CrossEntropy()(logits, truth, region) + Tversky(1.0, 1.0, 1.0, self.smooth)(logits, truth, region)
