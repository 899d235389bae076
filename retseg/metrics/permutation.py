"""A paired permutation test over cases: can chance explain the difference of two systems on the same cases?

Under the null hypothesis each system could have given either result of a case. Each exchange swaps the results of some
cases. All exchanges are tried where there are few cases, so that the p-value is exact; otherwise they are drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.resampling import RESAMPLES

Floats = NDArray[np.float64]

ROUNDING = 1e-12
"""Two differences that are this close count as equal."""


@dataclass(frozen=True)
class Exchanges:
    """Weights of 2 n results: the n cases of the first system, then those of the second. Row 0 exchanges nothing.

    Attributes:
        first: float64, (exchanges, 2 n), 1 for the results that are taken for the first system, else 0.
        second: the same for the second system.
    """

    first: Floats
    second: Floats


def draw_exchanges(cases: int, seed: int, permutations: int = RESAMPLES) -> Exchanges:
    """All 2^cases exchanges where these are no more than `permutations`, else the observed one and random ones.

    Args:
        cases: how many both systems have.
        seed: of the random exchanges.
        permutations: how many random exchanges are drawn.

    Raises:
        ValueError: there is no case.
    """
    if cases < 1:
        raise ValueError("there is no case to compare: score at least one image by both systems")
    if 2**cases <= permutations:
        swapped = (np.arange(2**cases)[:, None] >> np.arange(cases)) & 1
    else:
        drawn = np.random.default_rng(seed).integers(2, size=(permutations, cases))
        swapped = np.concatenate([np.zeros((1, cases), dtype=np.int64), drawn])
    kept = np.concatenate([1 - swapped, swapped], axis=1).astype(np.float64)
    return Exchanges(kept, 1 - kept)


def find_p_value(differences: Floats) -> float:
    """The two-sided p-value: the share of exchanges whose difference is at least as large as the observed one.

    Args:
        differences: (exchanges,) first system minus second; the observed difference comes first and counts as one.

    Returns:
        A number in (0, 1]; nan where the observed difference is nan. Exchanges without a value are left out.
    """
    observed = abs(differences[0])
    if np.isnan(observed):
        return float("nan")
    sizes = np.abs(differences[np.isfinite(differences)])
    return float(np.mean(sizes >= observed - ROUNDING))
