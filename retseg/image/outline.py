"""The outline of a field of view: a circle, straight cuts by black bars, and the edge beside them.

The outline is a polygon of one point per degree as seen from the circle's centre. It may reach beyond the frame.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.image.disc import LEAST_STEP, Circle, Fit, direct_rays, fit_shift

DIRECTIONS = 360
TRIPLES = 30  # of directions, from which the circle's last change is found
DEEPEST_CUT = 0.8  # of the radius, measured from the edge: a bar beyond that leaves no centre
SHALLOWEST_CUT = 0.03
WINDOW = 3  # pixels on either side of a row whose means are compared
STEEPEST = 1.5  # more of a fall counts no more
LEAST_STRAIGHT = 0.6  # of a bar's edge that must be seen
MOST_ROUND = 0.5  # of the fall at a bar: if it falls by more at the arc behind, there is no bar
# Where the edge is looked for along a ray, in parts of the distance, and what is taken for inside and for outside.
BAND = np.linspace(0.9, 1.1, 41)
INSIDE, OUTSIDE, SEARCHED = slice(2, 15), slice(27, 39), slice(10, 31)
EDGE_THRESHOLD = 0.4  # of the way from the brightness outside to that inside
FARTHEST = 0.035  # of the radius: an edge farther from circle and bars is a notch, a tab or a mistake


@dataclass(frozen=True)
class Cuts:
    """How far from its centre a circle is seen to the left, to the top, to the right and to the bottom, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def find_cuts(logarithm: NDArray[np.float32], fit: Fit) -> Cuts:
    """Black bars that cut a disc: straight rows or columns where brightness falls, in front of an arc without an edge.

    Args:
        logarithm: float32 (h, w), as the circle was found in.
        fit: the circle.
    """
    circle = fit.circle
    cosine, sine = direct_rays(len(fit.visible))
    reaches = []
    for towards, image, along, across in (
        (cosine, logarithm.T, circle.x, circle.y),
        (sine, logarithm, circle.y, circle.x),
    ):
        for sign in (-1, 1):
            if fit.supported[sign * towards > 1 - SHALLOWEST_CUT].all():
                reaches.append(np.inf)
                continue
            reach, fall = find_cut(image, along, across, circle.radius, sign)
            behind = fit.visible & (sign * towards * circle.radius > reach + 0.01 * circle.radius)
            round_fall = float(np.minimum(fit.steps[behind], STEEPEST).mean()) if behind.any() else 0.0
            reaches.append(reach if round_fall <= MOST_ROUND * fall else np.inf)
    left, right, top, bottom = reaches
    return Cuts(left, top, right, bottom)


def find_cut(image: NDArray[np.float32], along: float, across: float, radius: float, sign: int) -> tuple[float, float]:
    """The distance from the centre of the row where brightness falls most, and by how much; infinite where no row is.

    Args:
        image: float32 (h, w), the logarithm of brightness.
        along: row of the circle's centre.
        across: its column.
        radius: of the circle.
        sign: 1 to search downwards, -1 upwards.
    """
    height, width = image.shape
    nearest, farthest = (1 - DEEPEST_CUT) * radius, radius - max(SHALLOWEST_CUT * radius, 2 * WINDOW)
    ends = sorted((along + sign * nearest, along + sign * farthest))
    rows = np.arange(max(2, int(np.ceil(ends[0]))), min(height - 3, int(ends[1])) + 1)
    if not rows.size:
        return float("inf"), 0.0
    half = 0.92 * np.sqrt(np.maximum(radius**2 - (rows - along) ** 2, 0))
    first = np.clip(np.rint(across - half), 0, width - 1).astype(np.intp)
    last = np.clip(np.rint(across + half), 0, width - 1).astype(np.intp)
    kernel = sign * np.repeat([1.0, 0.0, -1.0], (WINDOW, 1, WINDOW))[:, None] / WINDOW
    first_row, last_row = max(0, int(rows[0]) - WINDOW), int(rows[-1]) + WINDOW + 1
    part = np.ascontiguousarray(image[first_row:last_row])
    searched = cv2.filter2D(part, cv2.CV_32F, kernel, borderType=cv2.BORDER_REPLICATE)[rows - first_row]
    strength = average_between(np.clip(searched, 0, STEEPEST), first, last)
    strength[average_between(searched >= LEAST_STEP, first, last) < LEAST_STRAIGHT] = 0
    best = int(strength.argmax())
    reach = float(sign * (rows[best] - along)) + 0.5 if strength[best] > 0 else float("inf")
    return reach, float(strength[best])


def average_between(
    values: NDArray[np.generic], first: NDArray[np.intp], last: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The mean of each row of (h, w) from its first column, (h,), to its last one, (h,)."""
    total = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    row = np.arange(len(values))
    return np.asarray((total[row, last + 1] - total[row, first]) / (last + 1 - first))


def measure_reach(circle: Circle, cuts: Cuts, rays: int) -> NDArray[np.float64]:
    """How far the outline lies from the centre in each direction, in pixels: (rays,)."""
    reach = np.full(rays, circle.radius)
    cosine, sine = direct_rays(rays)
    for towards, cut in ((-cosine, cuts.left), (-sine, cuts.top), (cosine, cuts.right), (sine, cuts.bottom)):
        if np.isfinite(cut):
            reach = np.where(towards * reach > cut, cut / np.maximum(towards, 1e-6), reach)
    return reach


def trace_edge(brightness: NDArray[np.uint8], circle: Circle, cuts: Cuts) -> NDArray[np.float64]:
    """The outline at the edge beside the circle and its cuts, placed between pixels.

    The edge lies where brightness has fallen to a fixed part of what it is just inside, separately for every direction,
    because the light of a fundus camera is uneven. Where there is none nearby, circle and cuts stand.

    Args:
        brightness: uint8 (h, w).
        circle: in pixels of `brightness`, and so are `cuts`.
        cuts: of the circle.

    Returns:
        Points (DIRECTIONS, 2) as x and y.
    """
    cosine, sine = direct_rays(DIRECTIONS)
    reach = measure_reach(circle, cuts, DIRECTIONS)
    offset, certain = find_edge(brightness, circle, reach)
    whole = reach >= circle.radius
    radius = np.array([[circle.radius]])
    shift = fit_shift(offset[None], (certain & whole)[None].astype(np.float32), radius, TRIPLES)[0]
    moved = np.where(whole, shift @ np.stack([cosine, sine, np.ones(DIRECTIONS)]), 0)
    rest = np.where(certain, offset - moved, 0)
    limit = FARTHEST * circle.radius
    rest = smooth_around(np.where(np.abs(rest) > limit, 0, rest), 4)
    outline = reach + moved + rest
    return np.stack([circle.x + outline * cosine, circle.y + outline * sine], axis=1)


def find_edge(
    brightness: NDArray[np.uint8], circle: Circle, reach: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How far the edge lies outside of the outline, in pixels, and whether there is one: (DIRECTIONS,) each."""
    cosine, sine = direct_rays(DIRECTIONS)
    distance = reach[:, None] * BAND
    x = np.asarray(circle.x + distance * cosine[:, None], np.float32)
    y = np.asarray(circle.y + distance * sine[:, None], np.float32)
    values = cv2.remap(brightness, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    height, width = brightness.shape
    seen = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    inside, outside = (smooth_around(middle_of(values[:, part]), 8) for part in (INSIDE, OUTSIDE))
    threshold = outside + EDGE_THRESHOLD * (inside - outside)
    searched = values[:, SEARCHED] - threshold[:, None]
    last = np.cumsum(searched, axis=1).argmax(axis=1)
    direction = np.arange(DIRECTIONS)
    beyond = np.minimum(last + 1, searched.shape[1] - 1)
    here, there = searched[direction, last], searched[direction, beyond]
    fall = np.where(here > there, here - there, 1)
    place = last + np.clip(here / fall, 0, 1)
    spacing = (BAND[1] - BAND[0]) * reach
    middle = (len(BAND) - 1) // 2 - SEARCHED.start
    certain = (inside - outside >= np.maximum(LEAST_STEP * inside, 2)) & (last > 0)
    certain &= (beyond > last) & seen[:, OUTSIDE.start]
    return (place - middle) * spacing, certain


def middle_of(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The median of each row; np.median would import numpy.ma to look for NaN."""
    middle = values.shape[1] // 2
    return np.partition(values, middle, axis=1)[:, middle]


def smooth_around(values: NDArray[np.floating], reach: int) -> NDArray[np.floating]:
    """Running median over neighbouring directions, `reach` to either side, round the circle."""
    wrapped = np.concatenate([values[-reach:], values, values[:reach]])
    return middle_of(np.lib.stride_tricks.sliding_window_view(wrapped, 2 * reach + 1))


def fill_outline(outline: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels inside an outline of x, y points given between pixels: bool (H, W)."""
    filled = np.zeros(shape, np.uint8)
    fraction_bits = 4
    cv2.fillPoly(filled, [np.round(outline * 2**fraction_bits).astype(np.int32)], 1, shift=fraction_bits)
    return filled.view(np.bool_)
