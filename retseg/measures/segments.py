"""Measure the segments of vessels between branching points: lengths, bends, and the angles at which they part."""

import math
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.measures.skeleton import Mask, Path, VesselTree
from retseg.measures.vessels import SHORTEST_CHORD, smooth_line
from retseg.preprocessing import bounding_box

SMOOTHING_SHARE, LEAST_SMOOTHING = 0.005, 2.0
"""A line is smoothed by a Gaussian whose deviation is this share of the field of view, and this many pixels at least:
so its bends are those of the vessel and not of the grid, at any size of the image."""

LEAST_TURN = 0.1
"""Radians: a bend that turns by less is none, and what follows it is no inflection."""

ARM = 10.0
"""Pixels of a branch, beyond the width of the vessel, over which its direction at a branching point is taken."""

SMALLEST_ARM = 5.0
"""Pixels: a shorter branch has no direction."""


@dataclass(frozen=True)
class SegmentMeasures:
    """The segments of the vessels of one image.

    Attributes:
        segments: branches between branching points and ends whose ends are at least 10 pixels apart.
        segment_length: the mean of their lengths, in pixels; nan without any.
        curvature: by how much they turn, in radians, divided by their length, in pixels; nan without any.
        inflections: how often a segment changes the side to which it bends, as a mean; nan without any.
        bifurcations: branching points where three branches meet whose directions are known.
        bifurcation_angle: between the two branches that are nearest to each other, in degrees, as a mean; nan without
            any.
    """

    segments: int
    segment_length: float
    curvature: float
    inflections: float
    bifurcations: int
    bifurcation_angle: float


def measure_segments(mask: Mask, tree: VesselTree, field_of_view: Mask) -> SegmentMeasures:
    """Measure the branches of a tree; mask and field of view are bool (H, W)."""
    rows, columns = bounding_box(field_of_view)
    side = max(rows.stop - rows.start, columns.stop - columns.start)
    deviation = max(LEAST_SMOOTHING, SMOOTHING_SHARE * side)
    lines = [smooth_line(branch) for branch in tree.branches]
    long = [line for line in lines if np.hypot(*(line[-1] - line[0])) >= SHORTEST_CHORD]
    bends = [bend for line in long if (bend := measure_bends(line, deviation)) is not None]
    turned, lengths = sum(bend.turned for bend in bends), sum(bend.length for bend in bends)
    angles = measure_angles(mask, tree)
    return SegmentMeasures(
        segments=len(long),
        segment_length=_mean([measure_arc(line) for line in long]),
        curvature=turned / lengths if lengths else float("nan"),
        inflections=_mean([bend.inflections for bend in bends]),
        bifurcations=len(angles),
        bifurcation_angle=_mean(angles),
    )


@dataclass(frozen=True)
class Bend:
    """How one line bends: radians turned to either side together, pixels of length, changes of side."""

    turned: float
    length: float
    inflections: int


def measure_bends(line: NDArray[np.float64], deviation: float) -> Bend | None:
    """The bends of a line (n, 2) smoothed by `deviation`, in pixels; None of a line too short to be smoothed."""
    from scipy.ndimage import gaussian_filter1d  # a container imports this file, and measures nothing

    margin = round(2 * deviation)
    smooth = gaussian_filter1d(line, deviation, axis=0, mode="nearest")[margin:-margin]
    if len(smooth) < margin:
        return None
    steps = np.diff(smooth, axis=0)
    turns = np.diff(np.unwrap(np.arctan2(steps[:, 0], steps[:, 1])))
    return Bend(float(np.abs(turns).sum()), float(np.hypot(*steps.T).sum()), count_inflections(turns))


def count_inflections(turns: NDArray[np.float64]) -> int:
    """How often the side changes among turns, in radians; parts that turn by less than `LEAST_TURN` do not count."""
    parts = np.split(turns, np.flatnonzero(np.diff(np.sign(turns))) + 1)
    clear = [total for part in parts if abs(total := float(part.sum())) >= LEAST_TURN]
    return sum(before * after < 0 for before, after in pairwise(clear))


def measure_arc(line: NDArray[np.float64]) -> float:
    """The length of a line, (n, 2)."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def measure_angles(mask: Mask, tree: VesselTree) -> list[float]:
    """The angle of every bifurcation, in degrees: the smallest of the three between its branches.

    A crossing, where four branches meet, is none.
    """
    distance = np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
    count, labels = cv2.connectedComponents(tree.meetings.astype(np.uint8), connectivity=8)
    numbers = np.asarray(labels, np.intp)
    widest = np.zeros(count)
    np.maximum.at(widest, numbers[tree.meetings], distance[tree.meetings])
    arms: list[list[NDArray[np.float64] | None]] = [[] for _ in range(count)]
    for branch in tree.branches:
        if tree.meetings[tuple(branch.T)].all():
            continue
        for way in (branch, branch[::-1]):
            meeting = int(numbers[tuple(way[0])])
            if meeting:
                arms[meeting].append(find_direction(way, float(widest[meeting])))
    angles = []
    for directions in arms:
        known = [direction for direction in directions if direction is not None]
        if len(directions) == len(known) == 3:
            pairs = [known[0] @ known[1], known[0] @ known[2], known[1] @ known[2]]
            angles.append(math.degrees(math.acos(min(1.0, float(max(pairs))))))
    return angles


def find_direction(branch: Path, radius: float) -> NDArray[np.float64] | None:
    """The direction, of length 1, in which a branch leaves its first pixel, beyond the radius of the vessel there.

    None where the branch is too short.
    """
    line = smooth_line(branch)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    arm = (along >= radius) & (along <= radius + ARM)
    if not arm.any() or np.ptp(along[arm]) < SMALLEST_ARM:
        return None
    chosen = line[arm]
    direction = chosen[-1] - chosen[0]
    return np.asarray(direction / max(1e-9, float(np.hypot(*direction))), np.float64)


def _mean(values: list[float] | list[int]) -> float:
    return float(np.mean(values)) if values else float("nan")
