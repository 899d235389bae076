"""The field of view: the lit disc of a fundus photograph, found from its pixels.

A disc is a circle that the frame or black bars may cut. It is fitted to the edge (`disc`), and the edge beside it is
then followed (`outline`). Writing, dust, light at the frame's edge and a border that is not black do not matter, since
they lie on no common circle. Where no circle fits, the widest area that is brighter than a dark surround is taken.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.image.disc import FULL_STEP, LEAST_STEP, Circle, Fit, direct_rays, fit_discs
from retseg.image.outline import Cuts, fill_outline, find_cuts, measure_reach, trace_edge

# The edge is followed on a copy of at most the first side; the circle is searched for on one of the second.
WORKING_SIDE, FITTING_SIDE = 640, 320
SMALLEST_SIDE = 16
SMALLEST_AREA = 0.05  # of the frame: less is a caption or a reflex, not a retina
SMALLEST_CONTRAST = 6.0  # grey levels of 255 between the parts of an image: with less there is nothing to see
DARKNESS = 6.0  # grey levels added before the logarithm, so that noise in the dark is no edge
LEAST_QUALITY = 0.5  # of a disc: with less it is none
GOOD_QUALITY, CLEARLY_BETTER = 0.82, 0.1  # a disc that is not good is one if no other shape is clearly better
FAINT_QUALITY = 0.8
RECTANGULAR = 0.95  # of its bounding box that the mount of a slide fills
LEAST_LIT = 0.2  # between the logarithms of the brightness of a disc at the frame's side and of the border
LEAST_ARC = 0.2  # of the frame's longer side: the least length of an edge that is round

SMALLEST_PART = 0.04  # of the frame's longer side: what is narrower is no retina
LEAST_CONTRAST = 0.6  # between the logarithms of the brightness of what is lit and of a dark surround
DIM = 0.3  # of the way from the one to the other, in logarithms: what is darker is surround
LEAST_SURROUND = 0.35  # of the frame's rim that a dark surround takes
LEAST_SHARE = 0.2  # of the largest part: a smaller one is no part of the retina
SHARP = 0.3  # between the logarithms of the brightness within 3 pixels of an outline
LEAST_SHARP = 0.6  # of an outline on an edge: with less, dark and bright parts are both retina
LEAST_CONVEX = 0.95  # of its convex hull: with less, what is lit has notches, as a montage has
# Another disc: how much of its edge is seen, how its radius may differ, how far it is in parts of the sum of the radii.
LEAST_SECOND, MOST_UNLIKE, LEAST_BESIDE, LEAST_APART = 0.5, 1.6, 0.4, 0.85
# A disc whose whole edge is seen may be darker than the first by so much, in logarithms: two exposures.
WHOLE, MOST_DARKER = 0.9, 1.2

Fault = Literal["even", "writing", "no disc", "two discs", "montage", "faint"]


@dataclass(frozen=True)
class FieldOfView:
    """The part of an image that shows the retina.

    Attributes:
        mask: bool (H, W).
        circle: the disc whose part it is, in pixels; None where no circle fits.
        quality: the share of the outline where the image is as an edge should be, in [0, 1]; 0 where there is none.
        fault: what is off. `even`: there is nothing to see, all is black or of one brightness. `writing`: nothing is
            lit but small parts, as a caption. `no disc`: what is lit is neither a disc nor the whole frame. `two
            discs`: beside each other. `montage`: discs that overlap. `faint`: a disc of which much of the edge cannot
            be seen. None where nothing is.
    """

    mask: NDArray[np.bool_]
    circle: Circle | None
    quality: float
    fault: Fault | None

    @classmethod
    def known(cls, mask: NDArray[np.bool_]) -> "FieldOfView":
        """One that was given, bool (H, W), and not found in the image."""
        return cls(mask, None, 1.0, None)


def find_field_of_view(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The mask of `fit_field_of_view`: bool (H, W)."""
    return fit_field_of_view(pixels).mask


def whole_frame(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The field of view of an image without a border, as en-face OCT angiography: bool (H, W), all True."""
    return np.ones(pixels.shape[:2], np.bool_)


def fit_field_of_view(pixels: NDArray[np.uint8]) -> FieldOfView:
    """Find the lit area of a fundus photograph, and say how well it fits.

    Args:
        pixels: uint8 (H, W, 3), RGB.

    Returns:
        The disc; the whole frame when there is no dark border; nothing of a black, tiny or featureless image.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        return FieldOfView(np.zeros((height, width), np.bool_), None, 0.0, "even")
    brightness = reduce_to_brightness(pixels)
    smooth = smooth_out(brightness)
    if np.ptp(smooth) < SMALLEST_CONTRAST:
        return FieldOfView(np.zeros((height, width), np.bool_), None, 0.0, "even")
    logarithm = take_logarithm(smooth)
    fits = fit_discs(logarithm)
    cuts = find_cuts(logarithm, fits[0])
    quality = measure_quality(logarithm, fits[0], cuts)
    if quality < LEAST_QUALITY or fits[0].length < LEAST_ARC * max(logarithm.shape):
        return find_lit_area(logarithm, (height, width))
    if quality < GOOD_QUALITY:
        other = find_lit_area(logarithm, (height, width))
        clearly = other.fault == "no disc" and other.quality >= quality + CLEARLY_BETTER
        if clearly and not is_mount(logarithm, other.mask, fits[0].circle):
            return other
    scale = np.array([width / logarithm.shape[1], height / logarithm.shape[0]])
    mask = trace_mask(brightness, logarithm, fits[0].circle, cuts, (height, width))
    circle = enlarge(fits[0].circle, cuts, scale)[0]
    second = find_second(logarithm, fits)
    if second is None:
        return FieldOfView(mask, circle, quality, "faint" if quality < FAINT_QUALITY else None)
    cuts = find_cuts(logarithm, second)
    mask |= trace_mask(brightness, logarithm, second.circle, cuts, (height, width))
    if measure_distance(fits[0].circle, second.circle) >= LEAST_APART:
        return FieldOfView(mask, circle, quality, "two discs")
    mask |= find_lit_area(logarithm, (height, width)).mask
    return FieldOfView(mask, circle, quality, "montage")


def reduce_to_brightness(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The brightest channel of a reduced copy, specks removed: red retinas are dark in green, and grey ones are not."""
    height, width = pixels.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    size = (max(SMALLEST_SIDE, round(width * scale)), max(SMALLEST_SIDE, round(height * scale)))
    reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    red, green, blue = cv2.split(reduced)
    return np.asarray(cv2.medianBlur(cv2.max(cv2.max(red, green), blue), 3), np.uint8)


def smooth_out(brightness: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A reduced copy of uint8 (h, w) without thin writing, dust and lashes."""
    scale = min(1.0, FITTING_SIDE / max(brightness.shape))
    size = [max(SMALLEST_SIDE, round(side * scale)) for side in brightness.shape[::-1]]
    reduced = cv2.resize(brightness, size, interpolation=cv2.INTER_LINEAR) if scale < 1 else brightness
    return np.asarray(cv2.medianBlur(reduced, 5), np.uint8)


def take_logarithm(brightness: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The natural logarithm of uint8 (h, w), with noise in the dark kept small: float32."""
    table = np.log(np.arange(256, dtype=np.float32) + np.float32(DARKNESS))
    return np.asarray(cv2.GaussianBlur(cv2.LUT(brightness, table), (0, 0), 1.0), np.float32)


def enlarge(circle: Circle, cuts: Cuts, scale: NDArray[np.float64]) -> tuple[Circle, Cuts]:
    """A circle and its cuts in an image that is `scale` (x, y) times as large; pixels are areas, not points."""
    x, y = (np.array([circle.x, circle.y]) + 0.5) * scale - 0.5
    across, down = scale.tolist()
    wider = Cuts(cuts.left * across, cuts.top * down, cuts.right * across, cuts.bottom * down)
    return Circle(float(x), float(y), circle.radius * float(scale.mean())), wider


def measure_quality(logarithm: NDArray[np.float32], fit: Fit, cuts: Cuts) -> float:
    """The share of the outline where the image is as a disc's edge should be, in [0, 1].

    At the circle and at its cuts brightness falls. Where the frame cuts the disc, the last pixels are brighter than
    what lies outside of the circle elsewhere.
    """
    rays = len(fit.visible)
    cosine, sine = direct_rays(rays)
    reach = measure_reach(fit.circle, cuts, rays)
    height, width = logarithm.shape

    def look(part: float, margin: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        x, y = fit.circle.x + part * reach * cosine, fit.circle.y + part * reach * sine
        seen = (x >= margin) & (y >= margin) & (x <= width - 1 - margin) & (y <= height - 1 - margin)
        column, row = np.clip(np.rint(x), 0, width - 1), np.clip(np.rint(y), 0, height - 1)
        return logarithm[row.astype(np.intp), column.astype(np.intp)], seen

    inside, outside = look(0.96, 0)[0], look(1.04, 0)[0]
    edge, seen = look(1.0, 2)
    straight = seen & (reach < fit.circle.radius)
    dark = outside[fit.supported] if fit.supported.any() else outside
    framed = ~seen & ~fit.visible & (edge - np.median(dark) >= LEAST_LIT)
    fitting = np.where(straight, inside - outside >= 2 * LEAST_STEP, fit.supported | framed)
    return float(fitting.mean())


def trace_mask(
    brightness: NDArray[np.uint8],
    logarithm: NDArray[np.float32],
    circle: Circle,
    cuts: Cuts,
    shape: tuple[int, int],
) -> NDArray[np.bool_]:
    """The area inside the edge beside a circle and cuts that were found in `logarithm`: bool of `shape` (H, W)."""
    scale = np.array([brightness.shape[1] / logarithm.shape[1], brightness.shape[0] / logarithm.shape[0]])
    outline = trace_edge(brightness, *enlarge(circle, cuts, scale))
    scale = np.array([shape[1] / brightness.shape[1], shape[0] / brightness.shape[0]])
    return fill_outline((outline + 0.5) * scale - 0.5, shape)


def find_second(logarithm: NDArray[np.float32], fits: list[Fit]) -> Fit | None:
    """Another disc beside the first, about as large and as bright; None where there is none."""
    first = fits[0]
    for second in fits[1:]:
        alike = MOST_UNLIKE > first.circle.radius / second.circle.radius > 1 / MOST_UNLIKE
        if alike and second.support >= LEAST_SECOND and measure_distance(first.circle, second.circle) >= LEAST_BESIDE:
            levels = [measure_level(logarithm, fit.circle, first.circle) for fit in (first, second)]
            if levels[1] >= levels[0] - (MOST_DARKER if second.support >= WHOLE else FULL_STEP):
                return second
    return None


def measure_distance(first: Circle, second: Circle) -> float:
    """The distance of two centres, in parts of the sum of the radii."""
    return float(np.hypot(first.x - second.x, first.y - second.y) / (first.radius + second.radius))


def measure_level(logarithm: NDArray[np.float32], circle: Circle, without: Circle) -> float:
    """The median of the logarithm inside a circle but not inside another one; -inf where no pixel is."""
    y, x = np.ogrid[: logarithm.shape[0], : logarithm.shape[1]]
    inside = np.hypot(x - circle.x, y - circle.y) < 0.9 * circle.radius
    if circle is not without:
        inside &= np.hypot(x - without.x, y - without.y) > 1.1 * without.radius
    return float(np.median(logarithm[inside])) if inside.any() else float("-inf")


def is_mount(logarithm: NDArray[np.float32], mask: NDArray[np.bool_], circle: Circle) -> bool:
    """Whether a lit area, bool (H, W), is a slide's mount: a rectangle, darker outside of the disc than in it."""
    height, width = logarithm.shape
    lit = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
    y, x = np.ogrid[:height, :width]
    inside = np.hypot(x - circle.x, y - circle.y) < circle.radius
    around = (lit > 0) & ~inside
    _, _, across, down = cv2.boundingRect(lit)
    if not around.any() or lit.sum() < RECTANGULAR * across * down:
        return False
    return bool(np.median(logarithm[around]) < np.median(logarithm[inside & (lit > 0)]) - FULL_STEP)


def find_lit_area(logarithm: NDArray[np.float32], shape: tuple[int, int]) -> FieldOfView:
    """What is lit, where no circle fits: the widest area brighter than a dark surround, or the whole frame."""
    lit = separate_lit(logarithm)
    if lit is None:
        return FieldOfView(np.ones(shape, np.bool_), None, 0.0, None)
    side = max(3, round(SMALLEST_PART * max(lit.shape))) | 1
    opened = cv2.morphologyEx(lit, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = [cv2.contourArea(contour) for contour in contours]
    least = max(LEAST_SHARE * max(areas, default=0), SMALLEST_AREA * lit.size)
    kept = [contour for contour, area in zip(contours, areas, strict=True) if area >= least]
    if not kept:
        return FieldOfView(np.zeros(shape, np.bool_), None, 0.0, "writing" if lit.any() else "even")
    filled = cv2.drawContours(np.zeros_like(lit), kept, -1, 255, cv2.FILLED)
    hull = sum(cv2.contourArea(cv2.convexHull(contour)) for contour in kept)
    notched = sum(cv2.contourArea(contour) for contour in kept) < LEAST_CONVEX * hull
    mask = np.asarray(cv2.resize(filled, shape[::-1], interpolation=cv2.INTER_LINEAR) > 127)
    quality = measure_sharpness(logarithm, np.asarray(np.concatenate(kept)[:, 0], np.int32))
    if quality < LEAST_SHARP:
        return FieldOfView(np.ones(shape, np.bool_), None, 0.0, None)
    return FieldOfView(mask, None, quality, "montage" if notched else "no disc")


def measure_sharpness(logarithm: NDArray[np.float32], outline: NDArray[np.int32]) -> float:
    """The share of the points x, y of an outline, (n, 2), inside the frame that lie on an edge, in [0, 1]."""
    height, width = logarithm.shape
    inner = (outline > 2).all(axis=1) & (outline < (width - 3, height - 3)).all(axis=1)
    if not inner.any():
        return 0.0
    square = np.ones((7, 7), np.uint8)
    spread = cv2.dilate(logarithm, square) - cv2.erode(logarithm, square)
    return float((spread[outline[inner, 1], outline[inner, 0]] >= SHARP).mean())


def separate_lit(logarithm: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """What is brighter than a dark surround, uint8 (h, w), 0 or 255; None where there is no dark surround."""
    low, high = float(logarithm.min()), float(logarithm.max())
    levels = ((logarithm - low) * (255 / max(high - low, 1e-6))).astype(np.uint8)
    _, lit = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    border = float(np.median(logarithm[lit == 0]))
    contrast = float(np.median(logarithm[lit > 0])) - border
    rim = np.concatenate([lit[0], lit[-1], lit[:, 0], lit[:, -1]])
    if contrast < LEAST_CONTRAST or (rim == 0).mean() < LEAST_SURROUND:
        return None
    return np.asarray((logarithm > border + DIM * contrast) * np.uint8(255), np.uint8)
