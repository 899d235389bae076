"""Draw masks over an image with a legend: each lesion in its colour and pattern, or a prediction against the truth."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.challenge.looks import USUAL, Looks
from retseg.colours import AGREEMENT_STYLES, Colour, Pattern, Style, find_casing

# Patterns and lines are drawn for a picture of this longer side and grow with it.
REFERENCE_SIDE = 1024
PERIOD = 12
STROKES = 0.62
GAPS = 0.16
CASING = 0.55
AGREEMENT = 0.85
LEGEND_BACKGROUND = (18, 24, 32)
LEGEND_TEXT = (236, 240, 244)
LEGEND_GROUND = (196, 108, 66)
"""As a retina is: the samples are seen on it as in the picture."""


def draw_overlay(
    pixels: NDArray[np.uint8], masks: Mapping[str, NDArray[np.bool_]], looks: Looks = USUAL
) -> NDArray[np.uint8]:
    """The image with every task's mask drawn into it and a legend underneath.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        masks: task to (H, W) bool; later ones lie on top. An empty mask stays in the legend, marked "none".
        looks: how the tasks are called and drawn.

    Returns:
        (H + legend, W, 3) uint8 RGB.

    Raises:
        ValueError: a mask of another size than the image.
    """
    styles = looks.choose_styles(tuple(masks))
    picture = paint_masks(pixels, masks, styles)
    labels = {task: looks.label(task) + ("" if mask.any() else ": none") for task, mask in masks.items()}
    return _append_legend(picture, {labels[task]: styles[task] for task in masks})


def draw_comparison(
    pixels: NDArray[np.uint8], prediction: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The image with true positives, false positives and false negatives of one task, and a legend underneath.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        prediction: (H, W) bool.
        truth: (H, W) bool.

    Returns:
        (H + legend, W, 3) uint8 RGB.

    Raises:
        ValueError: a mask of another size than the image.
    """
    parts = {
        "true positive": prediction & truth,
        "false positive": prediction & ~truth,
        "false negative": truth & ~prediction,
    }
    return _append_legend(_fill(pixels, parts), AGREEMENT_STYLES)


def paint_agreement(pixels: NDArray[np.uint8], parts: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB with the parts "tp", "fp" and "fn", each (H, W) bool, in their colours; no legend."""
    names = {"tp": "true positive", "fp": "false positive", "fn": "false negative"}
    return _fill(pixels, {names[part]: mask for part, mask in parts.items()})


def _fill(pixels: NDArray[np.uint8], parts: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """The picture with the parts of a comparison: areas in one colour, without outline."""
    picture = pixels.copy()
    for name, mask in parts.items():
        _check_size(name, mask, picture)
        _blend(picture, mask, AGREEMENT_STYLES[name].colour, AGREEMENT)
    return picture


def paint_masks(
    pixels: NDArray[np.uint8], masks: Mapping[str, NDArray[np.bool_]], styles: Mapping[str, Style]
) -> NDArray[np.uint8]:
    """(H, W, 3) RGB with each mask (H, W) bool in its style."""
    unit = max(pixels.shape[:2]) / REFERENCE_SIDE
    picture = pixels.copy()
    for task, mask in masks.items():
        _check_size(task, mask, picture)
        if mask.any() and styles[task].pattern == "ring":
            _ring(picture, mask, styles[task].colour, unit)
        elif mask.any():
            _paint(picture, mask, styles[task], unit)
    return picture


def _check_size(name: str, mask: NDArray[np.bool_], picture: NDArray[np.uint8]) -> None:
    height, width = picture.shape[:2]
    if mask.shape != (height, width):
        raise ValueError(
            f"the mask of '{name}' is {mask.shape[1]}x{mask.shape[0]} and the image {width}x{height}; "
            "draw masks on the grid of their image"
        )


def _paint(picture: NDArray[np.uint8], mask: NDArray[np.bool_], style: Style, unit: float) -> None:
    """Draw one mask into the picture, only inside the box around the mask: that is fast, because lesions are small."""
    line = max(1, round(1.4 * unit))
    ys, xs = _frame(mask, line + 1)
    part, area = picture[ys, xs], mask[ys, xs]
    if style.outside:
        _blend(part, _dilate(area, line) & ~area, style.colour, 1.0)
        return
    core = ~_dilate(~area, line)
    strokes = np.zeros_like(core)
    rows, columns = _locate(core)
    strokes[rows, columns] = find_strokes(style.pattern, rows + ys.start, columns + xs.start, unit)
    _blend(part, core & strokes, style.colour, STROKES)
    _blend(part, core & ~strokes, style.colour, GAPS)
    _blend(part, core & _dilate(~core, 1), find_casing(style.colour), CASING)
    _blend(part, area & ~core, style.colour, 1.0)


def _ring(picture: NDArray[np.uint8], mask: NDArray[np.bool_], colour: Colour, unit: float) -> None:
    """A circle around each 8-connected part of a mask, which is left as it is."""
    line = max(1, round(1.4 * unit))
    for x, y, radius in list_circles(mask):
        centre, reach = (round(x), round(y)), round(max(radius + 3 * line, 5 * line))
        cv2.circle(picture, centre, reach, find_casing(colour), line + 3, cv2.LINE_AA)
        cv2.circle(picture, centre, reach, colour, line + 1, cv2.LINE_AA)


def list_circles(mask: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """x, y and radius, in pixels, of a circle that holds each 8-connected part of (H, W) bool."""
    count, _, boxes, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return [
        (float(x), float(y), float(np.hypot(box[cv2.CC_STAT_WIDTH], box[cv2.CC_STAT_HEIGHT]) / 2))
        for box, (x, y) in zip(boxes[1:count], centres[1:count], strict=True)
    ]


def draw_pattern(pattern: Pattern, shape: tuple[int, ...], unit: float) -> NDArray[np.bool_]:
    """The strokes of a pattern over a grid of (H, W): True where they lie. `unit` is the picture's pixels per 1024."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.broadcast_to(find_strokes(pattern, y, x, unit), shape)


def find_strokes(pattern: Pattern, y: NDArray[np.intp], x: NDArray[np.intp], unit: float) -> NDArray[np.bool_]:
    """Which of some pixels lie on the strokes of a pattern; rows and columns are broadcast against each other."""
    period = max(5.0, PERIOD * unit)
    drawn: NDArray[np.bool_]
    if pattern in ("solid", "ring"):
        return np.ones(np.broadcast_shapes(y.shape, x.shape), np.bool_)
    if pattern == "stripes":
        drawn = (x + y) % period < period * 0.42
    elif pattern == "backstripes":
        drawn = (x - y) % period < period * 0.42
    elif pattern == "crosshatch":
        drawn = ((x + y) % period < period * 0.24) | ((x - y) % period < period * 0.24)
    elif pattern == "bars":
        drawn = (y + 0 * x) % period < period * 0.42
    elif pattern == "grid":
        drawn = (x % period < period * 0.24) | (y % period < period * 0.24)
    else:
        step = 0.75 * period
        distance = np.hypot(x % step - step / 2, y % step - step / 2)
        outer = distance < step * 0.36
        drawn = outer if pattern == "dots" else outer & (distance > step * 0.18)
    return np.asarray(drawn)


def _frame(mask: NDArray[np.bool_], margin: int) -> tuple[slice, slice]:
    """The box around all True pixels, `margin` wider on each side as far as the grid goes."""
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (
        slice(max(0, int(ys[0]) - margin), int(ys[-1]) + margin + 1),
        slice(max(0, int(xs[0]) - margin), int(xs[-1]) + margin + 1),
    )


def _dilate(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def _locate(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the pixels of a mask, bool (H, W), in a fifth of the time of `np.nonzero`."""
    found = cv2.findNonZero(np.ascontiguousarray(mask).view(np.uint8))
    columns, rows = found.reshape(-1, 2).T if found is not None else np.zeros((2, 0), np.intp)
    return rows.astype(np.intp), columns.astype(np.intp)


def _blend(part: NDArray[np.uint8], where: NDArray[np.bool_], colour: tuple[int, int, int], opacity: float) -> None:
    """Mix a colour into some pixels, by a table: a channel has 256 values."""
    table = np.rint(np.arange(256)[:, None] * (1.0 - opacity) + np.array(colour) * opacity).astype(np.uint8)
    places = _locate(where)
    part[places] = table[part[places], np.arange(3)]


def _append_legend(picture: NDArray[np.uint8], entries: Mapping[str, Style]) -> NDArray[np.uint8]:
    """The picture with a legend below it: a coloured field and a label for each entry, in as many rows as they need."""
    height, width = picture.shape[:2]
    unit = max(0.6, max(height, width) / REFERENCE_SIDE)
    scale, swatch, pad = 0.62 * unit, round(26 * unit), round(14 * unit)
    thickness = max(1, round(1.2 * unit))
    font = cv2.FONT_HERSHEY_SIMPLEX
    positions: list[tuple[int, int]] = []
    x, row = pad, 0
    for label in entries:
        wide = round(1.6 * swatch) + pad + int(cv2.getTextSize(label, font, scale, thickness)[0][0])
        if x > pad and x + wide + pad > width:
            x, row = pad, row + 1
        positions.append((x, row))
        x += wide + 2 * pad
    line = swatch + pad
    strip = np.full(((row + 1) * line + pad, width, 3), LEGEND_BACKGROUND, dtype=np.uint8)
    for (label, style), (left, row) in zip(entries.items(), positions, strict=True):
        top = pad + row * line
        right = min(width, left + round(1.6 * swatch))
        _draw_swatch(strip[top : top + swatch, left:right], style, unit)
        baseline = (right + pad // 2, top + round(swatch * 0.76))
        cv2.putText(strip, label, baseline, font, scale, LEGEND_TEXT, thickness, cv2.LINE_AA)
    return np.concatenate([picture, strip])


def _draw_swatch(sample: NDArray[np.uint8], style: Style, unit: float) -> None:
    """A sample of a style for the legend, drawn into (h, w, 3): a ring, two lines beside each other, or a field."""
    height, width = sample.shape[:2]
    line = max(1, round(1.2 * unit))
    sample[:] = LEGEND_GROUND
    if style.pattern == "ring":
        cv2.circle(sample, (width // 2, height // 2), height // 3, style.colour, 2 * line, cv2.LINE_AA)
        return
    if style.outside:
        for y in (height // 3, height - height // 3):
            cv2.line(sample, (0, y), (width - 1, y), style.colour, line)
        return
    _blend(sample, draw_pattern(style.pattern, (height, width), unit), style.colour, 1.0)
    cv2.rectangle(sample, (0, 0), (width - 1, height - 1), style.colour, line)
