"""Is this the kind of image that was expected, does it show vessels, and are they in focus? Judged by the pixels alone.

The thresholds lie between what was measured on real images and what was made from them (test_appearance.py): 40 images
of DRIVE, 28 of CHASE_DB1, 30 of HRF, 24 of IDRiD and 12 OCT angiograms on one side; the same out of focus, with their
vessels painted over, or handed in as the other kind, on the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.image.field_of_view import Fault, FieldOfView, take_logarithm
from retseg.vocabulary import VIEWS, Modality

WORKING_SIDE = 512  # pixels: larger fields of view are reduced to it; vessels are then 1 to 8 wide
MARGIN = 0.04  # of the side: so much of the edge of the field of view is left out
LINE = 21  # pixels: a vessel is straight over this length, a speck of noise is not
DIRECTIONS = 8
STRIDE = 2  # pixels: lines are looked for around every second pixel of every second row; all pixels are averaged over

# The median difference between the largest and the smallest channel, in grey levels: photographs have 75 to 245, stored
# angiograms 0.
LEAST_COLOUR = 20.0
# Bright lines against dark ones: angiograms have 1.15 to 1.76, photographs in grey 0.68 to 1.21, mostly under 1.
LEAST_BRIGHT, MOST_DARK = 1.1, 1.0
# Detail of 1 to 2 pixels against that of 2 to 4: sharp images have 0.62 and more, a blur by 3 pixels leaves under 0.46.
LEAST_FOCUS = 0.5
# The strongest lines against the deviation of the whole picture: images with vessels have more than 1.22, noise under
# 0.9, and 17 of 20 photographs of DRIVE with their vessels painted over less than 1.13 (the others, 1.21 to 1.34).
LEAST_LINES = 1.15
# The 95th percentile of the slope of the logarithm of brightness, per pixel of a copy of 160 a side, without the rim:
# photographs of the retina have up to 0.09, their green channel alone 0.11, scenes and eyes from outside 0.13 and more.
MOST_SLOPE, SCENE_SIDE = 0.12, 160
# The part of the pixels that is bluer than red by 8 grey levels: none of any retina's.
MOST_BLUE = 0.2
# A pupil: a round black part, in parts of the picture; black is below this part of the median brightness.
SMALLEST_PUPIL, LARGEST_PUPIL, BLACK, LEAST_ROUND = 0.003, 0.1, 0.3, 0.6
# A fluorescein angiogram is a disc, an OCT angiogram fills its frame.
DISC_QUALITY = 0.9

FAULTS: Mapping[Fault, str] = {
    "writing": "{name} shows no retina, only small bright parts, as writing has.",
    "two discs": "{name} shows two discs, as a stereo pair does: cut it apart, the models expect one.",
    "montage": "{name} looks like a montage: the models expect one photograph, and its masks may be wrong.",
    "no disc": "What is lit in {name} is no disc: is it a montage, or an ultra-wide image? Its masks may be wrong.",
    "faint": "Much of the edge of the field of view of {name} cannot be seen: check where its masks end.",
}
"""What is said of a field of view that is not as it should be."""


@dataclass(frozen=True)
class Detail:
    """The fine structure of an image inside its field of view.

    Attributes:
        ridges: float32 (h, w), above 0 where a pixel is darker than what surrounds it, as a vessel in a photograph.
        inner: bool (h, w), the field of view without its edge.
        focus: the finest detail against that of twice its size; no number of an image without any.
    """

    ridges: NDArray[np.float32]
    inner: NDArray[np.bool_]
    focus: float


def describe_problems(pixels: NDArray[np.uint8], found: FieldOfView, modality: Modality, name: str) -> tuple[str, ...]:
    """A sentence about an image that is not what a model for this kind of image expects; none where it is.

    Args:
        pixels: uint8 (H, W, 3).
        found: its field of view.
        modality: that the model is for; of a kind that this package does not know, nothing is expected.
        name: of the file, for the sentence.
    """
    if min(pixels.shape[:2]) < LINE or modality not in VIEWS:
        return ()
    recognised = recognise_modality(pixels)
    if modality == "octa" and recognised == "cfp":
        return (f"{name} looks like a photograph, and the model is for OCT angiograms: do not trust its masks.",)
    if modality == "cfp" and recognised == "octa":
        disc = found.circle is not None and found.quality >= DISC_QUALITY
        kind = "a fluorescein angiogram" if disc else "an OCT angiogram"
        return (f"{name} looks like {kind}, and the model is for photographs: do not trust its masks.",)
    if modality == "cfp" and (scene := describe_scene(pixels, found.mask, name)):
        return scene
    faults = (FAULTS[found.fault].format(name=name),) if found.fault is not None and found.fault in FAULTS else ()
    if found.fault in ("two discs", "montage") or not found.mask.any():
        return faults
    detail = measure_detail(pixels, found.mask)
    lines = measure_lines(detail.ridges if modality == "cfp" else -detail.ridges, detail.inner)
    if lines <= LEAST_LINES * deviation(detail.ridges, detail.inner):
        return (*faults, f"{name} shows no vessels: is this a retina, and is it well lit?")
    if detail.focus < LEAST_FOCUS:
        return (*faults, f"{name} is out of focus, or enlarged: thin vessels and small lesions will be missed.")
    return faults


def describe_scene(pixels: NDArray[np.uint8], field_of_view: NDArray[np.bool_], name: str) -> tuple[str, ...]:
    """A sentence about a picture that is too rich in contrast, or too blue, to be a retina; none of a retina.

    Args:
        pixels: uint8 (H, W, 3).
        field_of_view: bool (H, W).
        name: of the file, for the sentence.
    """
    scale = min(1.0, SCENE_SIDE / max(field_of_view.shape))
    size = [max(1, round(side * scale)) for side in field_of_view.shape[::-1]]
    reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(field_of_view.astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    side = 2 * max(2, round(0.05 * max(size))) + 1
    inner = cv2.erode(inside, np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0
    if not inner.any():
        return ()
    brightest = np.asarray(reduced.max(axis=2), np.uint8)
    smooth = take_logarithm(brightest)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *order, scale=0.125) for order in ((1, 0), (0, 1)))
    slope = np.percentile(np.hypot(across, down)[inner], 95)
    shades = reduced[inner].astype(np.int16)
    blue = np.mean(shades[:, 2] > shades[:, 0] + 8)
    if slope <= MOST_SLOPE and blue <= MOST_BLUE:
        return ()
    if shows_pupil(brightest):
        return (f"{name} shows a pupil: it is an eye from outside, not a retina. Do not trust its masks.",)
    return (f"{name} does not look like a retina but like another scene: do not trust its masks.",)


def shows_pupil(brightness: NDArray[np.uint8]) -> bool:
    """Whether uint8 (h, w) has a round black part that does not touch the frame."""
    black = (brightness < BLACK * float(np.median(brightness))).astype(np.uint8)
    opened = cv2.morphologyEx(black, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(opened, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    height, width = brightness.shape
    for contour in contours:
        left, top, across, down = cv2.boundingRect(contour)
        area = cv2.contourArea(contour)
        inside = left > 0 and top > 0 and left + across < width and top + down < height
        large = SMALLEST_PUPIL <= area / brightness.size <= LARGEST_PUPIL
        radius = cv2.minEnclosingCircle(contour)[1]
        if inside and large and area >= LEAST_ROUND * np.pi * radius**2:
            return True
    return False


def recognise_modality(pixels: NDArray[np.uint8]) -> Modality | None:
    """What kind of image this is by its colour, or in a grey one by its bright or dark vessels; None if it is unclear.

    Args:
        pixels: uint8 (H, W, 3).
    """
    if measure_colour(pixels) >= LEAST_COLOUR:
        return "cfp"
    detail = measure_detail(pixels, np.ones(pixels.shape[:2], np.bool_))
    least = LEAST_LINES * deviation(detail.ridges, detail.inner)
    bright, dark = measure_lines(-detail.ridges, detail.inner), measure_lines(detail.ridges, detail.inner)
    if bright > max(LEAST_BRIGHT * dark, least):
        return "octa"
    return "cfp" if dark > least and bright < MOST_DARK * dark else None


def measure_colour(pixels: NDArray[np.uint8]) -> float:
    """The median difference between a pixel's channels where it is not black, in grey levels; 0 of a black image."""
    step = max(1, max(pixels.shape[:2]) // 256)
    reduced = pixels[::step, ::step].astype(np.int16)
    brightest = reduced.max(axis=2)
    spread = (brightest - reduced.min(axis=2))[brightest > 20]
    return float(np.median(spread)) if spread.size else 0.0


def measure_detail(pixels: NDArray[np.uint8], field_of_view: NDArray[np.bool_]) -> Detail:
    """The structure of an image's green channel inside its field of view, on a copy of at most `WORKING_SIDE` a side.

    Args:
        pixels: uint8 (H, W, 3).
        field_of_view: bool (H, W), with at least one pixel set.
    """
    left, top, width, height = cv2.boundingRect(field_of_view.astype(np.uint8))
    window = slice(top, top + height), slice(left, left + width)
    green, inside = np.ascontiguousarray(pixels[..., 1][window]), field_of_view[window].astype(np.uint8)
    scale = min(1.0, WORKING_SIDE / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        green = np.asarray(cv2.resize(green, size, interpolation=cv2.INTER_AREA), np.uint8)
        inside = np.asarray(cv2.resize(inside, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    side = 2 * max(1, round(MARGIN * max(inside.shape))) + 1
    inner = cv2.erode(inside, np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1) > 0
    fine, middle, coarse = (cv2.GaussianBlur(green.astype(np.float32), (0, 0), sigma) for sigma in (1, 2, 4))
    below = deviation(middle - coarse, inner)
    focus = deviation(fine - middle, inner) / below if below > 0 else float("nan")
    return Detail(np.asarray(coarse - fine, np.float32), np.asarray(inner), focus)


def measure_lines(ridges: NDArray[np.float32], inner: NDArray[np.bool_]) -> float:
    """How strong the strongest lines are: the 95th percentile, inside, of ridges averaged along their best direction.

    Args:
        ridges: float32 (h, w), above 0 on lines.
        inner: bool (h, w).
    """
    seen = inner[::STRIDE, ::STRIDE]
    if not seen.any():
        return 0.0
    # A line's kernel is nearly all zeros, and filter2D takes one of this size through Fourier space: shifted copies are
    # summed instead. A phase is what one offset meets at all the places that are looked at.
    reach = LINE // 2
    padded = cv2.copyMakeBorder(ridges, reach, reach, reach, reach, cv2.BORDER_REFLECT_101)
    phases = [[np.ascontiguousarray(padded[y::STRIDE, x::STRIDE]) for x in range(STRIDE)] for y in range(STRIDE)]
    height, width = seen.shape
    best = np.full(seen.shape, -np.inf, np.float32)
    for direction in range(DIRECTIONS):
        places = np.argwhere(draw_line(np.pi * direction / DIRECTIONS)).tolist()
        total = np.zeros(seen.shape, np.float32)
        for y, x in places:
            top, left = y // STRIDE, x // STRIDE
            total += phases[y % STRIDE][x % STRIDE][top : top + height, left : left + width]
        np.maximum(best, total / np.float32(len(places)), out=best)
    return float(np.percentile(best[seen], 95))


def deviation(values: NDArray[np.float32], inner: NDArray[np.bool_]) -> float:
    """The standard deviation of float32 (h, w) where `inner`, bool (h, w), is set; not a number where none is."""
    if not inner.any():
        return float("nan")
    return float(cv2.meanStdDev(values, mask=inner.view(np.uint8))[1][0, 0])


def draw_line(angle: float) -> NDArray[np.bool_]:
    """A straight line through the middle of bool (LINE, LINE); the angle in radians."""
    line = np.zeros((LINE, LINE), np.bool_)
    reach = np.linspace(-(LINE // 2), LINE // 2, 4 * LINE)
    rows = np.rint(LINE // 2 + reach * np.sin(angle)).astype(np.intp)
    columns = np.rint(LINE // 2 + reach * np.cos(angle)).astype(np.intp)
    line[rows, columns] = True
    return line
