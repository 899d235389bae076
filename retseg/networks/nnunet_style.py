"""A U-Net with the choices of nnU-Net."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks.blocks import ConvNormAct, UpDouble
from retseg.networks.ushape import Parts, UShape


class NNUNetStyle(UShape):
    """LeakyReLU of slope 0.01, instance norm, transposed convolutions, scores at several scales (Isensee et al., 2018).

    The two coarsest scales are not scored. The other part of nnU-Net, the planning of depth, patches and schedule, is
    not implemented.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage.
    """

    task_modules = ("head", "side_heads")

    def __init__(
        self, *, in_channels: int = 3, tasks: int = 1, widths: Sequence[int] = (32, 64, 128, 256, 512, 512)
    ) -> None:
        def stage(inner: int, outer: int) -> nn.Module:
            first = ConvNormAct(inner, outer, "leaky_relu", "instance")
            return nn.Sequential(first, ConvNormAct(outer, outer, "leaky_relu", "instance"))

        super().__init__(in_channels, tasks, widths, Parts(stage, stage, stage, UpDouble))
        self.side_heads = nn.ModuleList(nn.Conv2d(width, tasks, 1) for width in widths[1:-2])

    def forward_all(self, x: Tensor) -> tuple[Tensor, ...]:
        """Logits, then those of the coarser stages from fine to coarse, upsampled bilinearly to (N, tasks, H, W)."""
        finest, *coarser = reversed(self.decode(x))
        sides = [head(features) for head, features in zip(self.side_heads, coarser, strict=False)]
        upsampled = [F.interpolate(side, size=x.shape[-2:], mode="bilinear", align_corners=False) for side in sides]
        return (self.score(finest), *upsampled)
