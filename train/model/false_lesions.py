"""Count the false lesions in healthy eyes at each threshold and minimum component size."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.components import find_components


def count_components(
    probability: NDArray[np.float32], region: NDArray[np.bool_], thresholds: NDArray[np.float64], sizes: Sequence[int]
) -> NDArray[np.int64]:
    """The number of components with at least each size, in the mask at each threshold.

    Args:
        probability: float32 (H, W) in [0, 1].
        region: bool (H, W); nothing is counted outside.
        thresholds: rising.
        sizes: in pixels.

    Returns:
        int64 (sizes, thresholds).
    """
    counts = np.zeros((len(sizes), len(thresholds)), np.int64)
    inside = np.where(region, probability, 0)
    for column, threshold in enumerate(thresholds):
        mask = inside >= threshold
        if not mask.any():
            break
        found = find_components(mask).sizes
        counts[:, column] = [(found >= size).sum() for size in sizes]
    return counts


def find_allowed(counts: NDArray[np.int64], limit: float) -> NDArray[np.bool_]:
    """Thresholds and sizes with at most `limit` lesions in a healthy eye on average, and none in most of them.

    Args:
        counts: int64 (eyes, sizes, thresholds), of `count_components`.
        limit: lesions an eye.

    Returns:
        bool (sizes, thresholds). If none is within the limit, only the highest threshold with the largest size.
    """
    allowed = (counts.mean(axis=0) <= limit) & (np.median(counts, axis=0) == 0)
    if not allowed.any():
        allowed[-1, -1] = True
    return np.asarray(allowed)
