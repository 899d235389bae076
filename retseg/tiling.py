"""Plan how an image goes through a network: whole if the memory allows it, else in tiles. Pure functions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value", bound=np.generic)
Window = tuple[slice, slice]
"""Rows and columns of an image."""


@dataclass(frozen=True)
class Tiling:
    """What a network needs of its tiles; part of a model's card.

    Attributes:
        size: the side of a tile, in pixels, where `memory` is not known.
        overlap: the minimum share of a tile that overlaps its neighbour, in [0, 1), where `margin` is not known.
        multiple: every tile's sides are padded up to a multiple of this many pixels.
        margin: how far from the edge of a tile the logits differ from those of the whole image, in pixels: the radius
            of the network's receptive field. 0 where it is not known, or where each logit depends on the whole image.
        memory: peak memory of the network in float32, in bytes for each pixel of a tile. 0 where it is not known.
    """

    size: int = 1536
    overlap: float = 0.25
    multiple: int = 32
    margin: int = 0
    memory: int = 0

    def __post_init__(self) -> None:
        if self.multiple < 1 or self.size < self.multiple or self.size % self.multiple or not 0 <= self.overlap < 1:
            raise ValueError(
                f"a tile of {self.size} px with overlap {self.overlap} is impossible: the size must be a multiple of "
                f"{self.multiple} and the overlap in [0, 1)"
            )
        if self.margin < 0 or self.memory < 0:
            raise ValueError(f"margin and memory are 0 or more, found {self.margin} and {self.memory}")


@dataclass(frozen=True)
class TilePlan:
    """The tiles of one image.

    Attributes:
        shape: (H, W) of the image.
        tile: (h, w) of every tile.
        windows: of each tile in the image, cut where the image ends.
        kept: the part of the image whose logits are those of one tile alone, in the same order; empty if tiles are
            blended.
        skipped: how many tiles were left out, because they show nothing of the region.
    """

    shape: tuple[int, int]
    tile: tuple[int, int]
    windows: tuple[Window, ...]
    kept: tuple[Window, ...] = ()
    skipped: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether one tile holds the image."""
        return self.tile[0] >= self.shape[0] and self.tile[1] >= self.shape[1]

    @property
    def overlap(self) -> int:
        """The least overlap of two neighbours, in pixels; 0 of one tile."""
        starts = [sorted({window[axis].start for window in self.windows}) for axis in (0, 1)]
        overlaps = (self.tile[axis] - (b - a) for axis in (0, 1) for a, b in pairwise(starts[axis]))
        return max(0, min(overlaps, default=0))

    def __str__(self) -> str:
        height, width = self.shape
        if self.is_whole:
            return f"{width} x {height} pixels, whole"
        joined = "cut so that they equal the whole image" if self.kept else "blended"
        skipped = f", {self.skipped} without field of view left out" if self.skipped else ""
        tiles = f"{len(self.windows)} tiles of {self.tile[1]} x {self.tile[0]} that overlap by {self.overlap}"
        return f"{width} x {height} pixels, {tiles}, {joined}{skipped}"


def plan_tiles(shape: tuple[int, int], tiling: Tiling, memory: int) -> TilePlan:
    """Divide an image into as few tiles as the memory allows.

    An image that fits is not cut. If the margin of the network is known, a tile gives the pixels that are at least this
    far from its cut edges, and tiles begin at multiples of `tiling.multiple`. So the logits equal those of the whole
    image, up to rounding. Otherwise neighbours overlap by the declared share and are blended.

    Args:
        shape: (H, W) of the image, in pixels.
        tiling: of the model.
        memory: bytes that the network may use; without effect where `tiling.memory` is 0.
    """
    grid = tiling.multiple
    whole = tuple(-(-side // grid) * grid for side in shape)
    most = memory // tiling.memory if tiling.memory else tiling.size**2
    fits = whole[0] * whole[1] <= most if tiling.memory else max(shape) <= tiling.size
    if fits:
        return TilePlan(shape, (whole[0], whole[1]), ((slice(0, shape[0]), slice(0, shape[1])),))
    reach = -(-tiling.margin // grid) * grid
    if not reach:
        step = max(1, int(tiling.size * (1 - tiling.overlap)))
        rows, columns = (_spread(side, tiling.size, step, grid) for side in shape)
        return _cross(shape, rows, columns, 0)
    side = max(int(most**0.5) // grid * grid, 4 * reach)
    tall = min(whole[0], side)
    wide = min(whole[1], max(side, most // tall // grid * grid))
    rows = _spread_aligned(shape[0], tall, reach, grid)
    columns = _spread_aligned(shape[1], wide, reach, grid)
    return _cross(shape, rows, columns, reach)


def skip_outside(plan: TilePlan, region: NDArray[np.bool_]) -> TilePlan:
    """The plan without the tiles that give no pixel of a region, bool (H, W); their part of the image stays 0."""
    if plan.is_whole:
        return plan
    decided = plan.kept or plan.windows
    inside = [k for k, window in enumerate(decided) if region[window].any()]
    kept = tuple(plan.kept[k] for k in inside) if plan.kept else ()
    windows = tuple(plan.windows[k] for k in inside)
    return replace(plan, windows=windows, kept=kept, skipped=len(plan.windows) - len(windows))


def cut_tiles(image: NDArray[np.float32], plan: TilePlan) -> Iterator[NDArray[np.float32]]:
    """The tiles of an image (C, H, W), one at a time: float32 (C, h, w), zero outside the image."""
    for window in plan.windows:
        yield pad_tile(image[(slice(None), *window)], plan)


def pad_tile(part: NDArray[np.float32], plan: TilePlan) -> NDArray[np.float32]:
    """What a window of the plan shows, float32 (C, height, width), with zeros up to the size of a tile."""
    if part.shape[1:] == plan.tile:
        return part
    tile = np.zeros((len(part), *plan.tile), np.float32)
    tile[:, : part.shape[1], : part.shape[2]] = part
    return tile


def join_tiles(tiles: Iterable[NDArray[np.float32]], plan: TilePlan) -> NDArray[np.float32]:
    """Put tiles together: by their kept parts, or else blended with a Gaussian (s.d.: a quarter of the side).

    Args:
        tiles: float32 (T, h, w) each, in the order of the plan.
        plan: that they were cut by.

    Returns:
        float32 (T, H, W).
    """
    if plan.is_whole:
        (tile,) = tiles
        return tile[:, : plan.shape[0], : plan.shape[1]]
    return stitch_tiles(tiles, plan) if plan.kept else _blend(tiles, plan)


def stitch_tiles(tiles: Iterable[NDArray[Value]], plan: TilePlan) -> NDArray[Value]:
    """Put the kept parts of tiles of any type, (T, h, w) each, together: (T, H, W). One tile at least is needed."""
    joined: NDArray[Value] | None = None
    for tile, window, kept in zip(tiles, plan.windows, plan.kept, strict=True):
        if joined is None:
            joined = np.zeros((len(tile), *plan.shape), tile.dtype)
        inside = tuple(slice(k.start - w.start, k.stop - w.start) for k, w in zip(kept, window, strict=True))
        joined[(slice(None), *kept)] = tile[(slice(None), *inside)]
    assert joined is not None
    return joined


def _blend(tiles: Iterable[NDArray[np.float32]], plan: TilePlan) -> NDArray[np.float32]:
    weight = np.outer(_bell(plan.tile[0]), _bell(plan.tile[1]))
    total = np.zeros((0, *plan.shape), np.float32)
    weights = np.zeros(plan.shape, np.float32)
    for tile, window in zip(tiles, plan.windows, strict=True):
        if not len(total):
            total = np.zeros((len(tile), *plan.shape), np.float32)
        height, width = (part.stop - part.start for part in window)
        total[(slice(None), *window)] += tile[:, :height, :width] * weight[:height, :width]
        weights[window] += weight[:height, :width]
    return np.asarray(total / np.where(weights, weights, 1), np.float32)


def _spread(length: int, size: int, step: int, grid: int) -> tuple[tuple[int, ...], int]:
    """The starts of tiles along one side, evenly spread so that the last ends with the image, and their length."""
    if length <= size:
        return (0,), -(-length // grid) * grid
    starts = np.linspace(0, length - size, -(-(length - size) // step) + 1).round().astype(int)
    return tuple(int(start) for start in starts), size


def _spread_aligned(length: int, size: int, reach: int, grid: int) -> tuple[tuple[int, ...], int]:
    """The starts of tiles at multiples of the grid, which overlap by twice the reach or more, and their length.

    The tiles are as small as their number allows. The last ends where the padded image ends, as the whole image would.
    """
    padded = -(-length // grid) * grid
    if padded <= size:
        return (0,), padded
    count = -(-(padded - 2 * reach) // (size - 2 * reach))
    step = -(-(padded - 2 * reach) // (count * grid)) * grid
    return tuple(min(k * step, padded - step - 2 * reach) for k in range(count)), step + 2 * reach


def _cross(
    shape: tuple[int, int], rows: tuple[tuple[int, ...], int], columns: tuple[tuple[int, ...], int], reach: int
) -> TilePlan:
    """The plan of tiles in rows and columns; with a reach, a tile keeps what is that far from its cut edges."""
    (tops, tall), (lefts, wide) = rows, columns
    windows = tuple(
        (slice(top, min(top + tall, shape[0])), slice(left, min(left + wide, shape[1])))
        for top in tops
        for left in lefts
    )
    if not reach:
        return TilePlan(shape, (tall, wide), windows)
    kept = tuple(
        (vertical, horizontal)
        for vertical in _divide(shape[0], tops, reach)
        for horizontal in _divide(shape[1], lefts, reach)
    )
    return TilePlan(shape, (tall, wide), windows, kept)


def _divide(length: int, starts: tuple[int, ...], reach: int) -> Iterator[slice]:
    """The parts of one side that tiles with these starts give; they touch and do not overlap."""
    edges = [0, *(start + reach for start in starts[1:]), length]
    yield from (slice(first, last) for first, last in pairwise(edges))


def _bell(length: int) -> NDArray[np.float32]:
    distance = (np.arange(length, dtype=np.float32) - (length - 1) / 2) / (length / 4)
    bell: NDArray[np.float32] = np.exp(-0.5 * distance**2)
    return bell
