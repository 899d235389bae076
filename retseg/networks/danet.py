"""DANet: a dilated ResNet whose last map attends to all of its positions and to all of its channels."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks.network import Network
from retseg.networks.resnet import ResNet
from retseg.networks.weights import copy_weights


class PositionAttention(nn.Module):
    """Each position gets a weighted mean of all positions; (N, C, H, W) -> the same shape.

    Queries and keys have C / 8 channels. The mean is scaled by a learnt number, 0 at first, and added to the input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query, self.key = (nn.Conv2d(channels, max(1, channels // 8), 1) for _ in range(2))
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), attended."""
        query, key, value = (each(x).flatten(2).transpose(1, 2) for each in (self.query, self.key, self.value))
        mean = F.scaled_dot_product_attention(query, key, value, scale=1.0)
        return self.gamma * mean.transpose(1, 2).reshape(x.shape) + x


class ChannelAttention(nn.Module):
    """Each channel gets a weighted mean of all channels, those that are unlike it first; one weight, 0 at first."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W), attended."""
        flat = x.flatten(2)
        likeness = flat @ flat.transpose(1, 2)
        weights = torch.softmax(likeness.amax(2, keepdim=True) - likeness, 2)
        return self.gamma * (weights @ flat).reshape(x.shape) + x


class DANet(Network):
    """DANet (Fu et al., CVPR 2019) on a ResNet-50 whose last two stages are dilated instead of strided.

    Both attentions stand between 3x3 convolutions to a quarter of the channels; the scores of their sum, and of each of
    them, are upsampled eight times. `forward` gives the first, `forward_all` all three.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        width: channels of the ResNet's stem; its last map has 32 times as many.
        blocks: bottlenecks in each of the four stages.
    """

    task_modules = ("scores",)

    def __init__(
        self, *, in_channels: int = 3, tasks: int = 1, width: int = 64, blocks: Sequence[int] = (3, 4, 6, 3)
    ) -> None:
        super().__init__()
        self.encoder = ResNet(in_channels, width, blocks, dilated=True)
        inner = self.encoder.widths[-1]
        outer = inner // 4
        self.enter_position, self.enter_channel = _convolve(inner, outer), _convolve(inner, outer)
        self.position, self.channel = PositionAttention(outer), ChannelAttention()
        self.leave_position, self.leave_channel = _convolve(outer, outer), _convolve(outer, outer)
        self.dropout = nn.Dropout2d(0.1)
        self.scores = nn.ModuleList(nn.Conv2d(outer, tasks, 1) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        return self.forward_all(x)[0]

    def forward_all(self, x: Tensor) -> tuple[Tensor, ...]:
        """The logits of both attentions together, of positions, and of channels."""
        features = self.encoder(x)[-1]
        position = self.leave_position(self.position(self.enter_position(features)))
        channel = self.leave_channel(self.channel(self.enter_channel(features)))
        maps = (position + channel, position, channel)
        return tuple(
            F.interpolate(score(self.dropout(each)), size=x.shape[-2:], mode="bilinear", align_corners=True)
            for score, each in zip(self.scores, maps, strict=True)
        )

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        """Copy weights of a ResNet with the names of torchvision into the encoder."""
        copy_weights(self.encoder, weights)


def _convolve(inner: int, outer: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, padding=1, bias=False), nn.BatchNorm2d(outer), nn.ReLU(inplace=True)
    )
