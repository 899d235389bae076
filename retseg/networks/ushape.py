"""The shape of a U-Net: encoder, bottleneck, decoder and skip connections, whose blocks are given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from retseg.networks import NetworkError
from retseg.networks.blocks import PoolHalf, UpDouble, crop_to
from retseg.networks.network import Network

Block = Callable[[int, int], nn.Module]


@dataclass(frozen=True)
class Parts:
    """The blocks of a U-Net. Each field is a function from (channels in, channels out) to a module.

    Attributes:
        encoder: a stage of the encoder.
        bottleneck: the deepest stage.
        up: upsamples the map of the stage below to twice its size.
        skip: a module in the skip connection; it gets the number of channels alone.
        decoder: a stage of the decoder; its input is the skip and the upsampled map, concatenated in this order.
    """

    encoder: Block
    bottleneck: Block
    decoder: Block
    up: Callable[[int, int], UpDouble]
    skip: Callable[[int], nn.Module] = lambda _: nn.Identity()


class UShape(Network):
    """A U-Net with one stage for each width; the last width is the bottleneck's.

    H and W are free. Pooling rounds up, and the upsampled maps are cropped at the bottom and at the right.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage, from the finest on; at least one.
        parts: the blocks of its stages.
        head: "sigmoid", one logit per task; "softmax", two class scores per task, whose difference is the logit.
    """

    def __init__(
        self, in_channels: int, tasks: int, widths: Sequence[int], parts: Parts, head: str = "sigmoid"
    ) -> None:
        super().__init__()
        if not widths or head not in ("sigmoid", "softmax"):
            raise NetworkError(
                f"a U-Net needs at least one width and a 'sigmoid' or 'softmax' head, not {widths}, '{head}'"
            )
        channels = [in_channels, *widths]
        depth = len(widths) - 1
        self.encoder = nn.ModuleList(parts.encoder(channels[i], channels[i + 1]) for i in range(depth))
        self.pool = PoolHalf()
        self.bottleneck = parts.bottleneck(channels[depth], channels[depth + 1])
        self.skips = nn.ModuleList(parts.skip(widths[i]) for i in range(depth))
        ups = [parts.up(widths[i + 1], widths[i]) for i in range(depth)]
        self.ups = nn.ModuleList(ups)
        self.decoder = nn.ModuleList(parts.decoder(widths[i] + ups[i].out_channels, widths[i]) for i in range(depth))
        self.tasks, self.classes = tasks, 2 if head == "softmax" else 1
        self.head = nn.Conv2d(widths[0], tasks * self.classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        return self.score(self.decode(x)[-1])

    def decode(self, x: Tensor) -> list[Tensor]:
        """The maps of the bottleneck and of every decoder stage, from the coarsest to the finest."""
        skips = []
        for stage, skip in zip(self.encoder, self.skips, strict=True):
            x = stage(x)
            skips.append(skip(x))
            x = self.pool(x)
        maps = [self.bottleneck(x)]
        for i in reversed(range(len(self.decoder))):
            below = crop_to(self.ups[i](maps[-1]), skips[i])
            maps.append(self.decoder[i](torch.cat([skips[i], below], 1)))
        return maps

    def score(self, features: Tensor) -> Tensor:
        """The logits of the finest map. With two classes the logit is the difference of their scores."""
        scores: Tensor = self.head(features)
        return scores[:, 1::2] - scores[:, ::2] if self.classes == 2 else scores
