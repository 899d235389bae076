"""LWENet: a light network of Inception blocks for hard exudates, which loses little of the image's size."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.blocks import PoolHalf, crop_to
from retseg.networks.network import Network

BRANCHES = ((64, 96, 32, 16), (48, 80, 16, 16), (48, 80, 16, 16))
BIAS = 0.2
"""The initial bias of all convolutions but those of scores and of the second side output."""


def convolve(inner: int, outer: int, side: int = 3, stride: int = 1, bias: float = BIAS) -> nn.Sequential:
    """A convolution of Xavier weights and constant bias, then ReLU."""
    convolution = nn.Conv2d(inner, outer, side, stride, side // 2)
    nn.init.xavier_uniform_(convolution.weight)
    nn.init.constant_(convolution.bias, bias)  # type: ignore[arg-type]
    return nn.Sequential(convolution, nn.ReLU(inplace=True))


class Inception(nn.Module):
    """A 3x3 convolution, then convolutions of 1x1, 3x3 and 5x5, and a 5x5 maximum with a 1x1 convolution, side by side.

    Args:
        inner: channels in.
        reduced: channels of the first convolution.
        branches: channels of the four branches, concatenated in this order.
    """

    def __init__(self, inner: int, reduced: int, branches: Sequence[int]) -> None:
        super().__init__()
        one, three, five, pooled = branches
        self.reduce = convolve(inner, reduced)
        self.one, self.three, self.five = (convolve(reduced, n, k) for n, k in ((one, 1), (three, 3), (five, 5)))
        self.pooled = nn.Sequential(nn.MaxPool2d(5, 1, 2), convolve(reduced, pooled, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) -> (N, sum of branches, H, W)."""
        reduced = self.reduce(x)
        return torch.cat([branch(reduced) for branch in (self.one, self.three, self.five, self.pooled)], 1)


class Shortcut(nn.Module):
    """Three 3x3 convolutions; the first and the last map are concatenated."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.first = convolve(inner, outer)
        self.rest = nn.Sequential(convolve(outer, outer), convolve(outer, outer))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) -> (N, 2 outer, H, W)."""
        first = self.first(x)
        return torch.cat([first, self.rest(first)], 1)


class LWENet(Network):
    """LWENet of the author of Red-Seg, by its public layer list; 1,961,045 parameters.

    A 7x7 convolution of stride 2, three Inception blocks and a convolution, whose scores are the first side output; a
    2x2 maximum and two blocks with a shortcut, whose scores are the second. `forward` gives their weighted sum,
    `forward_all` also both. The scores of the first side output pass a ReLU, as in the list.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        narrow: all numbers of channels are divided by it.
    """

    task_modules = ("scores", "fuses")

    def __init__(self, *, in_channels: int = 3, tasks: int = 1, narrow: int = 1) -> None:
        super().__init__()
        if narrow < 1 or 16 % narrow:
            raise NetworkError(f"narrow divides all numbers of channels: 1, 2, 4, 8 or 16, not {narrow}")
        slim, wide = 64 // narrow, 128 // narrow
        self.tasks = tasks
        blocks: list[nn.Module] = [convolve(in_channels, slim, 7, 2)]
        inner = slim
        for branches in BRANCHES:
            sizes = [channels // narrow for channels in branches]
            blocks.append(Inception(inner, slim, sizes))
            inner = sum(sizes)
        self.fine = nn.Sequential(*blocks, convolve(inner, wide))
        self.coarse = nn.Sequential(PoolHalf(), Shortcut(wide, wide), Shortcut(2 * wide, wide))
        self.sides = nn.ModuleList([convolve(wide, slim), convolve(2 * wide, slim, bias=0.0)])
        self.scores = nn.ModuleList(nn.Conv2d(slim, tasks, 1) for _ in self.sides)
        self.fuses = nn.ModuleList(nn.Conv2d(len(self.scores), 1, 1) for _ in range(tasks))
        for score in self.scores:
            nn.init.xavier_uniform_(score.weight)  # type: ignore[arg-type]
        for fuse in self.fuses:
            nn.init.constant_(fuse.weight, 0.1)  # type: ignore[arg-type]
        for module in (*self.scores, *self.fuses):
            nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        return self.forward_all(x)[0]

    def forward_all(self, x: Tensor) -> tuple[Tensor, ...]:
        """The weighted sum, then both side outputs, (N, tasks, H, W) each."""
        fine = self.fine(x)
        maps = [side(each) for side, each in zip(self.sides, (fine, self.coarse(fine)), strict=True)]
        first, second = (score(each) for score, each in zip(self.scores, maps, strict=True))
        sides = [_enlarge(F.relu(first), 2, x), _enlarge(second, 4, x)]
        pairs = torch.stack(sides, 2)
        fused = torch.cat([fuse(pairs[:, task]) for task, fuse in enumerate(self.fuses)], 1)
        return (fused, *sides)


def _enlarge(score: Tensor, factor: int, image: Tensor) -> Tensor:
    return crop_to(F.interpolate(score, scale_factor=float(factor), mode="bilinear"), image)
