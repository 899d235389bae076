"""A loss for thin, connected structures: overlap along soft centre lines."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import max_pool2d, relu

from train.fit.losses.loss import Loss
from train.fit.losses.overlap import Dice


@dataclass(frozen=True)
class CentrelineDice(Loss):
    """`alpha` x (1 - soft clDice) + (1 - alpha) x soft Dice, the mean over images and tasks.

    Source: Shit et al., CVPR 2021, algorithm 1. Outside the region truth and prediction are empty.

    Attributes:
        alpha: share of clDice, at most 0.5 in the paper.
        iterations: erosions of the soft skeleton; at least half the largest width in pixels.
        smooth: added to numerator and denominator.
    """

    alpha: float = 0.5
    iterations: int = 10
    smooth: float = 1.0

    def __call__(self, logits: Tensor, truth: Tensor, region: Tensor) -> Tensor:
        """A scalar in [0, 1]."""
        weight = region.float()
        p, y = logits.float().sigmoid() * weight, truth.float() * weight
        p_line, y_line = thin(p, self.iterations), thin(y, self.iterations)
        precision, sensitivity = self._share(p_line * y, p_line), self._share(y_line * p, y_line)
        lines = 1 - (2 * precision * sensitivity / (precision + sensitivity).clamp_min(1e-12)).mean()
        return self.alpha * lines + (1 - self.alpha) * Dice(self.smooth)(logits, truth, region)

    def _share(self, part: Tensor, whole: Tensor) -> Tensor:
        return (part.sum((2, 3)) + self.smooth) / (whole.sum((2, 3)) + self.smooth)


def thin(x: Tensor, iterations: int) -> Tensor:
    """The soft skeleton of (N, T, H, W) in [0, 1]: the parts that openings remove, after each erosion."""
    skeleton = relu(x - _open(x))
    for _ in range(iterations):
        x = _erode(x)
        lost = relu(x - _open(x))
        skeleton = skeleton + relu(lost - skeleton * lost)
    return skeleton


def _erode(x: Tensor) -> Tensor:
    """Minimum over the cross of five pixels."""
    return -max_pool2d(-x, (3, 1), 1, (1, 0)).maximum(max_pool2d(-x, (1, 3), 1, (0, 1)))


def _open(x: Tensor) -> Tensor:
    return max_pool2d(_erode(x), 3, 1, 1)
