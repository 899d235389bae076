"""Metrics that are a formula of tp, fp, fn and tn; nan where the formula is 0/0.

Each metric is an object: called with `Counts` it gives a float; its `over` takes a table (..., 4) of rows tp, fp, fn,
tn of cases, thresholds or resamples, and gives an array (...). The protocol has the rule for an empty truth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.counts import Counts

Floats = NDArray[np.float64]


class Columns(NamedTuple):
    """The columns of a table of counts: four arrays of one shape."""

    tp: Floats
    fp: Floats
    fn: Floats
    tn: Floats


@dataclass(frozen=True)
class Derived:
    """A metric of confusion counts: its key in `metrics.json`, and its formula over columns of counts."""

    name: str
    formula: Callable[[Columns], Floats]

    def __call__(self, counts: Counts) -> float:
        """The metric of one image or of pooled counts; nan where undefined."""
        return float(self.over(counts.as_row()))

    def over(self, table: NDArray[np.integer] | Floats) -> Floats:
        """The metric of every row of a (..., 4) table: (...), nan where undefined."""
        values = np.asarray(table, dtype=np.float64)
        if values.shape[-1] != 4:
            raise ValueError(f"a table of counts has rows tp, fp, fn, tn, not the shape {values.shape}")
        columns = Columns(values[..., 0], values[..., 1], values[..., 2], values[..., 3])
        return np.asarray(self.formula(columns), dtype=np.float64)


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """numerator / denominator, nan where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)


def _dice(c: Columns) -> Floats:
    return divide(2 * c.tp, 2 * c.tp + c.fp + c.fn)


def _iou(c: Columns) -> Floats:
    return divide(c.tp, c.tp + c.fp + c.fn)


def _mean_iou(c: Columns) -> Floats:
    return (_iou(c) + divide(c.tn, c.tn + c.fp + c.fn)) / 2


def _sensitivity(c: Columns) -> Floats:
    return divide(c.tp, c.tp + c.fn)


def _specificity(c: Columns) -> Floats:
    return divide(c.tn, c.tn + c.fp)


def _mcc(c: Columns) -> Floats:
    # the four roots apart, because their product leaves the exact range of float64
    roots = np.sqrt(c.tp + c.fp) * np.sqrt(c.tp + c.fn) * np.sqrt(c.tn + c.fp) * np.sqrt(c.tn + c.fn)
    return divide(c.tp * c.tn - c.fp * c.fn, roots)


def _kappa(c: Columns) -> Floats:
    chance = (c.tp + c.fp) * (c.fp + c.tn) + (c.tp + c.fn) * (c.fn + c.tn)
    return divide(2 * (c.tp * c.tn - c.fp * c.fn), chance)


dice = Derived("dice", _dice)
iou = Derived("iou", _iou)
mean_iou = Derived("mean_iou", _mean_iou)  # of the two classes, lesion and background
accuracy = Derived("accuracy", lambda c: divide(c.tp + c.tn, c.tp + c.fp + c.fn + c.tn))
sensitivity = Derived("sensitivity", _sensitivity)
specificity = Derived("specificity", _specificity)
precision = Derived("precision", lambda c: divide(c.tp, c.tp + c.fp))
f1 = Derived("f1", _dice)  # the same number; vessel papers call it F1, lesion papers Dice
mcc = Derived("mcc", _mcc)
kappa = Derived("kappa", _kappa)
balanced_accuracy = Derived("balanced_accuracy", lambda c: (_sensitivity(c) + _specificity(c)) / 2)

_ALL = (dice, iou, mean_iou, accuracy, sensitivity, specificity, precision, f1, mcc, kappa, balanced_accuracy)
DERIVED = {metric.name: metric for metric in _ALL}
