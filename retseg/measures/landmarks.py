"""Find the optic disc and the fovea of a fundus photograph, by brightness, darkness and vessels.

The disc is where a bright round area meets many vessels that run up and down; the fovea is the darkest round area
without vessels at the distance from the disc that it has in every eye. Both are sought on a small copy of the image.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.preprocessing import bounding_box

Mask = NDArray[np.bool_]
Plane = NDArray[np.float32]
Point = tuple[float, float]
"""x and y in pixels; (0, 0) is the centre of the first pixel."""

SIDE = 256
"""Pixels: the longer side of the field of view on the copy."""

RADII = (0.045, 0.055, 0.065, 0.08, 0.095)
"""Of a disc, in parts of the field of view's longer side: 60 degrees show 0.05, 45 degrees 0.065, 30 degrees 0.1."""

BRIGHT_CHANNELS = (0.5, 0.5, 0.0)
"""Of red, green and blue, in the brightness of a disc: red alone is saturated there, green alone shows exudates."""

VESSEL_WEIGHT = 0.6
"""Of the vessels that run up and down beside a place, against its brightness."""

MOST = 4.0
"""Deviations: what is brighter or darker counts as this, so that a few exudates do not weigh more than a disc."""

LEAST_DISC, LEAST_BRIGHT = 2.4, 1.5
"""The score of a disc, in deviations: with less it is not believed. Without vessels its brightness alone counts."""

FOVEA_DISTANCE = (2.0, 3.6)
"""Diameters of the disc between its centre and the fovea: 4.9 mm of 1.8 mm, with what discs differ by."""

FOVEA_TILT = (-12.0, 22.0)
"""Degrees by which the fovea lies below the horizontal through the disc."""

LEAST_FOVEA = 0.5
"""The score of a fovea, in deviations: with less it is not believed."""


@dataclass(frozen=True)
class Disc:
    """The optic disc, in pixels.

    Attributes:
        x, y: of its centre.
        radius: half of its diameter.
    """

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of an eye; None where one was not found.

    Attributes:
        disc: the optic disc.
        fovea: x and y in pixels.
    """

    disc: Disc | None = None
    fovea: Point | None = None


@dataclass(frozen=True)
class Copy:
    """A small copy of an image's field of view.

    Attributes:
        bright: float32 (h, w), brightness in deviations from that of the surroundings; 0 outside.
        dark: float32 (h, w), the same of the green channel, below 0 where it is dark.
        vessels: float32 (h, w) in [0, 1], the share of vessels.
        inside: bool (h, w), the field of view.
        corner: x and y of its first pixel in the image.
        scale: pixels of the copy for each of the image.
    """

    bright: Plane
    dark: Plane
    vessels: Plane
    inside: Mask
    corner: Point
    scale: float


def find_landmarks(
    pixels: NDArray[np.uint8], field_of_view: Mask, vessels: Mask | None, disc: Mask | None
) -> Landmarks:
    """The disc, by its mask where there is one, and the fovea.

    Args:
        pixels: uint8 (H, W, 3).
        field_of_view: bool (H, W).
        vessels: bool (H, W); None where they are not segmented.
        disc: the mask of the optic disc, bool (H, W); None where it is not segmented. An empty one says that it is not
            in the image.
    """
    if not field_of_view.any():
        return Landmarks()
    copy = make_copy(pixels, field_of_view, vessels)
    place = find_disc(copy) if disc is None else measure_disc(disc)
    if place is None:
        return Landmarks()
    return Landmarks(place, find_fovea(copy, place))


def measure_disc(mask: Mask) -> Disc | None:
    """The circle with the centre and the area of a disc's largest part, bool (H, W); None of an empty mask."""
    count, _, statistics, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
    area = float(statistics[largest, cv2.CC_STAT_AREA])
    return Disc(float(centres[largest, 0]), float(centres[largest, 1]), math.sqrt(area / math.pi))


def make_copy(pixels: NDArray[np.uint8], field_of_view: Mask, vessels: Mask | None) -> Copy:
    """Reduce an image to its field of view at `SIDE`, and take away what is uneven in its light."""
    rows, columns = bounding_box(field_of_view)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels[rows, columns], size, interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = cv2.resize(field_of_view[rows, columns].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    inside = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=0) > 0
    lines: Plane = np.zeros(inside.shape, np.float32)
    if vessels is not None:
        part = vessels[rows, columns].astype(np.float32)
        lines = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)
    bright = standardise(np.asarray(small @ np.array(BRIGHT_CHANNELS, np.float32)), inside, SIDE / 5)
    dark = standardise(small[..., 1], inside, SIDE / 5)
    return Copy(bright, dark, lines, inside, (columns.start, rows.start), scale)


def standardise(plane: Plane, inside: Mask, reach: float) -> Plane:
    """A plane (h, w) minus its mean within `reach`, in deviations of what is left; 0 outside."""
    weight = inside.astype(np.float32)
    around = cv2.GaussianBlur(plane * weight, (0, 0), reach) / np.maximum(cv2.GaussianBlur(weight, (0, 0), reach), 1e-3)
    left = np.where(inside, plane - around, 0)
    spread = float(np.subtract(*np.percentile(left[inside], [84, 16]))) / 2 if inside.any() else 1.0
    return np.asarray(np.clip(left / max(1e-6, spread), -MOST, MOST), np.float32)


def find_disc(copy: Copy) -> Disc | None:
    """The disc, in pixels of the image; None where no place is like one."""
    streams = measure_streams(copy.vessels)
    best, found = -math.inf, None
    for share in RADII:
        radius = share * SIDE
        score = compare_ring(copy.bright, copy.inside, radius)
        score += VESSEL_WEIGHT * compare_streams(streams, copy.inside, radius)
        score[~copy.inside] = -math.inf
        place = np.unravel_index(int(score.argmax()), score.shape)
        if score[place] > best:
            best, found = float(score[place]), (float(place[1]), float(place[0]), radius)
    least = LEAST_DISC if copy.vessels.any() else LEAST_BRIGHT
    if found is None or best < least:
        return None
    x, y, radius = refine_disc(copy, found)
    return Disc(
        copy.corner[0] + (x + 0.5) / copy.scale - 0.5,
        copy.corner[1] + (y + 0.5) / copy.scale - 0.5,
        radius / copy.scale,
    )


def compare_ring(plane: Plane, inside: Mask, radius: float) -> Plane:
    """How much brighter each place's disc is than the ring around it, which has twice its radius: (h, w)."""
    inner = draw_circle(radius)
    outer = draw_circle(2 * radius) - np.pad(inner, round(2 * radius) - round(radius))
    weight = inside.astype(np.float32)
    means = []
    for kernel in (inner, outer):
        total = cv2.filter2D(plane * weight, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT)
        means.append(total / np.maximum(cv2.filter2D(weight, cv2.CV_32F, kernel, borderType=cv2.BORDER_CONSTANT), 1))
    return np.asarray(means[0] - means[1], np.float32)


def draw_circle(radius: float) -> Plane:
    """A filled circle of ones in a square of odd side, with that radius."""
    reach = round(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(np.hypot(x, y) <= radius, np.float32)


def measure_streams(vessels: Plane) -> Plane:
    """Where vessels run up or down rather than across, weighed by their width: (h, w), from 0 on."""
    smooth = cv2.GaussianBlur(vessels, (0, 0), 1.5)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, scale=0.125) for order in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(product, (0, 0), 3.0) for product in (across**2, down**2, across * down))
    length = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    upright = 0.5 + 0.5 * (xx - yy) / np.maximum(length, 1e-9)
    return np.asarray(upright * smooth, np.float32)


def compare_streams(streams: Plane, inside: Mask, radius: float) -> Plane:
    """How many upright vessels are above, below and on each place, in deviations from the mean: (h, w)."""
    tall = np.ones((round(6 * radius) | 1, round(1.6 * radius) | 1), np.float32)
    total = np.sqrt(np.maximum(cv2.filter2D(streams, cv2.CV_32F, tall, borderType=cv2.BORDER_CONSTANT), 0))
    spread = float(total[inside].std()) if inside.any() else 0.0
    return np.asarray((total - total[inside].mean()) / spread, np.float32) if spread > 0 else np.zeros_like(total)


def refine_disc(copy: Copy, found: tuple[float, float, float]) -> tuple[float, float, float]:
    """Move and size a circle so that the ring's edge is as steep as it can be near what was found."""
    x, y, radius = found
    turn = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    shifts = np.linspace(-0.5, 0.5, 9) * radius
    sizes = np.linspace(0.75, 1.35, 9) * radius
    smooth = cv2.GaussianBlur(copy.bright, (0, 0), 1.5)
    centre_x, centre_y, size = (each.ravel() for each in np.meshgrid(x + shifts, y + shifts, sizes, indexing="ij"))
    steps = []
    for share in (0.85, 1.2):
        at_x = np.asarray(centre_x[:, None] + share * size[:, None] * np.cos(turn), np.float32)
        at_y = np.asarray(centre_y[:, None] + share * size[:, None] * np.sin(turn), np.float32)
        steps.append(cv2.remap(smooth, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    edge = np.median(steps[0] - steps[1], axis=1) + (steps[0] - steps[1]).mean(axis=1)
    best = int(edge.argmax())
    return float(centre_x[best]), float(centre_y[best]), float(size[best])


def find_fovea(copy: Copy, disc: Disc) -> Point | None:
    """The fovea, in pixels of the image; None where none is in the field of view, or no place is like one."""
    radius = max(disc.radius * copy.scale, RADII[0] * SIDE)
    centre_x = (disc.x + 0.5 - copy.corner[0]) * copy.scale - 0.5
    centre_y = (disc.y + 0.5 - copy.corner[1]) * copy.scale - 0.5
    height, width = copy.inside.shape
    y, x = np.mgrid[:height, :width]
    away = np.hypot(x - centre_x, y - centre_y) / (2 * radius)
    tilt = np.degrees(np.arctan2(y - centre_y, np.abs(x - centre_x)))
    deep = cv2.distanceTransform(np.pad(copy.inside, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1] >= radius
    allowed = deep & (away >= FOVEA_DISTANCE[0]) & (away <= FOVEA_DISTANCE[1])
    allowed &= (tilt >= FOVEA_TILT[0]) & (tilt <= FOVEA_TILT[1])
    if not allowed.any():
        return None
    darkness = -compare_ring(copy.dark, copy.inside, 0.8 * radius)
    free = cv2.GaussianBlur(copy.vessels, (0, 0), 0.8 * radius)
    score = darkness - 4 * np.asarray(free)
    score[~allowed] = -math.inf
    place = np.unravel_index(int(score.argmax()), score.shape)
    if score[place] < LEAST_FOVEA:
        return None
    return (
        copy.corner[0] + (float(place[1]) + 0.5) / copy.scale - 0.5,
        copy.corner[1] + (float(place[0]) + 0.5) / copy.scale - 0.5,
    )
