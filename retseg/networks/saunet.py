"""SA-UNet: a small U-Net with DropBlock and a spatial attention between the convolutions of its bottleneck."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.blocks import SpatialGate, UpDouble
from retseg.networks.ushape import Parts, UShape


class DropBlock(nn.Module):
    """In training, squares of a map are set to 0 and the rest is scaled to keep the mean; no change in evaluation.

    Source: Ghiasi et al., NeurIPS 2018.

    Args:
        keep: share of the pixels that is kept, in expectation.
        block: side of the squares in pixels; on a smaller map, its smaller side.
    """

    def __init__(self, keep: float, block: int = 7) -> None:
        super().__init__()
        if not 0 < keep <= 1 or block < 1:
            raise NetworkError(f"wanted keep in (0, 1] and a block of at least 1, found {keep} and {block}")
        self.keep, self.block = keep, block

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), dropped."""
        if not self.training or self.keep == 1:
            return x
        height, width = x.shape[-2:]
        side = min(self.block, height, width)
        inside = (height - side + 1) * (width - side + 1)
        rate = (1 - self.keep) / side**2 * height * width / inside
        corners = torch.rand(*x.shape[:2], height - side + 1, width - side + 1, device=x.device) < rate
        kept = 1 - F.max_pool2d(F.pad(corners.to(x.dtype), [side - 1] * 4), side, 1)
        return x * kept * (kept.numel() / kept.sum().clamp_min(1))


class SAUNet(UShape):
    """SA-UNet (Guo et al., ICPR 2020); 537,299 parameters.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage.
        keep: of DropBlock; 0.82 for DRIVE, 0.87 for CHASE_DB1.
        block: of DropBlock.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        widths: Sequence[int] = (16, 32, 64, 128),
        keep: float = 0.82,
        block: int = 7,
    ) -> None:
        def convolve(inner: int, outer: int) -> list[nn.Module]:
            convolution = nn.Conv2d(inner, outer, 3, padding=1)
            return [convolution, DropBlock(keep, block), nn.BatchNorm2d(outer), nn.ReLU(inplace=True)]

        def stage(inner: int, outer: int) -> nn.Module:
            return nn.Sequential(*convolve(inner, outer), *convolve(outer, outer))

        def bottleneck(inner: int, outer: int) -> nn.Module:
            return nn.Sequential(*convolve(inner, outer), _Gated(), *convolve(outer, outer))

        def up(inner: int, outer: int) -> UpDouble:
            return UpDouble(inner, outer, "transpose3")

        super().__init__(in_channels, tasks, widths, Parts(stage, bottleneck, stage, up))


class _Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate = SpatialGate()

    def forward(self, x: Tensor) -> Tensor:
        gated: Tensor = x * self.gate(x)
        return gated
