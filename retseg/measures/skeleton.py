"""Trace the centreline of a vessel mask: its branches between branching points and ends.

Two pixels of the skeleton are neighbours when they share a side, or a corner and no common neighbour by sides
("mixed adjacency", Gonzalez and Woods). Without that rule every step of a slanting line would be a branching point.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.metrics.components import trace_components

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
        meetings: bool (H, W), the pixels of the branching points; those that count as one are connected.
    """

    skeleton: Mask
    branches: tuple[Path, ...]
    branching_points: int
    end_points: int
    meetings: Mask


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
    edge = np.argwhere(find_edge(mask))
    graph = connect_pixels(skeleton)
    radius = find_distances(graph.pixels, edge)
    for branch in walk_branches(graph):
        if graph.count_forks(branch) == 1 and is_short(graph, branch, radius):
            bump = branch[1:-1] + [end for end in (branch[0], branch[-1]) if not graph.is_fork(end)]
            skeleton[tuple(graph.pixels[bump].T)] = False
    graph = connect_pixels(skeleton)
    radius = find_distances(graph.pixels, edge)
    branches = list(walk_branches(graph))
    meeting = np.zeros(mask.shape, np.bool_)
    meeting[tuple(graph.pixels[[graph.is_fork(pixel) for pixel in range(len(graph.pixels))]].T)] = True
    for branch in branches:
        if graph.count_forks(branch) == 2 and is_short(graph, branch, radius):
            meeting[tuple(graph.pixels[branch].T)] = True
    points = len(trace_components(meeting))
    ends = sum(len(near) == 1 for near in graph.neighbours)
    return VesselTree(skeleton, tuple(graph.pixels[branch] for branch in branches), points, ends, meeting)


def connect_pixels(skeleton: Mask) -> Graph:
    """The neighbours of every pixel of a skeleton, bool (H, W), by mixed adjacency.

    A pixel is looked up by its place in the padded frame, in the sorted list of those of the skeleton: few of the
    pixels of a frame are any.
    """
    padded = np.pad(skeleton, 1)
    width, flat = padded.shape[1], padded.ravel()
    places = np.flatnonzero(flat)
    right, left, below = (flat[places + step] for step in (1, -1, width))
    pairs = {
        1: right,
        width: below,
        width + 1: flat[places + width + 1] & ~right & ~below,
        width - 1: flat[places + width - 1] & ~left & ~below,
    }
    neighbours: list[list[int]] = [[] for _ in places]
    for step, first in pairs.items():
        ours = np.flatnonzero(first)
        for a, b in zip(ours.tolist(), np.searchsorted(places, places[ours] + step).tolist(), strict=True):
            neighbours[a].append(b)
            neighbours[b].append(a)
    return Graph(np.stack(np.divmod(places, width), axis=1) - 1, neighbours)


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
            walked.update(branch[1:-1])
            walked.update(end for end in (start, branch[-1]) if not graph.is_fork(end))
            yield branch
    for pixel, near in enumerate(graph.neighbours):
        if len(near) == 2 and pixel not in walked:
            ring = _follow(graph, pixel, near[0])
            walked.update(ring)
            yield ring


def _follow(graph: Graph, start: int, following: int) -> list[int]:
    """The pixels from a start through pixels with two neighbours, up to a branching point, an end, or the start."""
    branch = [start]
    before, here = start, following
    while here != start and len(near := graph.neighbours[here]) == 2:
        branch.append(here)
        before, here = here, near[near[0] == before]
    branch.append(here)
    return branch


def is_short(graph: Graph, branch: list[int], radius: NDArray[np.float32]) -> bool:
    """Whether a branch is not longer than the width of the vessel at its branching point.

    Args:
        graph: that the branch is in.
        branch: its pixels, with a branching point at one end at least.
        radius: float32 (n,), the distance of each pixel of the graph to the background, in pixels.
    """
    steps = np.diff(graph.pixels[branch], axis=0)
    widest = max(radius[pixel] for pixel in (branch[0], branch[-1]) if graph.is_fork(pixel))
    return bool(np.hypot(*steps.T).sum() <= 2 * widest)


def find_edge(mask: Mask) -> Mask:
    """The pixels outside a mask, bool (H, W), that share a side with one inside: the nearest to any inside is one."""
    grown = cv2.dilate(mask.view(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    return np.asarray(grown.view(np.bool_) & ~mask)


def find_distances(points: Path, others: Path) -> NDArray[np.float32]:
    """The distance of each of (n, 2) points to the nearest of (m, 2) others: float32 (n,), infinite without others."""
    if not len(points) or not len(others):
        return np.full(len(points), np.inf, np.float32)
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(others).query(points)[0], np.float32)
