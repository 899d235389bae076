"""SAM's image encoder, a vision transformer with windows, and the adapter that prompts each of its blocks.

Names of weights are those of the published checkpoints, so that these load.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from retseg.networks import NetworkError

PATCH = 16


@dataclass(frozen=True)
class EncoderSize:
    """The size of a vision transformer.

    Attributes:
        image: side of the square image in pixels, a multiple of 16.
        width: channels of a token.
        depth: blocks.
        heads: attention heads, a divisor of width.
        window: side of a window in tokens.
        global_blocks: blocks in which every token attends to all others.
        output: channels of the result.
    """

    image: int
    width: int
    depth: int
    heads: int
    global_blocks: Sequence[int]
    window: int = 14
    output: int = 256

    def __post_init__(self) -> None:
        if self.image % PATCH or self.width % self.heads or self.width % 32:
            wanted = f"an image side divisible by {PATCH} and a width divisible by 32 and by the heads"
            raise NetworkError(f"wanted {wanted}, found {self.image}, {self.width} and {self.heads} heads")

    @property
    def tokens(self) -> int:
        """Tokens along a side."""
        return self.image // PATCH


class ChannelNorm(nn.Module):
    """Layer normalisation over the channels of (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """Normalised, (N, C, H, W)."""
        # the number of channels is kept as a number: a graph needs it before it runs
        last = F.layer_norm(x.permute(0, 2, 3, 1), (self.channels,), self.weight, self.bias, 1e-6)
        return last.permute(0, 3, 1, 2)


class Attention(nn.Module):
    """Self-attention of a square of tokens with relative positions, split into rows and columns.

    Args:
        width: channels.
        heads: attention heads.
        side: tokens along a side.
    """

    def __init__(self, width: int, heads: int, side: int) -> None:
        super().__init__()
        self.heads, self.side, self.head_width = heads, side, width // heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, self.head_width))
        self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, self.head_width))
        places = torch.arange(side)
        self.register_buffer("distances", places[:, None] - places[None, :] + side - 1, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, side, side, width) -> the same shape."""
        side, heads, head_width = self.side, self.heads, self.head_width
        q, k, v = self.qkv(x).reshape(-1, side * side, 3, heads, head_width).permute(2, 0, 3, 1, 4).unbind(0)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=self._weigh_positions(q))
        return self.proj(mixed.transpose(1, 2).reshape(-1, side, side, heads * head_width))  # type: ignore[no-any-return]

    def _weigh_positions(self, q: Tensor) -> Tensor:
        """The weight of the relative row and column of each key for each query, (N, heads, tokens, tokens)."""
        side = self.side
        square = q.reshape(-1, self.heads, side, side, self.head_width)
        rows = torch.einsum("nhyxc,ykc->nhyxk", square, self.rel_pos_h[self.distances])  # type: ignore[index]
        columns = torch.einsum("nhyxc,xkc->nhyxk", square, self.rel_pos_w[self.distances])  # type: ignore[index]
        both = rows[..., :, None] + columns[..., None, :]
        return both.reshape(-1, self.heads, side * side, side * side)


class Perceptron(nn.Module):
    """Two linear layers, GELU or ReLU between them."""

    def __init__(self, width: int, hidden: int, activation: nn.Module) -> None:
        super().__init__()
        self.lin1, self.lin2, self.act = nn.Linear(width, hidden), nn.Linear(hidden, width), activation

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> the same shape."""
        result: Tensor = self.lin2(self.act(self.lin1(x)))
        return result


class Block(nn.Module):
    """A block of the transformer, its attention over all tokens or within windows.

    Args:
        size: of the encoder.
        window: side of a window in tokens; 0 means all tokens.
    """

    def __init__(self, size: EncoderSize, window: int) -> None:
        super().__init__()
        self.window, self.tokens = window, size.tokens
        self.norm1 = nn.LayerNorm(size.width, eps=1e-6)
        self.attn = Attention(size.width, size.heads, window or size.tokens)
        self.norm2 = nn.LayerNorm(size.width, eps=1e-6)
        self.mlp = Perceptron(size.width, 4 * size.width, nn.GELU())

    def forward(self, x: Tensor) -> Tensor:
        """(N, tokens, tokens, width) -> the same shape."""
        x = x + (self._attend_in_windows(self.norm1(x)) if self.window else self.attn(self.norm1(x)))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result

    def _attend_in_windows(self, x: Tensor) -> Tensor:
        side, width = self.window, x.shape[-1]
        missing = -self.tokens % side
        count = (self.tokens + missing) // side
        x = F.pad(x, (0, 0, 0, missing, 0, missing)).reshape(-1, count, side, count, side, width)
        x = self.attn(x.transpose(2, 3).reshape(-1, side, side, width))
        x = (
            x.reshape(-1, count, count, side, side, width)
            .transpose(2, 3)
            .reshape(-1, count * side, count * side, width)
        )
        return x[:, : self.tokens, : self.tokens]


class Adapter(nn.Module):
    """Features of the image's high frequencies and of its embedding, which are added to the tokens before each block.

    Source: Chen et al., SAM-Adapter, ICCV workshop 2023. The image without its central quarter of frequencies is
    embedded in width / 32 channels. The patch embedding is projected to as many channels. Each block has a linear layer
    and GELU of its own. All blocks share the projection to `width` channels.
    """

    def __init__(self, size: EncoderSize, in_channels: int) -> None:
        super().__init__()
        narrow = size.width // 32
        self.depth, self.tokens = size.depth, size.tokens
        self.shared_mlp = nn.Linear(narrow, size.width)
        self.embedding_generator = nn.Linear(size.width, narrow)
        for i in range(size.depth):
            self.add_module(f"lightweight_mlp_{i}", nn.Sequential(nn.Linear(narrow, narrow), nn.GELU()))
        self.prompt_generator = nn.Module()
        self.prompt_generator.proj = nn.Conv2d(in_channels, narrow, PATCH, PATCH)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)
        self.register_buffer("low_real", torch.empty(size.image, size.image), persistent=False)
        self.register_buffer("low_imaginary", torch.empty(size.image, size.image), persistent=False)
        self._fill_projection(size.image)

    def _fill_projection(self, side: int) -> None:
        """Store the matrices that keep the frequencies -side/4 .. side/4 - 1 along one axis."""
        band = int((side * side * 0.25) ** 0.5 // 2)
        angles = 2 * math.pi / side * torch.arange(side)[:, None] * torch.arange(-band, band).double()
        cosine, sine = angles.cos(), angles.sin()
        self.low_real = ((cosine @ cosine.T + sine @ sine.T) / side).float()
        self.low_imaginary = ((sine @ cosine.T - cosine @ sine.T) / side).float()

    def filter(self, image: Tensor) -> Tensor:
        """The absolute value of the image's high frequencies, by matrix products instead of a Fourier transform."""
        real, imaginary = self.low_real, self.low_imaginary
        low = real @ image @ real.T - imaginary @ image @ imaginary.T
        return (image - low).abs()

    def forward(self, image: Tensor, embedding: Tensor) -> list[Tensor]:
        """For each block, (N, tokens, tokens, width) from (N, C, H, W) and the patch embedding."""
        high = self.prompt_generator.proj(self.filter(image)).permute(0, 2, 3, 1)  # type: ignore[operator]
        mixed = high + self.embedding_generator(embedding)
        return [self.shared_mlp(self.get_submodule(f"lightweight_mlp_{i}")(mixed)) for i in range(self.depth)]


class ImageEncoder(nn.Module):
    """SAM's image encoder with the adapter; without it 89,670,912 parameters as ViT-B.

    Args:
        size: of the transformer.
        in_channels: channels of the image.
    """

    def __init__(self, size: EncoderSize, in_channels: int) -> None:
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv2d(in_channels, size.width, PATCH, PATCH)
        self.pos_embed = nn.Parameter(torch.zeros(1, size.tokens, size.tokens, size.width))
        windows = [0 if i in size.global_blocks else size.window for i in range(size.depth)]
        self.blocks = nn.ModuleList(Block(size, window) for window in windows)
        self.neck = nn.Sequential(
            nn.Conv2d(size.width, size.output, 1, bias=False),
            ChannelNorm(size.output),
            nn.Conv2d(size.output, size.output, 3, padding=1, bias=False),
            ChannelNorm(size.output),
        )
        self.prompt_generator = Adapter(size, in_channels)

    def forward(self, image: Tensor) -> Tensor:
        """(N, C, side, side) -> (N, output, side / 16, side / 16)."""
        x = self.patch_embed.proj(image).permute(0, 2, 3, 1)  # type: ignore[operator]
        prompts = self.prompt_generator(image, x)
        x = x + self.pos_embed
        for prompt, block in zip(prompts, self.blocks, strict=True):
            x = block(x + prompt)
        result: Tensor = self.neck(x.permute(0, 3, 1, 2))
        return result
