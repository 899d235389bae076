"""Probabilities at the scale of a network, and their way back to the grid of the image, strip by strip.

A plane of the image's size in float32 takes four bytes a pixel. So a mask is made in strips of rows, and only where
the small plane reaches the threshold: a bilinear value lies between those that it is made of. Probabilities at full
size are made when they are asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.tiling import TilePlan, Window

Stored = NDArray[np.float32] | NDArray[np.uint16]

STRIP = 1 << 18
"""Pixels of a strip: its float32 values fit into the cache of a processor."""

LARGEST_FLOAT = 1 << 26
"""Pixels of a plane: larger ones are stored as uint16, round(p x 65535), in half of the memory."""


@dataclass(frozen=True)
class ProbabilityMaps:
    """The probabilities of all tasks of a model, at the scale of its network.

    Attributes:
        planes: (tasks, h, w), float32 from 0 to 1, or uint16 from 0 to 65535.
        window: rows and columns of the image that they show.
        shape: (H, W) of the image.
        plans: how the image went through the network, once for each scale.
    """

    planes: Stored
    window: Window
    shape: tuple[int, int]
    plans: tuple[TilePlan, ...] = ()

    def enlarge(self, task: int, inside: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The probabilities of one task on the grid of the image: float32 (H, W), 0 where bool (H, W) is not set."""
        whole = np.zeros(self.shape, np.float32)
        part = whole[self.window]
        for rows, values in _enlarge_strips(self.planes[task], part.shape, 0):
            part[rows] = values
        part *= inside[self.window]
        return whole

    def threshold(self, task: int, threshold: float, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where `enlarge` reaches a threshold above 0: bool (H, W)."""
        mask = np.zeros(self.shape, np.bool_)
        part = mask[self.window]
        for rows, values in _enlarge_strips(self.planes[task], part.shape, threshold):
            np.greater_equal(values, threshold, out=part[rows])
        part &= inside[self.window]
        return mask


@dataclass(frozen=True)
class MadeWhenAsked(Mapping[str, NDArray[np.float32]]):
    """Tasks to planes, float32 (H, W), which are made at each look-up and not kept."""

    makers: Mapping[str, Callable[[], NDArray[np.float32]]]

    def __getitem__(self, task: str) -> NDArray[np.float32]:
        """The plane of a task."""
        return self.makers[task]()

    def __iter__(self) -> Iterator[str]:
        """The tasks."""
        return iter(self.makers)

    def __len__(self) -> int:
        """Their number."""
        return len(self.makers)


def pack(probabilities: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Probabilities of any shape in two bytes each."""
    return np.asarray(np.rint(probabilities * np.float32(65535)), np.uint16)


def unpack(stored: Stored) -> NDArray[np.float32]:
    """What `pack` stored, or float32 as it is."""
    return (
        stored.astype(np.float32) / np.float32(65535) if stored.dtype == np.uint16 else np.asarray(stored, np.float32)
    )


def _enlarge_strips(plane: Stored, shape: tuple[int, ...], least: float) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """A plane (h, w) resized bilinearly to (H, W), in strips: their rows and float32 values.

    Strips whose values are all below `least` are left out.
    """
    height, width = shape
    lower, upper, weights = _find_neighbours(len(plane), height)
    step = max(1, STRIP // width)
    for start in range(0, height, step):
        rows = slice(start, min(start + step, height))
        first, last = int(lower[rows.start]), int(upper[rows.stop - 1])
        source = unpack(plane[first : last + 1])
        if source.max(initial=0) < least:
            continue
        if source.shape[1] != width:
            source = np.asarray(cv2.resize(source, (width, len(source)), interpolation=cv2.INTER_LINEAR), np.float32)
        if len(plane) == height:
            yield rows, source[: rows.stop - rows.start]
            continue
        weight = weights[rows, None]
        values, below = source[lower[rows] - first], source[upper[rows] - first]
        values *= 1 - weight
        below *= weight
        values += below
        yield rows, values


def _find_neighbours(length: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The two of `length` values around each of `wanted` places, and the weight of the second; places are middles."""
    place = np.clip((np.arange(wanted) + 0.5) * (length / wanted) - 0.5, 0, length - 1)
    lower = np.floor(place).astype(np.intp)
    return lower, np.minimum(lower + 1, length - 1), (place - lower).astype(np.float32)
