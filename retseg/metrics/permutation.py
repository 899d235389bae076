"""Could chance explain the difference of two systems on the same cases? Paired permutation tests over cases.

Under the null hypothesis the two results of a case could as well have come from the other system. Where all exchanges
are no more than the permutations asked for, each is tried once and the p-value is exact; otherwise they are drawn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.histograms import Histograms
from retseg.metrics.resampling import (
    RESAMPLES,
    Derive,
    merge_bins,
    resample_curves,
    resample_mean,
    resample_pooled,
)

Floats = NDArray[np.float64]
Number = TypeVar("Number", bound=np.generic)


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same cases.

    Attributes:
        difference: first minus second.
        p_value: two-sided; share of exchanges whose difference is at least as large, the observed one among them.
        exact: whether all 2^cases exchanges were tried.
    """

    difference: float
    p_value: float
    exact: bool


@dataclass(frozen=True)
class CurveComparison:
    """The comparisons of two systems' pooled curves."""

    auc_roc: Comparison
    average_precision: Comparison


@dataclass(frozen=True)
class Exchanges:
    """Weights over 2 n results, the first system's n cases and then the second's: row 0 exchanges nothing.

    Attributes:
        first: (exchanges, 2 n) 1 for the results that stand for the first system.
        second: the others.
        exact: whether the rows are all exchanges there are.
    """

    first: Floats
    second: Floats
    exact: bool


def draw_exchanges(cases: int, seed: int, permutations: int = RESAMPLES) -> Exchanges:
    """All 2^cases exchanges where these are no more than `permutations`, else the observed one and as many at random.

    Raises:
        ValueError: there is no case.
    """
    if cases < 1:
        raise ValueError("there is no case to compare: score at least one image by both systems")
    exact = 2**cases <= permutations
    if exact:
        swapped = (np.arange(2**cases)[:, None] >> np.arange(cases)) & 1
    else:
        drawn = np.random.default_rng(seed).integers(2, size=(permutations, cases))
        swapped = np.concatenate([np.zeros((1, cases), dtype=np.int64), drawn])
    kept = np.concatenate([1 - swapped, swapped], axis=1).astype(np.float64)
    return Exchanges(kept, 1 - kept, exact)


def permutation_test(first: Floats, second: Floats, seed: int, permutations: int = RESAMPLES) -> Comparison:
    """Compare means of per-image values: (cases,) or (cases, groups), nan left out, as in `resample_mean`.

    For (cases,) values this is the sign-flip test of their differences.
    """
    values = _join(np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64))
    return _compare(lambda weights: resample_mean(values, weights), draw_exchanges(len(first), seed, permutations))


def permutation_test_pooled(
    first: NDArray[np.integer],
    second: NDArray[np.integer],
    derive: Derive,
    seed: int,
    permutations: int = RESAMPLES,
) -> Comparison:
    """Compare a metric of pooled counts, (cases, 4) or (cases, T, 4), as in `resample_pooled`."""
    counts = _join(np.asarray(first), np.asarray(second))
    exchanges = draw_exchanges(len(first), seed, permutations)
    return _compare(lambda weights: resample_pooled(counts, derive, weights), exchanges)


def permutation_test_curves(
    first: Sequence[Histograms], second: Sequence[Histograms], seed: int, permutations: int = RESAMPLES
) -> CurveComparison:
    """Compare AUC-ROC and average precision of the pooled pixels."""
    _check_pairs(len(first), len(second))
    merged = merge_bins([*first, *second])
    exchanges = draw_exchanges(len(first), seed, permutations)
    one, other = resample_curves(merged, exchanges.first), resample_curves(merged, exchanges.second)
    return CurveComparison(
        _judge(one.auc_roc - other.auc_roc, exchanges.exact),
        _judge(one.average_precision - other.average_precision, exchanges.exact),
    )


def _join(first: NDArray[Number], second: NDArray[Number]) -> NDArray[Number]:
    _check_pairs(len(first), len(second))
    return np.concatenate([first, second])


def _check_pairs(first: int, second: int) -> None:
    if first != second:
        raise ValueError(f"{first} cases cannot be paired with {second}: compare two systems on the same cases")


def _compare(resample: Callable[[Floats], Floats], exchanges: Exchanges) -> Comparison:
    return _judge(resample(exchanges.first) - resample(exchanges.second), exchanges.exact)


def _judge(differences: Floats, exact: bool) -> Comparison:
    """The observed difference, which comes first, among all others; nan where it is undefined.

    Differences that are equal but for rounding count as equal; exchanges without a value are left out.
    """
    observed = float(differences[0])
    if np.isnan(observed):
        return Comparison(observed, float("nan"), exact)
    finite = np.abs(differences[np.isfinite(differences)])
    return Comparison(observed, float(np.mean(finite >= abs(observed) - 1e-12)), exact)
