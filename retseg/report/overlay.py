"""Draw masks over an image with a legend: each lesion in its colour and pattern, or a prediction against the truth."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.report.palette import AGREEMENT_STYLES, Pattern, Style, choose_styles, label_task

# Patterns and lines are drawn for a picture of this longer side and grow with it.
REFERENCE_SIDE = 1024
PERIOD = 12
FILL = 0.62
GAP_FILL = 0.16
LEGEND_BACKGROUND = (18, 24, 32)
LEGEND_TEXT = (236, 240, 244)


def draw_overlay(pixels: NDArray[np.uint8], masks: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """The image with every task's mask drawn into it and a legend underneath.

    Args:
        pixels: (H, W, 3) uint8 RGB.
        masks: task to (H, W) bool; later ones lie on top. An empty mask stays in the legend, marked "none".

    Returns:
        (H + legend, W, 3) uint8 RGB.

    Raises:
        ValueError: a mask of another size than the image.
    """
    styles = choose_styles(tuple(masks))
    picture = paint_masks(pixels, masks, styles)
    labels = {task: label_task(task) + ("" if mask.any() else ": none") for task, mask in masks.items()}
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
    return _append_legend(paint_masks(pixels, parts, AGREEMENT_STYLES, fill=0.85), AGREEMENT_STYLES)


def paint_agreement(pixels: NDArray[np.uint8], parts: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint8]:
    """(H, W, 3) RGB with the parts "tp", "fp" and "fn", each (H, W) bool, in their colours; no legend."""
    names = {"tp": "true positive", "fp": "false positive", "fn": "false negative"}
    return paint_masks(pixels, {names[part]: mask for part, mask in parts.items()}, AGREEMENT_STYLES, fill=0.85)


def paint_masks(
    pixels: NDArray[np.uint8],
    masks: Mapping[str, NDArray[np.bool_]],
    styles: Mapping[str, Style],
    fill: float = FILL,
) -> NDArray[np.uint8]:
    """(H, W, 3) RGB with each mask (H, W) bool in its style; `fill` is the opacity of the pattern's strokes."""
    height, width = pixels.shape[:2]
    unit = max(height, width) / REFERENCE_SIDE
    picture = pixels.copy()
    for task, mask in masks.items():
        if mask.shape != (height, width):
            raise ValueError(
                f"the mask of '{task}' is {mask.shape[1]}x{mask.shape[0]} and the image {width}x{height}; "
                "draw masks on the grid of their image"
            )
        if mask.any():
            _paint(picture, mask, styles[task], unit, fill)
    return picture


def _paint(picture: NDArray[np.uint8], mask: NDArray[np.bool_], style: Style, unit: float, fill: float) -> None:
    """Draw one mask into the picture, only inside the box around the mask: that is fast, because lesions are small."""
    line = max(1, round(1.4 * unit))
    ys, xs = _frame(mask, 2 * line)
    part, area = picture[ys, xs], mask[ys, xs]
    strokes = draw_pattern(style.pattern, mask.shape, unit)[ys, xs]
    _blend(part, area & strokes, style.colour, fill)
    _blend(part, area & ~strokes, style.colour, GAP_FILL)
    if style.outline:
        near = _dilate(area, line)
        _blend(part, _dilate(area, 2 * line) & ~near, (0, 0, 0), 0.55)
        _blend(part, near & ~area, style.colour, 1.0)


def draw_pattern(pattern: Pattern, shape: tuple[int, ...], unit: float) -> NDArray[np.bool_]:
    """The strokes of a pattern over a grid of (H, W): True where they lie. `unit` is the picture's pixels per 1024."""
    period = max(5.0, PERIOD * unit)
    y, x = np.ogrid[: shape[0], : shape[1]]
    drawn: NDArray[np.bool_]
    if pattern == "solid":
        return np.ones(shape, dtype=np.bool_)
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


def _blend(part: NDArray[np.uint8], where: NDArray[np.bool_], colour: tuple[int, int, int], opacity: float) -> None:
    mixed = part[where] * (1.0 - opacity) + np.array(colour) * opacity
    part[where] = np.rint(mixed).astype(np.uint8)


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
        sample = strip[top : top + swatch, left:right]
        _blend(sample, draw_pattern(style.pattern, sample.shape[:2], unit), style.colour, 1.0)
        cv2.rectangle(strip, (left, top), (right - 1, top + swatch - 1), style.colour, thickness)
        baseline = (right + pad // 2, top + round(swatch * 0.76))
        cv2.putText(strip, label, baseline, font, scale, LEGEND_TEXT, thickness, cv2.LINE_AA)
    return np.concatenate([picture, strip])
