"""SCCU-Net: a U-Net of self-calibrated convolutions with a spatial attention at its bottleneck."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.blocks import ConvNormAct, SpatialGate, UpDouble
from retseg.networks.ushape import Parts, UShape
from retseg.toml_schema import nearest

Convolution = Literal["plain", "scc", "scc_all"]
Gate = Literal["none", "sam", "isam", "before"]
Interpolation = Literal["bilinear", "nearest"]


class SelfCalibratedConvolution(nn.Module):
    """One half of the channels is convolved. The other half is convolved and scaled by a map of its surroundings.

    (N, C, H, W) -> (N, C, H, W) with the weights of one 3x3 convolution from C to C. The map is a mean over r x r
    pixels, convolved and upsampled again. On a map smaller than r, r is its smaller side.

    Source: Liu et al., CVPR 2020, equations 1 to 4; no bias, ReLU after the last convolution of either half only, as in
    the published code. The paper upsamples bilinearly, the code by the nearest pixel.

    Args:
        inner: channels in; must be `outer` unless `projected`.
        outer: channels out, even.
        r: width of the mean.
        upsample: "bilinear" or "nearest".
        projected: each half is made from all channels by a 1x1 convolution, instead of being a slice of them.
    """

    def __init__(
        self,
        inner: int,
        outer: int,
        r: int = 4,
        upsample: Interpolation = "bilinear",
        *,
        projected: bool = False,
    ) -> None:
        super().__init__()
        if outer % 2 or (inner != outer and not projected):
            raise NetworkError(f"a self-calibrated convolution needs equal, even channels, found {inner} and {outer}")
        if upsample not in ("bilinear", "nearest") or r < 1:
            raise NetworkError(f"upsample is 'bilinear' or 'nearest', and r at least 1, found '{upsample}' and {r}")
        half = outer // 2
        self.r, self.upsample, self.width = r, upsample, half
        self.split_gated = _project(inner, half) if projected else None
        self.split_plain = _project(inner, half) if projected else None
        self.k1, self.k2, self.k3, self.k4 = (_convolve(half) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) -> (N, outer, H, W)."""
        gated = self.split_gated(x) if self.split_gated is not None else x[:, : self.width]
        plain = self.split_plain(x) if self.split_plain is not None else x[:, self.width :]
        surroundings = self.k2(F.avg_pool2d(gated, min(self.r, gated.shape[-2], gated.shape[-1])))
        corners = False if self.upsample == "bilinear" else None
        surroundings = F.interpolate(surroundings, size=gated.shape[-2:], mode=self.upsample, align_corners=corners)
        calibrated = self.k4(self.k3(gated) * torch.sigmoid(gated + surroundings))
        return torch.cat([F.relu(calibrated), F.relu(self.k1(plain))], 1)


def _convolve(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels))


def _project(inner: int, outer: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inner, outer, 1, bias=False), nn.BatchNorm2d(outer), nn.ReLU(inplace=True))


class GatedBottleneck(nn.Module):
    """First convolution, gate, second convolution. The gate is computed from one map and scales a map.

    Args:
        first: the convolution that the gate belongs to.
        second: the second convolution, or an identity.
        gate: "sam" is computed from the output of the first convolution and scales it (CBAM); "isam" is computed from
            the input of the first convolution and scales its output; "before" is computed from the input and scales the
            input.
    """

    def __init__(self, first: nn.Module, second: nn.Module, gate: Gate) -> None:
        super().__init__()
        self.first, self.second, self.kind = first, second, gate
        self.gate = SpatialGate()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) -> (N, outer, H, W)."""
        if self.kind == "before":
            gated = self.first(x * self.gate(x))
        else:
            features = self.first(x)
            gated = features * self.gate(features if self.kind == "sam" else x)
        result: Tensor = self.second(gated)
        return result


class SCCUNet(UShape):
    """SCCU-Net (Rong, Xiong et al., Med Biol Eng Comput 61, 2023) and the steps of its ablation.

    The five experiments, in order: `convolution="plain", gate="none"` (U-Net); `"scc", "none"`; `"plain", "sam"`;
    `"plain", "isam"`; `"scc", "isam"` (SCCU-Net, the default). Widths, depth and the position of the convolutions are
    not published. A stage here is a 3x3 convolution and a self-calibrated one, so the number of parameters does not
    change: 31,046,563 at widths 64 to 1024.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage, even.
        convolution: "plain"; "scc", the second of each stage is self-calibrated; "scc_all", both are, the first
            with 1x1 projections.
        gate: "none", "sam", "isam" or "before", see `GatedBottleneck`.
        bottleneck_convolutions: 2, or 1: the gated convolution replaces both.
        r: width of the mean in a self-calibrated convolution. It is fixed in an exported graph, so its images need at
            least r pixels a side at the bottleneck.
        upsample: "bilinear" (paper) or "nearest" (published code), in the self-calibrated convolution.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        widths: Sequence[int] = (16, 32, 64, 128, 256),
        convolution: Convolution = "scc",
        gate: Gate = "isam",
        bottleneck_convolutions: int = 2,
        r: int = 4,
        upsample: Interpolation = "bilinear",
    ) -> None:
        for word, known in ((convolution, ("plain", "scc", "scc_all")), (gate, ("none", "sam", "isam", "before"))):
            if word not in known:
                raise NetworkError(f"unknown value '{word}'{nearest(word, known)}")
        if bottleneck_convolutions not in (1, 2):
            raise NetworkError(f"bottleneck_convolutions is 1 or 2, not {bottleneck_convolutions}")

        def first(inner: int, outer: int) -> nn.Module:
            if convolution == "scc_all":
                return SelfCalibratedConvolution(inner, outer, r, upsample, projected=True)
            return ConvNormAct(inner, outer)

        def second(channels: int) -> nn.Module:
            if convolution == "plain":
                return ConvNormAct(channels, channels)
            return SelfCalibratedConvolution(channels, channels, r, upsample)

        def stage(inner: int, outer: int) -> nn.Module:
            return nn.Sequential(first(inner, outer), second(outer))

        def bottleneck(inner: int, outer: int) -> nn.Module:
            last = second(outer) if bottleneck_convolutions == 2 else nn.Identity()
            if gate == "none":
                return nn.Sequential(first(inner, outer), last)
            return GatedBottleneck(first(inner, outer), last, gate)

        parts = Parts(encoder=stage, bottleneck=bottleneck, decoder=stage, up=UpDouble)
        super().__init__(in_channels, tasks, widths, parts)
