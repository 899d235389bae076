"""Write the name, the date and the side into the corners of a photograph, as cameras and scanners do."""

import cv2
import numpy as np
from numpy.typing import NDArray

_LINES = ("OD", "OS", "R", "L 45", "1994-07-12", "No 0318", "14:22", "ID 77-402", "TRC-50", "f/8 W 50")


def write_caption(pixels: NDArray[np.uint8], corner: int, rng: np.random.Generator) -> None:
    """Write one to three lines into a corner of uint8 (H, W, 3), which is changed: at times on a bright label.

    Args:
        pixels: the photograph.
        corner: 0 to 3; the first bit says right, the second bottom.
        rng: draws the text, its size, brightness and position.
    """
    height, width = pixels.shape[:2]
    scale = rng.uniform(0.014, 0.05) * height / 22.0
    stroke = max(1, round(scale * rng.uniform(1.2, 3.0)))
    lines = rng.choice(_LINES, rng.integers(1, 4)).tolist()
    step, longest = round(30 * scale), max(round(18 * scale * len(line)) for line in lines)
    margin = int(rng.integers(0, max(1, round(0.03 * height))))
    left = width - margin - longest if corner & 1 else margin
    top = height - margin - step * len(lines) if corner & 2 else margin
    bright = int(rng.integers(140, 256))
    ink, on_label = (bright, bright, bright), rng.random() < 0.25
    if on_label:
        cv2.rectangle(pixels, (left, top), (left + longest, top + step * len(lines)), ink, -1)
        ink = (15, 15, 15)
    elif rng.random() < 0.3:
        ink = (bright, round(0.8 * bright), 30)
    for number, line in enumerate(lines):
        place = (left, top + step * (number + 1) - round(6 * scale))
        cv2.putText(pixels, line, place, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, stroke, cv2.LINE_AA)
