"""Cut an image into tiles and blend them again: pure functions, no network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tiling:
    """How a large image is cut into tiles; part of a model's card.

    Attributes:
        size: the side of a tile, in pixels; an image that fits into one tile is not cut.
        overlap: the minimum share of a tile that overlaps its neighbour, in [0, 1).
        multiple: every tile's sides are padded up to a multiple of this many pixels.
    """

    size: int = 1536
    overlap: float = 0.25
    multiple: int = 32

    def __post_init__(self) -> None:
        if self.size < self.multiple or self.size % self.multiple or not 0 <= self.overlap < 1:
            raise ValueError(
                f"a tile of {self.size} px with overlap {self.overlap} is impossible: the size must be a multiple of "
                f"{self.multiple} and the overlap in [0, 1)"
            )


def place_tiles(length: int, tiling: Tiling) -> tuple[tuple[int, ...], int]:
    """The starts of tiles along one side of an image, and their length.

    Args:
        length: the side of the image, in pixels.
        tiling: size, overlap and padding of a tile.

    Returns:
        The starts, evenly spread so that the last tile ends with the image, and the tile's length: the padded image
        where it fits in one tile, `tiling.size` otherwise.
    """
    if length <= tiling.size:
        return (0,), -(-length // tiling.multiple) * tiling.multiple
    step = max(1, int(tiling.size * (1 - tiling.overlap)))
    count = -(-(length - tiling.size) // step) + 1
    starts = np.linspace(0, length - tiling.size, count).round().astype(int)
    return tuple(int(start) for start in starts), tiling.size


def cut_tiles(
    image: NDArray[np.float32], tiling: Tiling
) -> tuple[NDArray[np.float32], tuple[tuple[slice, slice], ...]]:
    """Cut an image into tiles of one shape.

    Args:
        image: float32 (C, H, W).
        tiling: size, overlap and padding of a tile.

    Returns:
        The tiles, float32 (N, C, h, w), zero outside the image, and the window of each in the image.
    """
    _, height, width = image.shape
    (tops, tile_height), (lefts, tile_width) = place_tiles(height, tiling), place_tiles(width, tiling)
    windows = tuple(
        (slice(top, min(top + tile_height, height)), slice(left, min(left + tile_width, width)))
        for top in tops
        for left in lefts
    )
    tiles = np.zeros((len(windows), image.shape[0], tile_height, tile_width), np.float32)
    for tile, window in zip(tiles, windows, strict=True):
        part = image[(slice(None), *window)]
        tile[:, : part.shape[1], : part.shape[2]] = part
    return tiles, windows


def blend_tiles(
    tiles: NDArray[np.float32], windows: tuple[tuple[slice, slice], ...], shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Blend tiles into one image, weighted by a Gaussian around their centre (s.d.: a quarter of the side).

    Args:
        tiles: float32 (N, T, h, w).
        windows: of each tile in the image, as `cut_tiles` gave them.
        shape: (H, W) of the image.

    Returns:
        float32 (T, H, W).
    """
    if len(windows) == 1:
        return tiles[0, :, : shape[0], : shape[1]]
    weight = np.outer(_bell(tiles.shape[2]), _bell(tiles.shape[3]))
    total = np.zeros((tiles.shape[1], *shape), np.float32)
    weights = np.zeros(shape, np.float32)
    for tile, window in zip(tiles, windows, strict=True):
        height, width = (part.stop - part.start for part in window)
        total[(slice(None), *window)] += tile[:, :height, :width] * weight[:height, :width]
        weights[window] += weight[:height, :width]
    blended: NDArray[np.float32] = total / weights
    return blended


def _bell(length: int) -> NDArray[np.float32]:
    distance = (np.arange(length, dtype=np.float32) - (length - 1) / 2) / (length / 4)
    bell: NDArray[np.float32] = np.exp(-0.5 * distance**2)
    return bell
