"""Curves and their areas, from histograms (every threshold) or from a grid of counts (a challenge's few thresholds).

Ties. A plain histogram treats all values of a bin as equal, which shifts the average precision. Here a bin counts as
one tied value only where it holds more than four times as many pixels as its two neighbours together, or where it is an
end bin, exactly 0 or 1. In all other bins the positives and negatives count as evenly mixed, as sorted pixels are.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.derived import dice, divide, precision, sensitivity
from retseg.metrics.histograms import Histograms, find_centres, find_exact_bins, find_lower_edges

Floats = NDArray[np.float64]
Grid = NDArray[np.integer] | Floats
Rule = Literal["trapezoid", "step"]


@dataclass(frozen=True)
class Curve:
    """A curve: one point for each threshold, from the highest to the lowest; all arrays (points,)."""

    thresholds: Floats
    x: Floats
    y: Floats

    def thin(self, points: int) -> "Curve":
        """About `points` points of it at even distances along the line, both ends included; nan points are dropped."""
        kept = np.flatnonzero(np.isfinite(self.x) & np.isfinite(self.y))
        if kept.size > points:
            length = np.cumsum(np.hypot(np.diff(self.x[kept], prepend=0), np.diff(self.y[kept], prepend=0)))
            stations = np.searchsorted(length, np.linspace(length[0], length[-1], points))
            kept = kept[np.unique(np.concatenate([[0], np.minimum(stations, kept.size - 1), [kept.size - 1]]))]
        return Curve(self.thresholds[kept], self.x[kept], self.y[kept])


@dataclass(frozen=True)
class Reliability:
    """How well the probability agrees with the truth, per bin of width 1/n; all arrays (n,).

    Attributes:
        pixels: in each bin.
        confidence: mean probability of the pixels; nan in an empty bin.
        frequency: share of the pixels that are true; nan in an empty bin.
    """

    pixels: NDArray[np.int64]
    confidence: Floats
    frequency: Floats


def find_ties(positives: NDArray[np.integer], negatives: NDArray[np.integer]) -> NDArray[np.bool_]:
    """(K,) True for the bins whose content counts as one tied value (see the top of this file)."""
    held = np.pad(np.add(positives, negatives, dtype=np.int64), 1)
    ties: NDArray[np.bool_] = held[1:-1] > 4 * (held[:-2] + held[2:])
    ties[[0, -1]] = True
    return ties


def integrate_roc(positives: Floats, negatives: Floats) -> Floats:
    """Area under the ROC of (..., K) histograms, rising bins: (...), nan where a class is missing.

    Ties inside a bin count half (Mann and Whitney), as in scikit-learn's `roc_auc_score`.
    """
    below = np.cumsum(negatives, axis=-1) - negatives / 2
    return divide((positives * below).sum(axis=-1), positives.sum(axis=-1) * negatives.sum(axis=-1))


def integrate_precision(positives: Floats, negatives: Floats, ties: NDArray[np.bool_]) -> Floats:
    """Average precision of (..., K) histograms, rising bins, with (K,) ties: (...), nan without a positive.

    The sum over bins of the gain in recall times a precision. In a tied bin it is the precision at the end of the bin.
    In any other bin positives and negatives count as evenly mixed, and it is the precision at the middle positive.
    """
    total_p, total_n = positives.sum(axis=-1, keepdims=True), negatives.sum(axis=-1, keepdims=True)
    true = total_p - np.cumsum(positives, axis=-1) + np.where(ties, positives, (positives + 1) / 2)
    false = total_n - np.cumsum(negatives, axis=-1) + np.where(ties, negatives, negatives / 2)
    at_bin = np.where(positives > 0, divide(true, true + false), 0)
    return divide((positives * at_bin).sum(axis=-1), total_p[..., 0])


def auc_roc(histograms: Histograms) -> float:
    """Area under the ROC curve of all pixels; nan where truth or background is missing."""
    return float(integrate_roc(histograms.positives.astype(np.float64), histograms.negatives.astype(np.float64)))


def average_precision(histograms: Histograms) -> float:
    """Average precision as scikit-learn defines it, sum of (R_n - R_(n-1)) P_n; nan without a pixel of truth."""
    positives, negatives = histograms.positives, histograms.negatives
    ties = find_ties(positives, negatives)
    return float(integrate_precision(positives.astype(np.float64), negatives.astype(np.float64), ties))


def read_grid(histograms: Histograms, thresholds: Floats) -> NDArray[np.int64]:
    """(T, 4) rows tp, fp, fn, tn of `p >= threshold`, exact, for the thresholds that `find_exact_bins` accepts.

    Raises:
        ValueError: another threshold; `count_grid` counts it from the map.
    """
    bins = find_exact_bins(thresholds)
    tp = _count_from(histograms.positives)[bins]
    fp = _count_from(histograms.negatives)[bins]
    return np.stack([tp, fp, histograms.positives.sum() - tp, histograms.negatives.sum() - fp], axis=-1)


def _count_from(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """(K + 1,) for each bin the pixels from this bin on; 0 beyond the last."""
    return np.concatenate([np.cumsum(counts[::-1], dtype=np.int64)[::-1], [0]])


def integrate_grid(grid: Grid, rule: Rule) -> Floats:
    """Area under the precision-recall points of (..., T, 4) counts, thresholds rising: (...), nan without truth.

    Both rules put the point (recall 0, precision 1) in front and skip thresholds at which nothing is predicted.
    `trapezoid` joins the points by straight lines (the scripts for IDRiD's AUC-PR, whatever their grid), `step` gives
    each gain in recall the precision at its end, as the average precision does.
    """
    table = np.asarray(grid, dtype=np.float64)[..., ::-1, :]
    start = np.ones((*table.shape[:-2], 1))
    recall = np.concatenate([0 * start, sensitivity.over(table)], axis=-1)
    # a skipped point has recall 0, as the start has: with the precision of the point before, it adds nothing to the
    # area
    height = _fill_forward(np.concatenate([start, precision.over(table)], axis=-1))
    if rule == "trapezoid":
        return np.asarray((np.diff(recall, axis=-1) * (height[..., 1:] + height[..., :-1]) / 2).sum(axis=-1))
    return np.asarray((np.diff(recall, axis=-1) * height[..., 1:]).sum(axis=-1))


def _fill_forward(values: Floats) -> Floats:
    """Replace nan along the last axis by the value before it; the first value is finite."""
    index = np.where(np.isnan(values), 0, np.arange(values.shape[-1]))
    return np.take_along_axis(values, np.maximum.accumulate(index, axis=-1), axis=-1)


def roc_curve(histograms: Histograms) -> Curve:
    """False positive rate against sensitivity, from (0, 0) to (1, 1), at each occupied bin's lower edge."""
    thresholds, table = _sweep(histograms)
    return Curve(thresholds, divide(table[:, 1], table[:, 1] + table[:, 3]), sensitivity.over(table))


def pr_curve(histograms: Histograms) -> Curve:
    """Recall against precision at each occupied bin's lower edge; nan precision where nothing is predicted."""
    thresholds, table = _sweep(histograms)
    return Curve(thresholds, sensitivity.over(table), precision.over(table))


def dice_curve(histograms: Histograms) -> Curve:
    """Threshold against Dice over all pixels of the histogram: pooled where it is a sum."""
    thresholds, table = _sweep(histograms)
    return Curve(thresholds, thresholds, dice.over(table))


def _sweep(histograms: Histograms) -> tuple[Floats, Floats]:
    """Falling thresholds (N,) and the counts (N, 4) of `p >= threshold`; the first, inf, predicts nothing."""
    occupied = np.flatnonzero(histograms.positives + histograms.negatives)[::-1]
    tp = np.concatenate([[0], np.cumsum(histograms.positives[occupied])])
    fp = np.concatenate([[0], np.cumsum(histograms.negatives[occupied])])
    table = np.stack([tp, fp, tp[-1] - tp, fp[-1] - fp], axis=-1).astype(np.float64)
    return np.concatenate([[np.inf], find_lower_edges()[occupied]]), table


def reliability(histograms: Histograms, bins: int) -> Reliability:
    """Mean probability and share of truth in `bins` bins of one width, 10, 15, 30 or 32 or a divisor of these.

    The mean takes each pixel at the centre of its histogram bin: at most 3e-4 off, by chance far less.

    Raises:
        ValueError: the bins' edges are not edges of the histogram.
    """
    edges = np.append(find_exact_bins(np.arange(bins) / bins), histograms.positives.size)
    first, held = edges[:-1], (histograms.positives + histograms.negatives).astype(np.float64)
    pixels = np.add.reduceat(held, first)
    confidence = divide(np.add.reduceat(held * find_centres(), first), pixels)
    frequency = divide(np.add.reduceat(histograms.positives.astype(np.float64), first), pixels)
    return Reliability(pixels.astype(np.int64), confidence, frequency)


def ece(histograms: Histograms, bins: int = 15) -> float:
    """Expected calibration error: mean over pixels of |mean p - share of truth| of their bin (Naeini et al. 2015)."""
    table = reliability(histograms, bins)
    gaps = np.where(table.pixels > 0, np.abs(table.confidence - table.frequency), 0)
    return float(divide((gaps * table.pixels).sum(), np.asarray(table.pixels.sum(), dtype=np.float64)))


def brier(histograms: Histograms) -> float:
    """Mean squared difference of probability and truth, exact; nan for an empty region."""
    pixels = int(histograms.positives.sum() + histograms.negatives.sum())
    return histograms.squared_error / pixels if pixels else float("nan")
