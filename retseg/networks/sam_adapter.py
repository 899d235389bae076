"""SAM-Adapter: the frozen image encoder of Segment Anything, prompted by the image's own high frequencies."""

import math
from collections.abc import Mapping
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError
from retseg.networks.network import Network
from retseg.networks.sam_decoder import MaskDecoder
from retseg.networks.sam_encoder import EncoderSize, ImageEncoder
from retseg.networks.weights import copy_weights
from retseg.toml_schema import nearest

Variant = Literal["vit_b", "vit_l", "vit_h", "tiny"]

_SIZES = {
    "vit_b": EncoderSize(1024, 768, 12, 12, (2, 5, 8, 11)),
    "vit_l": EncoderSize(1024, 1024, 24, 16, (5, 11, 17, 23)),
    "vit_h": EncoderSize(1024, 1280, 32, 16, (7, 15, 23, 31)),
    "tiny": EncoderSize(64, 32, 2, 2, (1,), window=3, output=64),
}


class SAMAdapter(Network):
    """SAM-Adapter (Chen et al., ICCV workshop 2023), as in the program of its authors.

    The image is resized to the encoder's square (1024 pixels; 64 for "tiny"), the masks back to the image. The encoder
    is frozen; adapter, mask decoder and the embedding of "no mask" are trained. As ViT-B the encoder has 89,670,912
    parameters, the adapter 63,312, the decoder 4,058,340.

    Args:
        in_channels: channels of the input; a published checkpoint needs 3.
        tasks: masks, one mask token each.
        variant: "vit_b", "vit_l", "vit_h", or "tiny" for tests.
    """

    task_modules = ("mask_decoder",)

    def __init__(self, *, in_channels: int = 3, tasks: int = 1, variant: Variant = "vit_b") -> None:
        super().__init__()
        if variant not in _SIZES:
            raise NetworkError(f"unknown variant '{variant}'{nearest(variant, get_args(Variant))}")
        size = _SIZES[variant]
        self.size = size
        self.image_encoder = ImageEncoder(size, in_channels)
        self.mask_decoder = MaskDecoder(size.output, 8 * size.output, tasks)
        self.no_mask_embed = nn.Embedding(1, size.output)
        self.register_buffer("place_frequencies", torch.randn(2, size.output // 2))
        for name, parameter in self.image_encoder.named_parameters():
            parameter.requires_grad_(name.startswith("prompt_generator."))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        square = F.interpolate(x, size=(self.size.image, self.size.image), mode="bilinear", align_corners=False)
        features = self.image_encoder(square) + self.no_mask_embed.weight[:, :, None, None]
        masks = self.mask_decoder(features, self._encode_positions())
        return F.interpolate(masks, size=x.shape[-2:], mode="bilinear", align_corners=False)

    def _encode_positions(self) -> Tensor:
        """Random Fourier features of the position of each token, (1, output, tokens, tokens)."""
        frequencies = self.get_buffer("place_frequencies")
        steps = (torch.arange(self.size.tokens, device=frequencies.device) + 0.5) / self.size.tokens * 2 - 1
        down, across = torch.meshgrid(steps, steps, indexing="ij")
        angles = 2 * math.pi * (torch.stack([across, down], -1) @ frequencies)
        return torch.cat([angles.sin(), angles.cos()], -1).permute(2, 0, 1)[None]

    def load_encoder(self, weights: Mapping[str, Tensor]) -> None:
        """Copy the weights of a published checkpoint of SAM, of the same variant, or of SAM-Adapter.

        A checkpoint of SAM has no adapter, so the adapter keeps its own weights. It has four mask tokens, enough for
        four tasks.

        Raises:
            NetworkError: a weight is missing or of another shape.
        """
        own = self.state_dict()
        table = {_rename(key): value for key, value in weights.items()}
        kept = {key: value for key, value in own.items() if key.startswith("image_encoder.prompt_generator.")}
        copy_weights(self, {**kept, **table})


def _rename(key: str) -> str:
    """The name here of a weight of a published checkpoint."""
    renamed = key.removeprefix("prompt_encoder.")
    return "place_frequencies" if renamed == "pe_layer.positional_encoding_gaussian_matrix" else renamed
