"""SAM's mask decoder: tokens and image attend to each other, then each mask token gives a mask of the upsampled image.

Names of weights are those of the published checkpoints, so that these load.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks.blocks import TransposedDouble
from retseg.networks.sam_encoder import ChannelNorm, Perceptron

HEADS = 8


class CrossAttention(nn.Module):
    """Attention of queries to keys and values, within `width / narrow` channels.

    Args:
        width: channels of the tokens.
        narrow: the divisor of the width inside the attention.
    """

    def __init__(self, width: int, narrow: int = 1) -> None:
        super().__init__()
        inner = width // narrow
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, inner) for _ in range(3))
        self.out_proj = nn.Linear(inner, width)

    def forward(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """(N, queries, width) of queries (N, queries, width) and keys and values (N, keys, width)."""
        split = [
            projection(x).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for projection, x in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v))
        ]
        mixed: Tensor = self.out_proj(F.scaled_dot_product_attention(*split).transpose(1, 2).flatten(2))
        return mixed


class TwoWayBlock(nn.Module):
    """Tokens attend to tokens, then to the image; then the image attends to the tokens."""

    def __init__(self, width: int, hidden: int, *, first: bool) -> None:
        super().__init__()
        self.first = first
        self.self_attn = CrossAttention(width)
        self.norm1 = nn.LayerNorm(width)
        self.cross_attn_token_to_image = CrossAttention(width, 2)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Perceptron(width, hidden, nn.ReLU())
        self.norm3 = nn.LayerNorm(width)
        self.norm4 = nn.LayerNorm(width)
        self.cross_attn_image_to_token = CrossAttention(width, 2)

    def forward(
        self, tokens: Tensor, image: Tensor, token_positions: Tensor, positions: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tokens (N, t, width) and image (N, H W, width); position encodings are added to queries and keys."""
        if self.first:
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            positioned = tokens + token_positions
            tokens = tokens + self.self_attn(positioned, positioned, tokens)
        tokens = self.norm1(tokens)
        tokens = self.norm2(tokens + self.cross_attn_token_to_image(tokens + token_positions, image + positions, image))
        tokens = self.norm3(tokens + self.mlp(tokens))
        image = self.norm4(image + self.cross_attn_image_to_token(image + positions, tokens + token_positions, tokens))
        return tokens, image


class TwoWayTransformer(nn.Module):
    """Two two-way blocks and a last attention of the tokens to the image."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TwoWayBlock(width, hidden, first=i == 0) for i in range(2))
        self.final_attn_token_to_image = CrossAttention(width, 2)
        self.norm_final_attn = nn.LayerNorm(width)

    def forward(self, image: Tensor, positions: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (N, t, width) and image (N, H W, width) after all blocks."""
        token_positions = tokens
        for layer in self.layers:
            tokens, image = layer(tokens, image, token_positions, positions)
        last = self.final_attn_token_to_image(tokens + token_positions, image + positions, image)
        return self.norm_final_attn(tokens + last), image


class Layers(nn.Module):
    """Three linear layers with ReLU between them."""

    def __init__(self, inner: int, hidden: int, outer: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(inner, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outer)])

    def forward(self, x: Tensor) -> Tensor:
        """(..., inner) -> (..., outer)."""
        result: Tensor = self.layers[2](F.relu(self.layers[1](F.relu(self.layers[0](x)))))
        return result


class MaskDecoder(nn.Module):
    """SAM's mask decoder without prompts; 4,058,340 parameters at width 256.

    The first `tasks` of its mask tokens give the masks. Weights that no mask depends on are frozen: the prediction of
    the quality and the perceptrons of the other tokens.

    Args:
        width: channels.
        hidden: units of the perceptrons in the transformer.
        tasks: how many masks it gives.
    """

    def __init__(self, width: int, hidden: int, tasks: int) -> None:
        super().__init__()
        masks = max(4, tasks)
        self.tasks = tasks
        self.transformer = TwoWayTransformer(width, hidden)
        self.iou_token = nn.Embedding(1, width)
        self.mask_tokens = nn.Embedding(masks, width)
        self.output_upscaling = nn.Sequential(
            TransposedDouble(width, width // 4),
            ChannelNorm(width // 4),
            nn.GELU(),
            TransposedDouble(width // 4, width // 8),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(Layers(width, width, width // 8) for _ in range(masks))
        self.iou_prediction_head = Layers(width, width, masks)
        for module in (self.iou_prediction_head, *self.output_hypernetworks_mlps[tasks:]):
            module.requires_grad_(False)

    def forward(self, image: Tensor, positions: Tensor) -> Tensor:
        """Logits (N, tasks, 4 H, 4 W) of an embedding (N, width, H, W) and its position encodings (1, width, H, W)."""
        tokens = torch.cat([self.iou_token.weight, self.mask_tokens.weight])[None].expand(image.shape[0], -1, -1)
        flat, flat_positions = image.flatten(2).transpose(1, 2), positions.flatten(2).transpose(1, 2)
        tokens, flat = self.transformer(flat, flat_positions, tokens)
        features = self.output_upscaling(flat.transpose(1, 2).reshape(image.shape))
        readers = [self.output_hypernetworks_mlps[i](tokens[:, 1 + i]) for i in range(self.tasks)]
        return torch.einsum("ntc,nchw->nthw", torch.stack(readers, 1), features)
