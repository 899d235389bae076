"""FCN-8s (Long, Shelhamer and Darrell, CVPR 2015) with a batch-normalised encoder: a baseline without a decoder."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.blocks import Activation, ConvNormAct, PoolHalf
from retseg.networks.network import Network


class FCN(Network):
    """The scores of the three coarsest stages are added, from the coarsest on, each upsampled bilinearly to the next.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage, three at least; each but the first works at half the size of the one before.
        activation: "relu", "leaky_relu" or "silu".
    """

    task_modules = ("scores",)

    def __init__(
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        if len(widths) < 3:
            raise NetworkError(f"an FCN adds the scores of three stages, so it needs three widths, not {len(widths)}")
        channels = [in_channels, *widths]
        self.stages = nn.ModuleList(
            nn.Sequential(ConvNormAct(inner, outer, activation), ConvNormAct(outer, outer, activation))
            for inner, outer in zip(channels, widths, strict=False)
        )
        self.pool = PoolHalf()
        self.scores = nn.ModuleList(nn.Conv2d(width, tasks, 1) for width in widths[-3:])

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        maps, image = [], x
        for i, stage in enumerate(self.stages):
            x = stage(self.pool(x) if i else x)
            maps.append(x)
        fine, middle, coarse = (score(features) for score, features in zip(self.scores, maps[-3:], strict=True))
        for finer in (middle, fine):
            coarse = finer + _upsample(coarse, finer)
        return _upsample(coarse, image)


def _upsample(x: Tensor, size_of: Tensor) -> Tensor:
    return F.interpolate(x, size=size_of.shape[-2:], mode="bilinear", align_corners=False)
