"""A U-Net whose channels are weighted by squeeze and excitation."""

from collections.abc import Sequence
from typing import Literal

from torch import nn

from retseg.networks import NetworkError
from retseg.networks.blocks import Activation, ChannelGate, ConvNormAct, UpDouble
from retseg.networks.ushape import Parts, UShape
from retseg.toml_schema import nearest

Place = Literal["all", "encoder", "bottleneck", "skips", "none"]
_PLACES = ("all", "encoder", "bottleneck", "skips", "none")


class SENetUNet(UShape):
    """U-Net with squeeze and excitation (Hu et al., CVPR 2018) after the last activation of a stage, or in the skips.

    At widths 64 to 1024: 31,043,521 parameters without, 31,264,761 with it everywhere.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage.
        activation: "relu", "leaky_relu" or "silu".
        place: "all" stages, "encoder" with the bottleneck, "bottleneck" alone, "skips" alone, or "none".
        reduction: channels for each hidden unit.
        bias: whether the gates' linear layers have one.
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        activation: Activation = "silu",
        place: Place = "all",
        reduction: int = 16,
        bias: bool = True,
    ) -> None:
        if place not in _PLACES:
            raise NetworkError(f"unknown place '{place}'{nearest(place, _PLACES)}")

        def gate(channels: int) -> nn.Module:
            return ChannelGate(channels, reduction, bias=bias)

        def plain(inner: int, outer: int) -> nn.Sequential:
            return nn.Sequential(ConvNormAct(inner, outer, activation), ConvNormAct(outer, outer, activation))

        def gated(inner: int, outer: int) -> nn.Module:
            return plain(inner, outer).append(gate(outer))

        parts = Parts(
            encoder=gated if place in ("all", "encoder") else plain,
            bottleneck=gated if place in ("all", "encoder", "bottleneck") else plain,
            decoder=gated if place == "all" else plain,
            up=UpDouble,
            skip=gate if place == "skips" else lambda _: nn.Identity(),
        )
        super().__init__(in_channels, tasks, widths, parts)
