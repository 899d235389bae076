"""The networks of AMDYES (DRAC 2022): UNet++, and U-Net with channel attention in every block."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from retseg.networks import NetworkError
from retseg.networks.blocks import ChannelGate, PoolHalf, UpDouble, crop_to
from retseg.networks.network import Network
from retseg.networks.ushape import Parts, UShape


class AttentionBlock(nn.Sequential):
    """Two 3x3 convolutions, each normalised; channel attention comes between the last normalisation and ReLU.

    Args:
        inner: channels in.
        outer: channels out.
        attention: with squeeze and excitation, without bias and with outer / 16 hidden units.
    """

    def __init__(self, inner: int, outer: int, attention: bool) -> None:
        gate = [ChannelGate(outer, 16, bias=False)] if attention else []
        super().__init__(
            nn.Conv2d(inner, outer, 3, padding=1),
            nn.BatchNorm2d(outer),
            nn.ReLU(inplace=True),
            nn.Conv2d(outer, outer, 3, padding=1),
            nn.BatchNorm2d(outer),
            *gate,
            nn.ReLU(inplace=True),
        )


class AttentionUNet(UShape):
    """U-Net of AMDYES (DRAC 2022); 7,907,073 parameters, 7,852,545 without its attention.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage.
        attention: the channel attention, in every block.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        attention: bool = True,
    ) -> None:
        def stage(inner: int, outer: int) -> nn.Module:
            return AttentionBlock(inner, outer, attention)

        def up(inner: int, outer: int) -> UpDouble:
            return UpDouble(inner, outer, "bilinear")

        super().__init__(in_channels, tasks, widths, Parts(stage, stage, stage, up))


class UNetPlusPlus(Network):
    """UNet++ (Zhou et al., 2018) as in AMDYES: bilinear upsampling with aligned corners, and optional attention.

    Node (i, j) is a block of all nodes (i, 0 .. j-1) and of the upsampled node (i+1, j-1). 9,163,329 parameters,
    9,221,313 with attention; deep supervision adds 99.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each level, two at least.
        attention: the channel attention, in every block.
        deep_supervision: `forward_all` scores (0, 1) .. (0, n) with a head each; `forward` gives the last of them.
    """

    task_modules = ("heads",)

    def __init__(
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        attention: bool = False,
        deep_supervision: bool = False,
    ) -> None:
        super().__init__()
        if len(widths) < 2:
            raise NetworkError(f"UNet++ needs two widths or more, found {len(widths)}")
        self.levels = len(widths)
        self.pool = PoolHalf()
        self.upsample = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        below = [in_channels, *widths]
        self.nodes = nn.ModuleDict(
            {
                f"{i}_{j}": AttentionBlock(j * widths[i] + widths[i + 1] if j else below[i], widths[i], attention)
                for j in range(self.levels)
                for i in range(self.levels - j)
            }
        )
        heads = self.levels - 1 if deep_supervision else 1
        self.heads = nn.ModuleList(nn.Conv2d(widths[0], tasks, 1) for _ in range(heads))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        return self.forward_all(x)[0]

    def forward_all(self, x: Tensor) -> tuple[Tensor, ...]:
        """Logits of the deepest node of the finest level, then of the shallower ones where they have heads."""
        rows: list[list[Tensor]] = []
        for i in range(self.levels):
            rows.append([self.nodes[f"{i}_0"](self.pool(rows[-1][0]) if i else x)])
            for j in range(1, i + 1):
                level = i - j
                upsampled = crop_to(self.upsample(rows[level + 1][j - 1]), rows[level][0])
                rows[level].append(self.nodes[f"{level}_{j}"](torch.cat([*rows[level], upsampled], 1)))
        finest = reversed(rows[0])
        return tuple(head(features) for head, features in zip(reversed(self.heads), finest, strict=False))
