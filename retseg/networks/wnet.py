"""W-Net (Galdran et al., Scientific Reports 2022, "State-of-the-art retinal vessel segmentation with minimalistic
models"): two small U-Nets in a row, of which the second sees the image and the scores of the first."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.network import Network


class WNet(Network):
    """Little W-Net; with `widths=(8, 16, 32)` and one task it has 68,482 weights, as published.

    The names of the weights are those of the authors' checkpoints. H and W are free: the image is padded at the bottom
    and at the right to a multiple of what the pooling divides by, and the logits are cropped.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage, from the finest on.
    """

    task_modules = ("unet1.final", "unet2")

    def __init__(self, *, in_channels: int = 3, tasks: int = 1, widths: Sequence[int] = (8, 16, 32)) -> None:
        super().__init__()
        if len(widths) < 2:
            raise NetworkError(f"a W-Net needs at least two widths, not {list(widths)}")
        self.unet1 = _SmallUNet(in_channels, tasks, widths)
        self.unet2 = _SmallUNet(in_channels + tasks, tasks, widths)
        self._stride = 2 ** (len(widths) - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        return self.forward_all(x)[0]

    def forward_all(self, x: Tensor) -> tuple[Tensor, ...]:
        """The logits of the second U-Net, then those of the first."""
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % self._stride, 0, -height % self._stride))
        first = self.unet1(padded)
        second = self.unet2(torch.cat([padded, first], 1))
        return second[..., :height, :width], first[..., :height, :width]


class _SmallUNet(nn.Module):
    def __init__(self, in_channels: int, classes: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.first = _Residual(in_channels, widths[0])
        self.down_path = nn.ModuleList(_Residual(a, b) for a, b in pairwise(widths))
        self.up_path = nn.ModuleList(_UpStage(b, a) for a, b in reversed(list(pairwise(widths))))
        self.final = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.first(x)]
        for stage in self.down_path:
            maps.append(stage(F.max_pool2d(maps[-1], 2)))
        x = maps.pop()
        for stage in self.up_path:
            x = stage(x, maps.pop())
        scores: Tensor = self.final(x)
        return scores


class _Residual(nn.Module):
    """Two convolutions, each with ReLU before its batch normalisation, and a 1x1 convolution beside them."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.block = nn.Sequential(*_convolve(inner, outer), *_convolve(outer, outer))
        self.shortcut = nn.Sequential(nn.Conv2d(inner, outer, 1, bias=False), nn.BatchNorm2d(outer))

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = self.block(x) + self.shortcut(x)
        return total


class _UpStage(nn.Module):
    """A transposed convolution of the deeper map beside one convolution of the skip connection."""

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__()
        self.up_layer = _Block(nn.ConvTranspose2d(inner, outer, 2, stride=2))
        self.conv_layer = _Residual(2 * outer, outer)
        self.conv_bridge_layer = _Block(*_convolve(outer, outer))

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        joined: Tensor = self.conv_layer(torch.cat([self.up_layer(x), self.conv_bridge_layer(skip)], 1))
        return joined


class _Block(nn.Module):
    def __init__(self, *modules: nn.Module) -> None:
        super().__init__()
        self.block = nn.Sequential(*modules)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.block(x)
        return result


def _convolve(inner: int, outer: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inner, outer, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(outer)
