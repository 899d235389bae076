"""U-Net (Ronneberger et al., MICCAI 2015) with batch normalisation and same-size convolutions."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from retseg.networks import NetworkError
from retseg.networks.blocks import Activation, ConvNormAct, Normalisation, Up, UpDouble
from retseg.networks.ushape import Parts, UShape


class UNet(UShape):
    """U-Net; with the right arguments it is the plain network of three published systems.

    The baseline of SCCU-Net and the Keras U-Net are `widths=(64, 128, 256, 512, 1024)` with all else as it is
    (31,043,521 parameters); Wang's LeakyReLU U-Net is `widths=(32, 64, 128, 256, 512), activation="leaky_relu",
    up="upsample_conv", head="softmax", in_channels=1` (8,636,802); AMDYES' U-Net is those widths with `up="bilinear"`
    (7,852,545).

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of each stage; each but the first works at half the size of the one before.
        activation: "relu", "leaky_relu" (slope 0.01) or "silu".
        normalisation: "batch", "instance" or "none".
        up: "transpose" (2x2), "transpose3" (3x3), "bilinear" (corners aligned, channels kept) or "upsample_conv".
        convolutions: 3x3 convolutions in a stage.
        dropout: probability with which a channel of the bottleneck is dropped in training.
        head: "sigmoid" or "softmax" (two classes per task, their difference is returned).
    """

    def __init__(  # noqa: PLR0913
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        widths: Sequence[int] = (16, 32, 64, 128),
        activation: Activation = "relu",
        normalisation: Normalisation = "batch",
        up: Up = "transpose",
        convolutions: int = 2,
        dropout: float = 0.0,
        head: str = "sigmoid",
    ) -> None:
        if convolutions < 1:
            raise NetworkError(f"a stage needs at least one convolution, not {convolutions}")

        def stage(inner: int, outer: int) -> nn.Sequential:
            channels = [inner, *[outer] * convolutions]
            return nn.Sequential(*[ConvNormAct(a, b, activation, normalisation) for a, b in pairwise(channels)])

        def bottleneck(inner: int, outer: int) -> nn.Sequential:
            return stage(inner, outer).append(nn.Dropout2d(dropout)) if dropout else stage(inner, outer)

        def double(inner: int, outer: int) -> UpDouble:
            return UpDouble(inner, outer, up, activation, normalisation)

        parts = Parts(encoder=stage, bottleneck=bottleneck, decoder=stage, up=double)
        super().__init__(in_channels, tasks, widths, parts, head)
