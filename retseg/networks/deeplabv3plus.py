"""DeepLabV3+ (Chen et al., ECCV 2018) from segmentation_models.pytorch, which only this file imports."""

from collections.abc import Mapping

import segmentation_models_pytorch as smp
from torch import Tensor
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.blocks import crop_to
from retseg.networks.network import Network
from retseg.networks.weights import copy_weights

STRIDE = 16


class DeepLabV3Plus(Network):
    """Atrous spatial pyramid pooling over a classification network.

    Args:
        in_channels: channels of the input.
        tasks: logits per pixel.
        encoder: one of segmentation_models.pytorch's, such as "mobilenet_v2", "resnet34" or "resnet50"; its weights are
            random until `load_encoder`.
        decoder_channels: of the pyramid.
    """

    task_modules = ("model.segmentation_head",)

    def __init__(
        self,
        *,
        in_channels: int = 3,
        tasks: int = 1,
        encoder: str = "mobilenet_v2",
        decoder_channels: int = 256,
    ) -> None:
        super().__init__()
        try:
            self.model = smp.DeepLabV3Plus(
                encoder, encoder_weights=None, in_channels=in_channels, classes=tasks, decoder_channels=decoder_channels
            )
        except (KeyError, ValueError) as error:
            raise NetworkError(f"segmentation_models.pytorch cannot build '{encoder}': {error}") from error

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W); padded to a multiple of 16, then cropped."""
        height, width = x.shape[-2:]
        padded = F.pad(x, (0, -width % STRIDE, 0, -height % STRIDE), mode="replicate")
        return crop_to(self.model(padded), x)

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        """Copy weights into the encoder; a ResNet has the names of torchvision, others those of the library."""
        copy_weights(self.model.encoder, weights)
