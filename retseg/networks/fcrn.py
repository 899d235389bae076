"""FCRN: a residual network that adds the scores of all its stages."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks.network import Network
from retseg.networks.resnet import ResNet
from retseg.networks.weights import copy_weights


class FCRN(Network):
    """Fully convolutional residual network with fusion of all levels, after Mo et al., Neurocomputing 290, 2018.

    No code was published. Here a 1x1 convolution gives a score for each of the four stages of a ResNet-50. From the
    coarsest on, a score is upsampled bilinearly and added to the next finer one.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        width: channels of the stem; 64 is ResNet-50.
        blocks: bottlenecks in each stage.
    """

    task_modules = ("scores",)

    def __init__(
        self, *, in_channels: int = 3, tasks: int = 1, width: int = 64, blocks: Sequence[int] = (3, 4, 6, 3)
    ) -> None:
        super().__init__()
        self.encoder = ResNet(in_channels, width, blocks)
        self.scores = nn.ModuleList(nn.Conv2d(channels, tasks, 1) for channels in self.encoder.widths)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        scores = [score(features) for score, features in zip(self.scores, self.encoder(x), strict=True)]
        total = scores[-1]
        for finer in reversed(scores[:-1]):
            total = finer + _upsample(total, finer)
        return _upsample(total, x)

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        """Copy weights of a ResNet-50 with the names of torchvision into the encoder."""
        copy_weights(self.encoder, weights)


def _upsample(x: Tensor, size_of: Tensor) -> Tensor:
    return F.interpolate(x, size=size_of.shape[-2:], mode="bilinear", align_corners=False)
