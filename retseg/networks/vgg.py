"""The convolutions of VGG16, and the common part of Red-Seg and HED: scores of its stages, upsampled and fused."""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.blocks import PoolHalf, crop_to
from retseg.networks.network import Network
from retseg.networks.weights import copy_weights

WIDTHS = (64, 128, 256, 512, 512)
CONVOLUTIONS = (2, 2, 3, 3, 3)


class VGG16(nn.Module):
    """Thirteen 3x3 convolutions in five stages, without batch norm: 14,714,688 parameters (Simonyan, Zisserman 2015).

    Pooling rounds up, as in Caffe: a side of 712 is 356, 178, 89 and 45 pixels long.

    Args:
        in_channels: channels of the input.
        widths: channels of the five stages.
    """

    def __init__(self, in_channels: int, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        if len(widths) != len(CONVOLUTIONS):
            raise NetworkError(f"VGG16 has {len(CONVOLUTIONS)} stages, found {len(widths)} widths")
        inner, stages = in_channels, []
        for width, convolutions in zip(widths, CONVOLUTIONS, strict=True):
            stage = nn.Sequential()
            for _ in range(convolutions):
                stage.extend([nn.Conv2d(inner, width, 3, padding=1), nn.ReLU(inplace=True)])
                inner = width
            stages.append(stage)
        self.stages = nn.ModuleList(stages)
        self.pool = PoolHalf()
        for convolution in self._list_convolutions():
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]

    def _list_convolutions(self) -> list[nn.Conv2d]:
        return [module for module in self.modules() if isinstance(module, nn.Conv2d)]

    def forward(self, x: Tensor) -> list[Tensor]:
        """The last map of each stage, at 1, 1/2, 1/4, 1/8 and 1/16 of the size, rounded up."""
        maps = []
        for i, stage in enumerate(self.stages):
            x = stage(self.pool(x) if i else x)
            maps.append(x)
        return maps

    def load(self, weights: Mapping[str, Tensor]) -> None:
        """Take the weights of the convolutions from torchvision's VGG16 (`features.0.weight` and so on).

        Raises:
            NetworkError: a weight is missing or of another shape.
        """
        theirs = sorted({int(key.split(".")[1]) for key in weights if key.startswith("features.")})
        named = nn.ModuleDict(dict(zip(map(str, theirs), self._list_convolutions(), strict=False)))
        if len(named) != sum(CONVOLUTIONS):
            raise NetworkError(
                f"wanted the 13 convolutions of VGG16 as 'features.0.weight' and so on, found {len(theirs)}"
            )
        copy_weights(nn.ModuleDict({"features": named}), weights)


class SideScores(Network):
    """VGG16 with a branch for each task: 1x1 scores of some stages, upsampled to the image, and a fusion of them.

    `forward` gives the fused logits, `forward_all` these and then the upsampled scores, stage by stage from the finest.
    If one task has more stages than another, the last outputs have that task alone, see `output_tasks`.
    Scores start at zero, the fusion as their mean, as in the published solvers.

    Args:
        in_channels: channels of the input.
        stages: for each task, the stages (1 to 5) that are scored.
        widths: channels of VGG16's five stages.
    """

    task_modules = ("scores", "fuses")

    def __init__(self, in_channels: int, stages: Sequence[Sequence[int]], widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        if not all(branch and all(1 <= stage <= 5 for stage in branch) for branch in stages):
            raise NetworkError(f"wanted stages between 1 and 5 for each task, found {list(stages)}")
        self.encoder = VGG16(in_channels, widths)
        self.stages = tuple(tuple(branch) for branch in stages)
        self.output_tasks = tuple(
            tuple(task for task, branch in enumerate(self.stages) if side < len(branch))
            for side in (0, *range(max(map(len, self.stages))))
        )
        self.scores = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(widths[stage - 1], 1, 1) for stage in branch) for branch in self.stages
        )
        self.fuses = nn.ModuleList(nn.Conv2d(len(branch), 1, 1) for branch in self.stages)
        for parameter in self.scores.parameters():
            nn.init.zeros_(parameter)
        for fuse, branch in zip(self.fuses, self.stages, strict=True):
            nn.init.constant_(fuse.weight, 1 / len(branch))  # type: ignore[arg-type]
            nn.init.zeros_(fuse.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """Fused logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        return self.forward_all(x)[0]

    def forward_all(self, x: Tensor) -> tuple[Tensor, ...]:
        """Fused logits, then the scores of each stage: (N, T, H, W) with the tasks of `output_tasks`."""
        maps = self.encoder(x)
        branches = [
            torch.cat([_upsample(scores[i](maps[stage - 1]), stage, x) for i, stage in enumerate(branch)], 1)
            for scores, branch in zip(cast(Sequence[nn.ModuleList], self.scores), self.stages, strict=True)
        ]
        fused = torch.cat([fuse(sides) for fuse, sides in zip(self.fuses, branches, strict=True)], 1)
        sides = [
            torch.stack([branches[task][:, i] for task in tasks], 1) for i, tasks in enumerate(self.output_tasks[1:])
        ]
        return (fused, *sides)

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        """Copy weights of a VGG16 with the names of torchvision into the encoder."""
        self.encoder.load(weights)


def _upsample(score: Tensor, stage: int, image: Tensor) -> Tensor:
    if stage == 1:
        return score
    return crop_to(F.interpolate(score, scale_factor=2.0 ** (stage - 1), mode="bilinear"), image)
