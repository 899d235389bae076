"""Probabilities in one byte, as the page draws them, and masks from these bytes."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.components import drop_small

MOST = 255
"""The level of probability 1."""


def find_cut(threshold: float) -> int:
    """The smallest level that belongs to the mask of a threshold, 1 to 255."""
    return max(1, math.ceil(threshold * MOST - 1e-9))


def quantise(probability: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """Probabilities as levels: float32 (H, W) in [0, 1] to uint8 (H, W).

    A level is the nearest one, except beside the model's own threshold: there no pixel changes its side, so that the
    mask from the levels is the mask from the probabilities, pixel by pixel.
    """
    nearest = np.rint(probability * np.float32(MOST)).astype(np.uint8)
    cut = np.uint8(find_cut(threshold))
    inside = probability >= threshold
    return np.asarray(np.where(inside, np.maximum(nearest, cut), np.minimum(nearest, cut - np.uint8(1))), np.uint8)


def cut_masks(
    levels: Mapping[str, NDArray[np.uint8]], cuts: Mapping[str, int], smallest: Mapping[str, int]
) -> dict[str, NDArray[np.bool_]]:
    """The mask of each task, bool (H, W).

    Args:
        levels: task to uint8 (H, W).
        cuts: task to the smallest level that belongs to its mask.
        smallest: task to the size, in pixels, from which a component is kept.
    """
    return {task: drop_small(plane >= cuts[task], smallest[task]) for task, plane in levels.items()}
