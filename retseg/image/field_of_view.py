"""The field of view: the lit disc of a fundus photograph, found from its pixels.

A low global threshold and a convex hull say roughly where the lit area is, whatever its shape: whole discs, discs cut
by the frame or by black bars. The edge is then placed where brightness has fallen to a fixed part of what it is just
inside, separately for every direction, because the light of a fundus camera is uneven: one threshold cannot be right
both at a glaring and at a dim stretch of the same edge.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# The search runs on a copy of at most this many pixels a side; the edge it finds is placed between pixels.
WORKING_SIDE = 640
SMALLEST_SIDE = 16
SMALLEST_AREA = 0.05  # of the frame: less is a caption or a reflex, not a retina
# Differences in brightness (grey levels of 255) below which there is nothing to see.
SMALLEST_CONTRAST = 6.0
# A border brighter than this part of the retina is no border: the retina fills the frame.
BRIGHTEST_BORDER = 0.4
LOW_THRESHOLD = 0.12  # of the way from the border's brightness to the retina's
EDGE_THRESHOLD = 0.4  # the same, from the border's to that of the retina next to this stretch of the edge
DIRECTIONS = 360
INNER_RING = np.linspace(0.85, 0.95, 12)  # where "next to the edge" is, in parts of the radius
DEEPEST_NOTCH = 0.93  # of the hull's radius: deeper, and the dark stretch belongs to the retina
PADDING = 3


@dataclass(frozen=True)
class Levels:
    """Brightness of the border and of the retina, and the threshold between them, in grey levels."""

    border: float
    retina: float
    threshold: float


def find_field_of_view(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find the lit area of a fundus photograph.

    Args:
        pixels: uint8 (H, W, 3), RGB.

    Returns:
        bool (H, W): the convex lit area; the whole frame when there is no dark border; all False for a black, tiny or
        featureless image.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        return np.zeros((height, width), np.bool_)
    brightness = reduce_to_brightness(pixels)
    levels = measure_levels(brightness)
    if levels is None:
        return np.zeros((height, width), np.bool_)
    if levels.border > BRIGHTEST_BORDER * levels.retina:
        return whole_frame(pixels)
    rough = fill_lit_hull(brightness, levels.threshold)
    if rough.mean() < SMALLEST_AREA:
        return np.zeros((height, width), np.bool_)
    outline = trace_edge(brightness, rough, levels)
    scale = np.array([width / brightness.shape[1], height / brightness.shape[0]])
    return fill_outline((outline + 0.5) * scale - 0.5, (height, width))


def whole_frame(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The field of view of an image without a border, as en-face OCT angiography: bool (H, W), all True."""
    return np.ones(pixels.shape[:2], np.bool_)


def reduce_to_brightness(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The brightest channel of a reduced copy, specks removed: red retinas are dark in green, and grey ones are not."""
    height, width = pixels.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(SMALLEST_SIDE, round(width * scale)), max(SMALLEST_SIDE, round(height * scale)))
    reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    red, green, blue = cv2.split(reduced)
    return np.asarray(cv2.medianBlur(cv2.max(cv2.max(red, green), blue), 3), np.uint8)


def measure_levels(brightness: NDArray[np.uint8]) -> Levels | None:
    """Brightness of the darkest corner and of the retina; None when the image holds nothing to see."""
    thumbnail = cv2.resize(brightness, (32, 32), interpolation=cv2.INTER_AREA)
    if np.ptp(thumbnail) < SMALLEST_CONTRAST:
        return None
    side = max(3, min(brightness.shape) // 80)
    ends = (slice(0, side), slice(-side, None))
    corner = min((brightness[rows, columns] for rows in ends for columns in ends), key=np.median)
    border, noise = float(np.median(corner)), float(np.std(corner))
    counts = np.bincount(brightness.ravel(), minlength=256)
    threshold = border + 2
    for _ in range(3):
        retina = median_above(counts, threshold)
        threshold = max(border + LOW_THRESHOLD * (retina - border), border + 4 * noise, border + 2)
    retina = median_above(counts, threshold)
    return Levels(border, retina, threshold) if retina - border >= SMALLEST_CONTRAST else None


def median_above(counts: NDArray[np.intp], threshold: float) -> float:
    """The median of the grey levels above a threshold, from their histogram (256,); 0 when there are none."""
    above = np.where(np.arange(256) > threshold, counts, 0).cumsum()
    return float(np.searchsorted(above, above[-1] / 2)) if above[-1] else 0.0


def fill_lit_hull(brightness: NDArray[np.uint8], threshold: float) -> NDArray[np.uint8]:
    """The convex hull of the largest area above a threshold: uint8 (h, w), 0 or 1."""
    above = (brightness > threshold).astype(np.uint8)
    lit = cv2.morphologyEx(above, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    contours, _ = cv2.findContours(lit, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = np.zeros(brightness.shape, np.uint8)
    if contours:
        cv2.fillConvexPoly(hull, cv2.convexHull(max(contours, key=cv2.contourArea)), 1)
    return hull


def trace_edge(brightness: NDArray[np.uint8], rough: NDArray[np.uint8], levels: Levels) -> NDArray[np.float64]:
    """Place the edge between pixels, direction by direction, seen from the middle of the rough area.

    The frame is continued by `PADDING` pixels, so that an area cut by the frame reaches all the way to it.

    Returns:
        Points (DIRECTIONS, 2) as x, y in pixels of `brightness`.
    """
    padding = (PADDING, PADDING, PADDING, PADDING)
    padded = np.asarray(cv2.copyMakeBorder(brightness, *padding, cv2.BORDER_REPLICATE), np.uint8)
    area = np.asarray(cv2.copyMakeBorder(rough, *padding, cv2.BORDER_REPLICATE), np.uint8)
    moments = cv2.moments(area, binaryImage=True)
    centre = (moments["m10"] / moments["m00"], moments["m01"] / moments["m00"])
    left, top, width, height = cv2.boundingRect(area)
    reach = (max(centre[0] - left, left + width - centre[0]), max(centre[1] - top, top + height - centre[1]))
    longest = int(np.hypot(*reach)) + 2 * PADDING
    rays = unroll(padded, centre, longest, cv2.INTER_LINEAR)
    radius = np.count_nonzero(unroll(area, centre, longest, cv2.INTER_NEAREST), axis=1).astype(np.float64)

    direction = np.arange(DIRECTIONS)
    ring = rays[direction[:, None], (radius[:, None] * INNER_RING).astype(np.intp)]
    inside = smooth_around(np.median(ring, axis=1), 8)
    threshold = np.maximum(levels.threshold, levels.border + EDGE_THRESHOLD * (inside - levels.border))
    edge = last_crossing(rays, threshold, radius + 2)
    edge = smooth_around(np.where(edge < DEEPEST_NOTCH * radius, radius, edge), 2)
    angle = direction * (2 * np.pi / DIRECTIONS)
    outline = np.stack([centre[0] + edge * np.cos(angle), centre[1] + edge * np.sin(angle)], axis=1)
    return np.asarray(outline - PADDING, np.float64)


def unroll(
    image: NDArray[np.uint8], centre: tuple[float, float], longest: int, interpolation: int
) -> NDArray[np.uint8]:
    """Rays (DIRECTIONS, longest) from a centre outwards, one value per pixel of distance, 0 beyond the image."""
    flags = interpolation | cv2.WARP_FILL_OUTLIERS | cv2.WARP_POLAR_LINEAR
    return np.asarray(cv2.warpPolar(image, (longest, DIRECTIONS), centre, longest, flags), np.uint8)


def last_crossing(
    rays: NDArray[np.uint8], threshold: NDArray[np.float64], limit: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The distance at which each ray falls below its threshold for the last time before its limit; 0 if never."""
    steps = np.arange(rays.shape[1])
    above = (rays >= threshold[:, None]) & (steps <= limit[:, None])
    last = np.where(above.any(axis=1), rays.shape[1] - 1 - above[:, ::-1].argmax(axis=1), 0)
    direction = np.arange(len(rays))
    here, beyond = rays[direction, last].astype(np.float64), rays[direction, np.minimum(last + 1, rays.shape[1] - 1)]
    fall = np.where(here > beyond, here - beyond, 1.0)
    return np.asarray(last + np.clip((here - threshold) / fall, 0.0, 1.0), np.float64)


def smooth_around(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Running median over neighbouring directions, `reach` to either side, round the circle."""
    wrapped = np.concatenate([values[-reach:], values, values[:reach]])
    windows = np.lib.stride_tricks.sliding_window_view(wrapped, 2 * reach + 1)
    # Of an odd number of values; np.median would import numpy.ma to look for NaN.
    return np.partition(windows, reach, axis=1)[:, reach]


def fill_outline(outline: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels inside an outline of x, y points given between pixels: bool (H, W)."""
    filled = np.zeros(shape, np.uint8)
    fraction_bits = 4
    cv2.fillPoly(filled, [np.round(outline * 2**fraction_bits).astype(np.int32)], 1, shift=fraction_bits)
    return filled.view(np.bool_)
