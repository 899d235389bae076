"""R2U-Net: a U-Net of recurrent residual convolutions."""

from collections.abc import Sequence

from torch import Tensor, nn

from retseg.networks import NetworkError
from retseg.networks.blocks import ConvNormAct, UpDouble
from retseg.networks.ushape import Parts, UShape


class RecurrentConvolution(nn.Module):
    """One 3x3 convolution, applied several times: each time to the sum of the input and its last result.

    Args:
        channels: in and out.
        steps: repetitions after the first application.
    """

    def __init__(self, channels: int, steps: int) -> None:
        super().__init__()
        self.convolution, self.steps = ConvNormAct(channels, channels), steps

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H, W) -> the same shape."""
        state: Tensor = self.convolution(x)
        for _ in range(self.steps):
            state = self.convolution(x + state)
        return state


class RecurrentStage(nn.Module):
    """A 1x1 projection, two recurrent convolutions, and the projection added to their result."""

    def __init__(self, inner: int, outer: int, steps: int) -> None:
        super().__init__()
        self.project = nn.Conv2d(inner, outer, 1)
        self.recur = nn.Sequential(RecurrentConvolution(outer, steps), RecurrentConvolution(outer, steps))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) -> (N, outer, H, W)."""
        projected = self.project(x)
        result: Tensor = projected + self.recur(projected)
        return result


class R2UNet(UShape):
    """R2U-Net (Alom et al., 2018); 39,091,393 parameters.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage.
        steps: repetitions of a recurrent convolution after its first application.
    """

    def __init__(
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        widths: Sequence[int] = (64, 128, 256, 512, 1024),
        steps: int = 2,
    ) -> None:
        if steps < 0:
            raise NetworkError(f"a recurrent convolution repeats 0 times or more, not {steps}")

        def stage(inner: int, outer: int) -> nn.Module:
            return RecurrentStage(inner, outer, steps)

        def up(inner: int, outer: int) -> UpDouble:
            return UpDouble(inner, outer, "upsample_conv")

        super().__init__(in_channels, tasks, widths, Parts(stage, stage, stage, up))
