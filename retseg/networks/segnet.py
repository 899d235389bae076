"""SegNet: an encoder like VGG16 and its mirror image, which puts each value back where its maximum was."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.blocks import ConvNormAct, crop_to
from retseg.networks.network import Network
from retseg.networks.vgg import CONVOLUTIONS, VGG16, WIDTHS


def pool_with_places(x: Tensor) -> tuple[Tensor, Tensor]:
    """The maximum of each 2x2 square, and where it is; a last odd row or column is a square of its own.

    Args:
        x: (N, C, H, W).

    Returns:
        The maxima (N, C, h, w) with h = H / 2, rounded up, and the places (N, C, h, w, 4): 1 at the maximum, 0
        elsewhere. Of equal values one counts.
    """
    height, width = x.shape[-2:]
    even = F.pad(x, (0, width % 2, 0, height % 2), value=float("-inf"))
    number, channels, height, width = even.shape
    squares = even.reshape(number, channels, height // 2, 2, width // 2, 2).transpose(3, 4)
    squares = squares.reshape(number, channels, height // 2, width // 2, 4)
    best, place = squares.max(dim=-1, keepdim=True)
    return best[..., 0], (place == torch.arange(4, device=x.device)).to(x.dtype)


def unpool(x: Tensor, places: Tensor) -> Tensor:
    """Each value at its place in a 2x2 square, zero beside it: (N, C, h, w) -> (N, C, 2h, 2w)."""
    number, channels, height, width = x.shape
    squares = (x[..., None] * places).reshape(number, channels, height, width, 2, 2).transpose(3, 4)
    return squares.reshape(number, channels, 2 * height, 2 * width)


class SegNet(Network):
    """SegNet (Badrinarayanan, Kendall and Cipolla, PAMI 2017); 29,449,355 parameters for 11 classes.

    Thirteen 3x3 convolutions of VGG16, each batch-normalised, and thirteen in the decoder, the last of which scores. No
    features skip from encoder to decoder, only the places of the maxima do.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        widths: channels of the five stages.
    """

    def __init__(self, *, in_channels: int = 3, tasks: int = 1, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        if len(widths) != len(CONVOLUTIONS):
            raise NetworkError(f"SegNet has {len(CONVOLUTIONS)} stages, found {len(widths)} widths")
        self.in_channels, self.widths = in_channels, tuple(widths)
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for number, (outer, count) in enumerate(zip(widths, CONVOLUTIONS, strict=True)):
            inner = widths[number - 1] if number else in_channels
            self.encoder.append(nn.Sequential(*(ConvNormAct(outer if i else inner, outer) for i in range(count))))
            back = [ConvNormAct(outer, outer) for _ in range(count - 1)]
            self.decoder.append(nn.Sequential(*back, *([ConvNormAct(outer, inner)] if number else [])))
        self.head = nn.Conv2d(widths[0], tasks, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        kept = []
        for stage in self.encoder:
            features = stage(x)
            x, places = pool_with_places(features)
            kept.append((features, places))
        for stage, (features, places) in zip(reversed(self.decoder), reversed(kept), strict=True):
            x = stage(crop_to(unpool(x, places), features))
        logits: Tensor = self.head(x)
        return logits

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        """Copy the convolutions of torchvision's VGG16 into the encoder; batch norm keeps its own weights."""
        source = VGG16(self.in_channels, self.widths)
        source.load(weights)
        theirs = (module for module in source.modules() if isinstance(module, nn.Conv2d))
        own = (module for module in self.encoder.modules() if isinstance(module, nn.Conv2d))
        for mine, other in zip(own, theirs, strict=True):
            mine.load_state_dict(other.state_dict())
