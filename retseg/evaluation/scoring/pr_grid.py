"""Compute the precision-recall curve on the thresholds of a protocol: counts at each threshold, and the area."""

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import PrGrid
from retseg.metrics.counts import Mask
from retseg.metrics.curves import integrate_grid, read_grid
from retseg.metrics.histograms import Histograms, count_grid, find_exact_bins, step_above


def list_thresholds(grid: PrGrid) -> NDArray[np.float64]:
    """(T,) the thresholds t of a grid, such that `p >= t` in float32 is the comparison of the grid."""
    thresholds = np.arange(grid.thresholds) / (grid.thresholds - 1) / grid.scale
    return step_above(thresholds) if grid.comparison == "above" else np.asarray(thresholds)


def count_at_thresholds(
    probability: NDArray[np.float32], histograms: Histograms, truth: Mask, region: Mask | None, grid: PrGrid
) -> NDArray[np.int64]:
    """(T, 4) counts tp, fp, fn, tn at the thresholds of a grid.

    They are read from the histograms where every threshold is an edge of a bin, else counted from the map.

    Args:
        probability: float32 (H, W) in [0, 1].
        histograms: of this probability inside the region.
        truth: bool (H, W).
        region: bool (H, W), or None for the whole frame.
        grid: gives the thresholds.
    """
    thresholds = list_thresholds(grid)
    try:
        find_exact_bins(thresholds)
    except ValueError:
        return count_grid(probability, truth, region, thresholds)
    return read_grid(histograms, thresholds)


def integrate_pr(table: NDArray[np.number], grid: PrGrid) -> NDArray[np.float64]:
    """Area under the precision-recall curve of (..., T, 4) counts, by the conventions of `grid`: (...)."""
    values = np.array(table, dtype=np.float64)
    if grid.zero_points == "skip":  # without a prediction there is no precision, and such points are left out
        values[..., 1] = np.where(values[..., 0] == 0, 0, values[..., 1])
    return integrate_grid(values, grid.integration)
