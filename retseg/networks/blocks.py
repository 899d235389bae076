"""Small modules that several architectures share."""

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.toml_schema import nearest

Activation = Literal["relu", "leaky_relu", "silu"]
Normalisation = Literal["batch", "instance", "none"]
Up = Literal["transpose", "transpose3", "bilinear", "upsample_conv"]

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "leaky_relu": lambda: nn.LeakyReLU(0.01, inplace=True),
    "silu": lambda: nn.SiLU(inplace=True),
}
_NORMALISATIONS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": lambda channels: nn.InstanceNorm2d(channels, affine=True),
    "none": lambda _: nn.Identity(),
}


def choose_activation(name: str) -> nn.Module:
    """The activation of that name; LeakyReLU has slope 0.01."""
    if name not in _ACTIVATIONS:
        raise NetworkError(f"unknown activation '{name}'{nearest(name, _ACTIVATIONS)}")
    return _ACTIVATIONS[name]()


def choose_normalisation(name: str, channels: int) -> nn.Module:
    """The normalisation of that name for (N, channels, H, W)."""
    if name not in _NORMALISATIONS:
        raise NetworkError(f"unknown normalisation '{name}'{nearest(name, _NORMALISATIONS)}")
    return _NORMALISATIONS[name](channels)


class ConvNormAct(nn.Sequential):
    """3x3 convolution with bias, normalisation, activation: (N, inner, H, W) -> (N, outer, H, W)."""

    def __init__(self, inner: int, outer: int, activation: str = "relu", normalisation: str = "batch") -> None:
        super().__init__(
            nn.Conv2d(inner, outer, 3, padding=1),
            choose_normalisation(normalisation, outer),
            choose_activation(activation),
        )


class PoolHalf(nn.MaxPool2d):
    """2x2 maximum; an odd last row or column is pooled alone, so that a result of twice the size covers the input."""

    def __init__(self) -> None:
        super().__init__(2, 2, ceil_mode=True)


class TransposedDouble(nn.ConvTranspose2d):
    """2x2 transposed convolution of stride 2 with bias: (N, inner, H, W) -> (N, outer, 2H, 2W).

    Its four taps do not overlap, so it is a linear map of each pixel to four pixels. Channels-last maps, as in
    training, are computed by this linear map: the values are the same, and on a CPU in bfloat16 it takes half the time.
    """

    bias: nn.Parameter

    def __init__(self, inner: int, outer: int) -> None:
        super().__init__(inner, outer, 2, stride=2)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(N, inner, H, W) -> (N, outer, 2H, 2W)."""
        if output_size or not x.is_contiguous(memory_format=torch.channels_last):
            return super().forward(x, output_size)
        number, inner, height, width = x.shape
        taps = self.weight.permute(2, 3, 1, 0).reshape(-1, inner)
        pixels = F.linear(x.permute(0, 2, 3, 1).reshape(-1, inner), taps, self.bias.repeat(4))
        squares = pixels.reshape(number, height, width, 2, 2, self.out_channels).transpose(2, 3)
        return squares.reshape(number, 2 * height, 2 * width, self.out_channels).permute(0, 3, 1, 2)


class UpDouble(nn.Module):
    """(N, inner, H, W) -> (N, out_channels, 2H, 2W).

    Args:
        inner: channels of the deeper map.
        outer: channels of the skip connection at the same scale.
        kind: "transpose" a 2x2 transposed convolution to `outer` channels, "transpose3" a 3x3 one; "upsample_conv"
            bilinear x2, then a 3x3 convolution to `outer`, normalised and activated; "bilinear" the same x2 alone, with
            aligned corners, `inner` channels kept.
    """

    def __init__(
        self, inner: int, outer: int, kind: str = "transpose", activation: str = "relu", normalisation: str = "batch"
    ) -> None:
        super().__init__()
        self.out_channels = inner if kind == "bilinear" else outer
        self.enlarge: nn.Module  # the name is that of stored weights
        if kind == "transpose":
            self.enlarge = TransposedDouble(inner, outer)
        elif kind == "transpose3":
            self.enlarge = nn.ConvTranspose2d(inner, outer, 3, stride=2, padding=1, output_padding=1)
        elif kind == "upsample_conv":
            upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
            self.enlarge = nn.Sequential(upsample, ConvNormAct(inner, outer, activation, normalisation))
        elif kind == "bilinear":
            self.enlarge = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        else:
            raise NetworkError(f"unknown up '{kind}'{nearest(kind, get_args(Up))}")

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) -> (N, out_channels, 2H, 2W)."""
        upsampled: Tensor = self.enlarge(x)
        return upsampled


class SpatialGate(nn.Module):
    """The map sigmoid(conv7x7([max over channels; mean over channels])), (N, C, H, W) -> (N, 1, H, W); 98 weights.

    Source: CBAM's spatial attention without its batch norm, as in SA-UNet.
    """

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The gate (N, 1, H, W) in (0, 1)."""
        gate: Tensor = torch.sigmoid(self.convolution(torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)))
        return gate


class ChannelGate(nn.Module):
    """Squeeze and excitation: each channel is scaled by a number in (0, 1), computed from the means of all channels.

    Args:
        channels: C of (N, C, H, W).
        reduction: C / reduction hidden units, at least 1.
        bias: whether the two linear layers have one.
    """

    def __init__(self, channels: int, reduction: int = 16, *, bias: bool = True) -> None:
        super().__init__()
        hidden = max(1, channels // reduction)
        self.squeeze = nn.Conv2d(channels, hidden, 1, bias=bias)
        self.excite = nn.Conv2d(hidden, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """`x` with its channels scaled."""
        means = F.adaptive_avg_pool2d(x, 1)
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(means))))


def crop_to(x: Tensor, size_of: Tensor) -> Tensor:
    """The top left part of `x` that is as high and wide as `size_of`."""
    return x[..., : size_of.shape[-2], : size_of.shape[-1]]
