"""A bottleneck ResNet as an encoder; its weights have the names of torchvision."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F


class Bottleneck(nn.Module):
    """1x1, 3x3 (with stride and dilation) and 1x1 convolutions beside a shortcut (He et al., CVPR 2016)."""

    def __init__(self, inner: int, width: int, stride: int, dilation: int = 1) -> None:
        super().__init__()
        outer = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(inner, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, outer, 1, bias=False), nn.BatchNorm2d(outer)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inner != outer:
            shortcut = nn.Conv2d(inner, outer, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outer))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) -> (N, 4 width, H / stride, W / stride), rounded up."""
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.downsample(x))


class ResNet(nn.Module):
    """ResNet-50 without its classifier, with the default arguments: 23,508,032 parameters.

    Args:
        in_channels: channels of the input.
        width: channels of the stem; the stages have 4, 8, 16 and 32 times as many.
        blocks: bottlenecks in each of the four stages.
        dilated: the last two stages keep the size of the second, with dilations of 2 and 4 instead of strides.
    """

    def __init__(
        self, in_channels: int = 3, width: int = 64, blocks: Sequence[int] = (3, 4, 6, 3), *, dilated: bool = False
    ) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(in_channels, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        inner = width
        for i, count in enumerate(blocks):
            stage = nn.Sequential()
            dilation = 2 ** (i - 1) if dilated and i > 1 else 1
            for block in range(count):
                stride = 2 if i and block == 0 and dilation == 1 else 1
                stage.append(Bottleneck(inner, width * 2**i, stride, dilation))
                inner = 4 * width * 2**i
            self.add_module(f"layer{i + 1}", stage)
        self.layers = len(blocks)
        self.widths = tuple(4 * width * 2**i for i in range(len(blocks)))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The last map of each stage, at 1/4, 1/8, 1/16 and 1/32 of the size, rounded up; dilated ones stay at 1/8."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        maps = []
        for i in range(self.layers):
            x = self.get_submodule(f"layer{i + 1}")(x)
            maps.append(x)
        return maps
