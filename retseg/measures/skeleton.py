"""Trace the centreline of a vessel mask: its branches between branching points and ends.

Two pixels of the skeleton are neighbours when they share a side, or a corner and no common neighbour by sides
("mixed adjacency", Gonzalez and Woods). Without that rule every step of a slanting line would be a branching point.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.metrics.components import find_components

Mask = NDArray[np.bool_]
Path = NDArray[np.intp]


@dataclass(frozen=True)
class VesselTree:
    """The centreline of a vessel mask.

    Attributes:
        skeleton: bool (H, W), one pixel wide.
        branches: rows and columns, (n, 2), of the pixels of each branch in order, the branching points at its ends
            included; a ring without branching point begins and ends at one pixel.
        branching_points: where three or more branches meet.
        end_points: pixels with one neighbour.
    """

    skeleton: Mask
    branches: tuple[Path, ...]
    branching_points: int
    end_points: int


@dataclass(frozen=True)
class Graph:
    """The pixels of a skeleton: rows and columns (n, 2), the neighbours of each, and which are branching points."""

    pixels: Path
    neighbours: list[list[int]]

    def is_fork(self, pixel: int) -> bool:
        """Whether three or more branches meet in a pixel."""
        return len(self.neighbours[pixel]) > 2

    def count_forks(self, branch: list[int]) -> int:
        """The number of ends, 0 to 2, at which a branch meets others."""
        return sum(self.is_fork(pixel) for pixel in (branch[0], branch[-1]))


def trace_vessels(mask: Mask) -> VesselTree:
    """Thin a mask, bool (H, W), by Zhang and Suen's method and trace the branches of what is left.

    A branch with a free end that is not longer than the width of the vessel that it leaves is a bump of the vessel's
    edge; it is removed before the tree is traced. Two branching points that such a short branch joins count as one,
    because the centreline has two near each other where two vessels cross.
    """
    from skimage.morphology import skeletonize

    thin: Callable[[Mask], Mask] = skeletonize
    skeleton = thin(mask)
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    radius = np.asarray(distance, np.float32)
    graph = connect_pixels(skeleton)
    for branch in walk_branches(graph):
        if graph.count_forks(branch) == 1 and is_short(graph, branch, radius):
            bump = graph.pixels[[pixel for pixel in branch if not graph.is_fork(pixel)]]
            skeleton[tuple(bump.T)] = False
    graph = connect_pixels(skeleton)
    branches = list(walk_branches(graph))
    meeting = np.zeros(mask.shape, np.bool_)
    meeting[tuple(graph.pixels[[graph.is_fork(pixel) for pixel in range(len(graph.pixels))]].T)] = True
    for branch in branches:
        if graph.count_forks(branch) == 2 and is_short(graph, branch, radius):
            meeting[tuple(graph.pixels[branch].T)] = True
    points = len(find_components(meeting))
    ends = sum(len(near) == 1 for near in graph.neighbours)
    return VesselTree(skeleton, tuple(graph.pixels[branch] for branch in branches), points, ends)


def connect_pixels(skeleton: Mask) -> Graph:
    """The neighbours of every pixel of a skeleton, bool (H, W), by mixed adjacency."""
    padded = np.pad(skeleton, 1)
    inner = padded[1:-1, 1:-1]
    right, left = padded[1:-1, 2:], padded[1:-1, :-2]
    below, below_right, below_left = padded[2:, 1:-1], padded[2:, 2:], padded[2:, :-2]
    pairs = {
        (0, 1): inner & right,
        (1, 0): inner & below,
        (1, 1): inner & below_right & ~right & ~below,
        (1, -1): inner & below_left & ~left & ~below,
    }
    pixels = np.argwhere(skeleton)
    number = np.zeros(skeleton.shape, np.intp)
    number[tuple(pixels.T)] = np.arange(len(pixels))
    neighbours: list[list[int]] = [[] for _ in pixels]
    for step, first in pairs.items():
        ours = np.argwhere(first)
        for a, b in zip(number[tuple(ours.T)].tolist(), number[tuple((ours + step).T)].tolist(), strict=True):
            neighbours[a].append(b)
            neighbours[b].append(a)
    return Graph(pixels, neighbours)


def walk_branches(graph: Graph) -> Iterator[list[int]]:
    """The pixels of every branch in order: between branching points and ends, then the rings that have neither."""
    walked: set[int] = set()
    for start, near in enumerate(graph.neighbours):
        if len(near) in (0, 2) or start in walked:
            continue
        for following in near:
            if following in walked or (graph.is_fork(start) and graph.is_fork(following)):
                continue
            branch = _follow(graph, start, following)
            walked.update(pixel for pixel in branch if not graph.is_fork(pixel))
            yield branch
    for pixel, near in enumerate(graph.neighbours):
        if len(near) == 2 and pixel not in walked:
            ring = _follow(graph, pixel, near[0])
            walked.update(ring)
            yield ring


def _follow(graph: Graph, start: int, following: int) -> list[int]:
    """The pixels from a start through pixels with two neighbours, up to a branching point, an end, or the start."""
    branch = [start, following]
    while branch[-1] != start and len(graph.neighbours[branch[-1]]) == 2:
        one, other = graph.neighbours[branch[-1]]
        branch.append(other if one == branch[-2] else one)
    return branch


def is_short(graph: Graph, branch: list[int], radius: NDArray[np.float32]) -> bool:
    """Whether a branch is not longer than the width of the vessel at its branching point.

    Args:
        graph: that the branch is in.
        branch: its pixels, with a branching point at one end at least.
        radius: float32 (H, W), the distance to the background in pixels.
    """
    steps = np.diff(graph.pixels[branch], axis=0)
    widest = max(radius[tuple(graph.pixels[pixel])] for pixel in (branch[0], branch[-1]) if graph.is_fork(pixel))
    return bool(np.hypot(*steps.T).sum() <= 2 * widest)
