"""The connected components of a mask: the one place that finds them, for metrics, measures, masks and thresholds."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.metrics.counts import Mask


@dataclass(frozen=True)
class Components:
    """The 8-connected components of a mask, numbered from 1.

    Attributes:
        labels: int32 (H, W), the number of the component of each pixel; 0 outside the mask.
        sizes: int64 (n,), the pixels of each component.
        centroids: float64 (n, 2), x and y of each component in pixels; (0, 0) is the centre of the first pixel.
    """

    labels: NDArray[np.int32]
    sizes: NDArray[np.int64]
    centroids: NDArray[np.float64]

    def __len__(self) -> int:
        """The number of components."""
        return len(self.sizes)

    def count_pixels(self, other: Mask) -> NDArray[np.int64]:
        """How many pixels of each component lie in another mask, bool (H, W): int64 (n,)."""
        return np.bincount(self.labels[other], minlength=len(self) + 1)[1:]

    def keep(self, kept: NDArray[np.bool_]) -> Mask:
        """The mask, bool (H, W), of the components that are True in bool (n,)."""
        return np.concatenate([[False], kept])[self.labels]


def find_components(mask: Mask) -> Components:
    """The 8-connected components of a mask, bool (H, W)."""
    _, labels, statistics, centroids = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    sizes = statistics[1:, cv2.CC_STAT_AREA].astype(np.int64)
    return Components(np.asarray(labels, np.int32), sizes, np.asarray(centroids[1:], np.float64))


@dataclass(frozen=True)
class Outlines:
    """The 8-connected components of a mask by their outlines, which takes a tenth of the time of `find_components`.

    Attributes:
        outer: the outline of each component, x and y (n, 1, 2).
        holes: the outlines of its holes; they go through the pixels of the component.
        sizes: int64 (n,), the pixels of each component.
    """

    outer: tuple[NDArray[np.int32], ...]
    holes: tuple[tuple[NDArray[np.int32], ...], ...]
    sizes: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of components."""
        return len(self.outer)


def trace_components(mask: Mask) -> Outlines:
    """The outlines and sizes of the 8-connected components of a mask, bool (H, W).

    By Pick's theorem an outline of area A and s steps encloses A + s / 2 + 1 pixels with its own, and A - s / 2 + 1
    without. So a size is exact: what the outer outline encloses, less what the holes do.
    """
    outlines, tree = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    parents = tree[0, :, 3].tolist() if len(outlines) else []
    number = {place: k for k, place in enumerate(place for place, parent in enumerate(parents) if parent < 0)}
    holes: list[list[NDArray[np.int32]]] = [[] for _ in number]
    sizes = np.zeros(len(number), np.int64)
    for place, (outline, parent) in enumerate(zip(outlines, parents, strict=True)):
        steps = len(outline) if len(outline) > 1 else 0
        area = cv2.contourArea(outline)
        if parent < 0:
            sizes[number[place]] += round(area + steps / 2 + 1)
        else:
            sizes[number[parent]] -= round(area - steps / 2 + 1)
            holes[number[parent]].append(np.asarray(outline, np.int32))
    outer = tuple(np.asarray(outlines[place], np.int32) for place in number)
    return Outlines(outer, tuple(map(tuple, holes)), sizes)


def drop_small(mask: Mask, smallest: int) -> Mask:
    """A mask, bool (H, W), without its components (8-connected) of fewer than `smallest` pixels."""
    if smallest <= 1:
        return mask
    found = trace_components(mask)
    small = np.flatnonzero(found.sizes < smallest).tolist()
    if not small:
        return mask
    kept = mask.copy()
    # Filled in one call: what lies in an even number of outlines, as a hole and what is in it, stays as it is.
    outlines = [outline for k in small for outline in (found.outer[k], *found.holes[k])]
    cv2.fillPoly(kept.view(np.uint8), outlines, 0)
    return kept
