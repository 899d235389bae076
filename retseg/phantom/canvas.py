"""Draw strokes and areas with sub-pixel precision, and noise of a given scale; all phantoms use it.

Everything is computed in float64, so that differences between processors stay far below half a grey level.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.phantom.vessels import Vessel

_SHIFT = 4  # fractional bits of the coordinates that OpenCV draws with


@dataclass(frozen=True)
class Frame:
    """The map from the plane of the eye to the pixels of the picture: mirrored, turned, scaled, moved.

    The point `centre` of the plane is drawn at `middle` (pixels); `scale` is in pixels per length unit.
    """

    size: tuple[int, int]  # W, H
    scale: float
    turn: float
    mirrored: bool
    centre: tuple[float, float]
    middle: tuple[float, float]

    @property
    def supersampling(self) -> int:
        """Sub-pixels per pixel side: four where the picture is small, two where pixels are fine anyway."""
        return 4 if self.scale < 1.6 else 2

    def to_pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Plane (n, 2) to pixel coordinates (n, 2), pixel centres at whole numbers."""
        moved = points - np.array(self.centre)
        if self.mirrored:
            moved = moved * np.array([-1.0, 1.0])
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        turned = moved @ np.array([[cosine, sine], [-sine, cosine]])
        return np.asarray(turned * self.scale + np.array(self.middle))

    def to_plane(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The plane's x and y at every pixel, (H, W) each."""
        width, height = self.size
        x = (np.arange(width) - self.middle[0])[None, :] / self.scale
        y = (np.arange(height) - self.middle[1])[:, None] / self.scale
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        back_x, back_y = x * cosine + y * sine, y * cosine - x * sine
        return (-back_x if self.mirrored else back_x) + self.centre[0], back_y + self.centre[1]


@dataclass(frozen=True)
class Strokes:
    """Straight strokes with round ends, each of one width and one grey value."""

    starts: NDArray[np.float64]  # (n, 2) plane
    ends: NDArray[np.float64]  # (n, 2) plane
    widths: NDArray[np.float64]  # (n,) plane units
    values: NDArray[np.float64]  # (n,) 1..255


def stroke_vessels(vessels: Iterable[Vessel], profile: Sequence[tuple[float, float]], narrowest: float) -> Strokes:
    """Strokes along vessels. `profile` holds (share of the width, grey value per unit of radius, at most 255) from the
    rim inwards; no stroke that shows the whole width is narrower than `narrowest`."""
    drawn = [vessel for vessel in vessels if len(vessel.radii) > 1]
    if not drawn:
        return Strokes(np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0), np.zeros(0))
    starts = np.concatenate([vessel.points[:-1] for vessel in drawn])
    ends = np.concatenate([vessel.points[1:] for vessel in drawn])
    radii = np.concatenate([0.5 * (vessel.radii[:-1] + vessel.radii[1:]) for vessel in drawn])
    widths = [np.maximum(2.0 * radii * share, narrowest if share == 1.0 else 0.0) for share, _ in profile]
    values = [np.clip(np.floor(value * radii), 1.0, 255.0) for _, value in profile]
    times = (len(profile), 1)
    return Strokes(np.tile(starts, times), np.tile(ends, times), np.concatenate(widths), np.concatenate(values))


def draw_strokes(strokes: Strokes, frame: Frame) -> NDArray[np.float64]:
    """Coverage-weighted grey values (H, W) in [0, 255]; where strokes overlap, the greatest value is kept."""
    return _reduce(_draw_fine(strokes, frame), frame.supersampling)


def cover(strokes: Strokes, frame: Frame) -> NDArray[np.bool_]:
    """The pixels (H, W) of which strokes cover at least half."""
    return _reduce((_draw_fine(strokes, frame) > 0).astype(np.uint8), frame.supersampling) >= 0.5


def _draw_fine(strokes: Strokes, frame: Frame) -> NDArray[np.uint8]:
    """Strokes on the supersampled picture, the greatest value on top."""
    factor = frame.supersampling
    fine = np.zeros((frame.size[1] * factor, frame.size[0] * factor), np.uint8)
    order = np.argsort(strokes.values, kind="stable")
    starts, ends = _fine_pixels(strokes.starts[order], frame), _fine_pixels(strokes.ends[order], frame)
    # OpenCV fills the pixels on the rim too, which widens everything by 0.8 of a pixel.
    half = np.maximum(0.1, 0.5 * (strokes.widths[order] * frame.scale * factor - 0.8))
    along = ends - starts
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    across = np.column_stack([-along[:, 1], along[:, 0]]) * (half / length)[:, None]
    sides = _fixed(np.stack([starts + across, ends + across, ends - across, starts - across], axis=1))
    radii, values = _fixed(half).tolist(), strokes.values[order].astype(int).tolist()
    for corners, start, end, radius, value in zip(
        sides, _fixed(starts).tolist(), _fixed(ends).tolist(), radii, values, strict=True
    ):
        cv2.fillConvexPoly(fine, corners, value, cv2.LINE_8, _SHIFT)
        for middle in (start, end):
            cv2.circle(fine, middle, radius, value, -1, cv2.LINE_8, _SHIFT)
    return fine


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Fixed-point coordinates for OpenCV."""
    return np.round(points * (1 << _SHIFT)).astype(np.int32)


def _fine_pixels(points: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """Points of the plane in the supersampled picture's pixels."""
    return (frame.to_pixels(points) + 0.5) * frame.supersampling - 0.5


def fill_outlines(outlines: Sequence[NDArray[np.float64]], frame: Frame) -> NDArray[np.float64]:
    """The share of every pixel (H, W) that lies inside any of the closed outlines (n, 2) of the plane."""
    factor = frame.supersampling
    fine = np.zeros((frame.size[1] * factor, frame.size[0] * factor), np.uint8)
    for outline in outlines:
        cv2.fillPoly(fine, [_fixed(_fine_pixels(outline, frame))], 255, cv2.LINE_8, _SHIFT)
    return _reduce(fine, factor) / 255.0


def _reduce(fine: NDArray[np.uint8], factor: int) -> NDArray[np.float64]:
    """The mean of each block of `factor` x `factor` sub-pixels, exactly."""
    rows = sum(fine[offset::factor].astype(np.uint16) for offset in range(factor))
    blocks = sum(np.asarray(rows)[:, offset::factor] for offset in range(factor))
    return np.asarray(blocks, np.float64) / (factor * factor)


def blur(field: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Gaussian blur with reflected border; a wide blur is computed on a reduced copy."""
    if sigma <= 0.05:
        return field
    if sigma > 12.0:
        factor = sigma / 5.0
        height, width = field.shape[:2]
        small = (max(8, round(width / factor)), max(8, round(height / factor)))
        reduced = cv2.resize(field, small, interpolation=cv2.INTER_AREA)
        reduced = cv2.GaussianBlur(reduced, (0, 0), 5.0 * small[0] * factor / width, borderType=cv2.BORDER_REFLECT)
        return np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_CUBIC), np.float64)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float64)


def noise(size: tuple[int, int], sigma: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A random field (H, W) of mean 0 and deviation 1 whose grains have the scale `sigma` (pixels)."""
    width, height = size
    factor = max(1.0, sigma / 3.0)
    small = (math.ceil(width / factor) + 2, math.ceil(height / factor) + 2)
    field = blur(rng.standard_normal((small[1], small[0])), min(sigma, 3.0))
    if factor > 1.0:
        field = np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_CUBIC), np.float64)
    field = field[:height, :width]
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-9))
