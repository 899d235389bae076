"""Histograms of the probabilities of true and of other pixels. All curves follow from them, without a sort.

There are 65,536 bins. Bin 0 holds exactly p = 0, bin 65,535 exactly p = 1. The bins between have equal widths in the
logit, from -104 (the smallest positive float32) to 17 (the float32 below 1 has 16.6), so no value is clipped: a map
that a monotone function has moved towards 0 and 1 keeps its ranking. Each threshold of the usual grids (i/10, i/30,
i/32) has a bin that holds this value alone. So the pixels at or above such a threshold, and those above it, are counted
exactly.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.counts import Mask, check_masks

Floats = NDArray[np.float64]

BINS = 65_536
LOWEST_LOGIT, HIGHEST_LOGIT = -104.0, 17.0
BLOCK = 1 << 15  # pixels per pass of the arithmetic: its temporaries stay in the processor's cache
CHUNK = 1 << 20  # pixels per pass of the counting: bounds the memory at 8 MB whatever the size of the image

_SCALE = (BINS - 2) / (HIGHEST_LOGIT - LOWEST_LOGIT)
_GRIDS = [np.arange(1, parts) / parts for parts in (10, 30, 32)]
_EXACT: Floats = np.unique(np.concatenate(_GRIDS).astype(np.float32)).astype(np.float64)
_EXACT_BINS: NDArray[np.int64] = 1 + np.floor((np.log(_EXACT / (1 - _EXACT)) - LOWEST_LOGIT) * _SCALE).astype(np.int64)


@dataclass(frozen=True)
class Histograms:
    """The histograms of one probability map, or the sum of several.

    Attributes:
        positives: (65536,) pixels of the truth per bin of the probability; int32 for one map, int64 for a sum.
        negatives: (65536,) the other pixels of the region.
        squared_error: sum of (p - truth)^2 over the region.
    """

    positives: NDArray[np.integer]
    negatives: NDArray[np.integer]
    squared_error: float

    def __add__(self, other: Self) -> "Histograms":
        return Histograms(
            np.add(self.positives, other.positives, dtype=np.int64),
            np.add(self.negatives, other.negatives, dtype=np.int64),
            self.squared_error + other.squared_error,
        )


def find_lower_edges() -> Floats:
    """(65536,) the smallest probability of each bin: `p >= edges[i]` are the bins from i on."""
    logits = LOWEST_LOGIT + np.arange(-1, BINS - 1) / _SCALE
    edges: Floats = 1 / (1 + np.exp(-logits))
    edges[_EXACT_BINS] = _EXACT
    edges[_EXACT_BINS + 1] = step_above(_EXACT)
    edges[0], edges[-1] = 0.0, 1.0
    return edges


def find_centres() -> Floats:
    """(65536,) the probability that stands for each bin: the middle between its edges; 0 and 1 for the end bins."""
    edges = find_lower_edges()
    return np.concatenate([[0.0], (edges[1:-1] + edges[2:]) / 2, [1.0]])


def step_above(thresholds: Floats) -> Floats:
    """The float32 numbers next above: `p > t` is `p >= step_above(t)` for a float32 map."""
    return np.nextafter(np.asarray(thresholds, dtype=np.float32), np.float32(2)).astype(np.float64)


def find_exact_bins(thresholds: Floats) -> NDArray[np.int64]:
    """The first bin of each threshold, given as (T,) values of the grids i/10, i/30 and i/32, or `step_above` these.

    Thresholds count as equal when their float32 values are, which is how maps hold them. Above 1 there is bin 65,536.

    Raises:
        ValueError: a threshold is none of those; `count_grid` counts any.
    """
    exact, bins = np.concatenate([[0.0], _EXACT, [1.0]]), np.concatenate([[0], _EXACT_BINS, [BINS - 1]])
    exact, bins = np.concatenate([exact, step_above(exact)]), np.concatenate([bins, bins + 1])
    exact, bins = np.sort(exact), np.sort(bins)
    wanted = np.asarray(thresholds, dtype=np.float32).astype(np.float64)
    index = np.minimum(np.searchsorted(exact, wanted), exact.size - 1)
    unknown = wanted[exact[index] != wanted]
    if unknown.size:
        raise ValueError(
            f"threshold {unknown[0]:g} is on no edge of the histogram (i/10, i/30, i/32): use count_grid for it"
        )
    return bins[index]


def count_probabilities(probability: NDArray[np.float32], truth: Mask, region: Mask | None = None) -> Histograms:
    """Sort the pixels of `region` (everywhere when None) into the bins of their probability.

    `probability` is float32 of any shape, k / 65535 for a uint16 map; `truth` and `region` are bool of the same shape.
    Costs about 5 ns a pixel and 10 MB, whatever the size of the image.

    Raises:
        ValueError: types or shapes are wrong, or a probability inside the region is not in [0, 1].
    """
    if probability.dtype != np.float32:
        raise ValueError(
            f"the probabilities are {probability.dtype}, not float32: convert them with astype(np.float32)"
        )
    check_masks(truth=truth, region=region)
    if probability.shape != truth.shape:
        raise ValueError(f"probabilities of {probability.shape} do not fit a truth of {truth.shape}")
    values, lesion = probability.reshape(-1), truth.reshape(-1)
    inside = None if region is None else region.reshape(-1)
    counts = np.zeros(2 * BINS + 1, dtype=np.int64)
    bins = np.empty(min(CHUNK, values.size), dtype=np.int64)
    squared_error = 0.0
    near = _mark_bins_near_thresholds()
    for start in range(0, values.size, CHUNK):
        stop = min(start + CHUNK, values.size)
        for first in range(start, stop, BLOCK):
            block = slice(first, min(first + BLOCK, stop))
            here = None if inside is None else inside[block]
            squared_error += _sort_block(
                values[block], lesion[block], here, near, bins[first - start : block.stop - start]
            )
        counts += np.bincount(bins[: stop - start], minlength=counts.size)
    return Histograms(counts[BINS : 2 * BINS].astype(np.int32), counts[:BINS].astype(np.int32), squared_error)


def _sort_block(
    values: NDArray[np.float32], lesion: Mask, inside: Mask | None, near: NDArray[np.uint8], bins: NDArray[np.int64]
) -> float:
    """Write a number for each pixel into `bins`: its bin, plus 65,536 in the truth, or 131,072 outside the region.

    Returns the block's sum of squared errors.
    """
    if inside is not None:
        values = np.where(inside, values, np.float32(0))
        lesion = lesion & inside
    if not (values.min() >= 0 and values.max() <= 1):
        wrong = values[~((values >= 0) & (values <= 1))]
        raise ValueError(f"{wrong[0]} is no probability: the map must lie in [0, 1] inside the region, without NaN")
    with np.errstate(divide="ignore"):
        logit = 1 - values
        np.divide(values, logit, out=logit)
        np.log(logit, out=logit)
    logit -= np.float32(LOWEST_LOGIT)
    logit *= np.float32(_SCALE)  # now the position of the bin
    logit += 1
    np.clip(logit, 0, BINS - 1, out=logit)
    np.copyto(bins, logit, casting="unsafe")
    _settle_near_thresholds(values, near, bins)
    bins += lesion * np.int64(BINS)
    if inside is not None:
        bins[~inside] = 2 * BINS
    error = values - lesion
    np.square(error, out=error)
    return float(error.sum(dtype=np.float64))  # in float64: a sum in float32 differs from processor to processor


def _mark_bins_near_thresholds() -> NDArray[np.uint8]:
    """(65536,) 1 + the number of the exact threshold inside a bin or one bin away, 0 for all other bins.

    One bin away because the logarithm of float32 is good to a hundredth of a bin only.
    """
    near = np.zeros(BINS, dtype=np.uint8)
    for offset in (-1, 0, 1):
        near[_EXACT_BINS + offset] = np.arange(1, _EXACT.size + 1)
    return near


def _settle_near_thresholds(values: NDArray[np.float32], near: NDArray[np.uint8], bins: NDArray[np.int64]) -> None:
    """Move the pixels around an exact threshold into its bin, or to the side of it to which they belong."""
    mark = near.take(bins, mode="clip")
    beside = np.flatnonzero(mark)
    if beside.size:
        number = mark[beside].astype(np.intp) - 1
        at = _EXACT_BINS[number]
        side = np.sign(values[beside] - _EXACT[number]).astype(np.int64)
        moved = np.where(side > 0, np.maximum(bins[beside], at + 1), np.minimum(bins[beside], at - 1))
        bins[beside] = np.where(side == 0, at, moved)


def count_grid(
    probability: NDArray[np.float32], truth: Mask, region: Mask | None, thresholds: Floats
) -> NDArray[np.int64]:
    """Count exactly, at any thresholds: (T, 4) rows tp, fp, fn, tn of `probability >= threshold` inside the region.

    Both sides are compared in float32. So an 8-bit value k/255 that equals i/30 as a fraction equals it as a number.
    With one side in float64 it would not.
    """
    check_masks(truth=truth, region=region)
    values, lesion = probability.reshape(-1), truth.reshape(-1)
    inside = np.ones_like(lesion) if region is None else region.reshape(-1)
    bounds = np.asarray(thresholds, dtype=np.float64).astype(np.float32)
    rows = np.zeros((bounds.size, 4), dtype=np.int64)
    for start in range(0, values.size, BLOCK):
        block = slice(start, start + BLOCK)
        here, positive = inside[block], lesion[block] & inside[block]
        negative = here & ~positive
        totals = np.count_nonzero(positive), np.count_nonzero(negative)
        for number, bound in enumerate(bounds):
            marked = values[block] >= bound
            tp, fp = np.count_nonzero(marked & positive), np.count_nonzero(marked & negative)
            rows[number] += (tp, fp, totals[0] - tp, totals[1] - fp)
    return rows
