"""Find the field of view by the rule that a kind of image has: a round one, the whole frame, or what is not black."""

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.image.field_of_view import FieldOfView, fit_field_of_view, whole_frame
from retseg.vocabulary import ViewRule

DARK_SHARE = 0.1
"""Of the 95th percentile of the brightness: what is darker is surround."""


def view_image(pixels: NDArray[np.uint8], rule: ViewRule) -> FieldOfView:
    """The field of view of an image, uint8 (H, W, 3)."""
    if rule == "round":
        return fit_field_of_view(pixels)
    return FieldOfView.known(whole_frame(pixels) if rule == "frame" else find_bright_part(pixels))


def find_bright_part(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The largest connected part that is brighter than a dark surround, with its holes: bool (H, W).

    A pixel is dark if its brightest channel is below a tenth of the 95th percentile of that channel. The part may have
    any shape, as the octagon of an endoscope. A black image has none.

    Args:
        pixels: uint8 (H, W, 3).
    """
    brightness = cv2.medianBlur(np.ascontiguousarray(pixels.max(axis=2)), 5)
    lit = (brightness > DARK_SHARE * np.percentile(brightness, 95)).astype(np.uint8)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(lit, connectivity=4)
    if count < 2:
        return np.zeros(lit.shape, np.bool_)
    largest = labels == 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
    outlines, _ = cv2.findContours(largest.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(lit.shape, np.uint8), outlines, -1, 1, cv2.FILLED)
    return np.asarray(filled > 0)
