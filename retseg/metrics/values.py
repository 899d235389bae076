"""Compare predicted values with true ones: numbers, grades, likelihoods and points."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Points = NDArray[np.float64]


def agree(found: Any, wanted: Any, tolerance: float = 0.0) -> bool:
    """Whether two values are equal, or two numbers differ by no more than a tolerance."""
    numbers = [isinstance(each, int | float) and not isinstance(each, bool) for each in (found, wanted)]
    return abs(found - wanted) <= tolerance if all(numbers) else bool(found == wanted)


def match_points(found: Points, wanted: Points, distance: float) -> int:
    """How many points are matched, one to one, at no more than a distance; as many as possible.

    Args:
        found: (n, 2).
        wanted: (m, 2).
        distance: the largest of a match.
    """
    if not len(found) or not len(wanted):
        return 0
    apart = np.linalg.norm(found[:, None] - wanted[None], axis=2)
    rows, columns = linear_sum_assignment(apart > distance)
    return int((apart[rows, columns] <= distance).sum())


def rank_cases(scores: NDArray[np.float64], truths: NDArray[np.bool_]) -> float:
    """The area under the ROC curve between cases, ties counted as half; nan where one class has no case.

    Args:
        scores: (cases,).
        truths: (cases,).
    """
    positives, negatives = scores[truths], scores[~truths]
    if not positives.size or not negatives.size:
        return math.nan
    above = (positives[:, None] > negatives[None]).mean()
    equal = (positives[:, None] == negatives[None]).mean()
    return float(above + equal / 2)


def weigh_kappa(found: NDArray[np.int64], wanted: NDArray[np.int64]) -> float:
    """Quadratic weighted kappa of grades, (cases,) each; nan where all grades are equal."""
    apart = np.mean((found - wanted) ** 2.0)
    by_chance = np.mean((found[:, None] - wanted[None]) ** 2.0)
    return float(1 - apart / by_chance) if by_chance else math.nan
