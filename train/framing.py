"""What a network sees of a photograph: all of it or the field of view, and at which size."""

import cv2
import numpy as np
from numpy.typing import NDArray

from train.recipe import Framing


def frame_pixels(
    pixels: NDArray[np.uint8], field_of_view: NDArray[np.bool_], framing: Framing
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """An image, uint8 (H, W, 3), with the region that the network sees, bool (H, W), resized when the recipe asks."""
    if framing.region == "field_of_view":
        return pixels, field_of_view
    if framing.size:
        pixels = np.asarray(cv2.resize(pixels, framing.size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return pixels, np.full(pixels.shape[:2], True)


def frame_mask(mask: NDArray[np.bool_], framing: Framing) -> NDArray[np.bool_]:
    """A mask, bool (H, W), at the size of `frame_pixels`: resized bilinearly and cut at one half."""
    if not framing.size:
        return mask
    grey = cv2.resize(mask.astype(np.uint8) * 255, framing.size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(grey > 127)
