"""Each task's curves, from the sum of its pooled cases' histograms; the page and the figures draw the same ones."""

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from retseg.evaluation.scoring.result import Evaluation
from retseg.metrics.curves import (
    Curve,
    Reliability,
    auc_roc,
    average_precision,
    brier,
    dice_curve,
    ece,
    pr_curve,
    reliability,
    roc_curve,
)

RELIABILITY_BINS = 10
POINTS = 240


@dataclass(frozen=True)
class TaskCurves:
    """What the probabilities of one task say, all its images' pixels together.

    Attributes:
        threshold: the working threshold, or None where none is known.
        prevalence: the share of pixels that are true: the precision of a guess.
        images: how many cases brought probabilities.
    """

    task: str
    threshold: float | None
    images: int
    prevalence: float
    pr: Curve
    roc: Curve
    dice: Curve
    calibration: Reliability
    average_precision: float
    auc_roc: float
    ece: float
    brier: float


def gather_curves(evaluation: Evaluation) -> tuple[TaskCurves, ...]:
    """The curves of every task that has probabilities and both truth and background; the others are left out."""
    gathered = (_gather(evaluation, task) for task in evaluation.tasks)
    return tuple(curves for curves in gathered if curves is not None)


def _gather(evaluation: Evaluation, task: str) -> TaskCurves | None:
    pool = [case for case in evaluation.cases if case.task == task and case.in_pool]
    held = [case.histograms for case in pool if case.histograms is not None]
    if not held:
        return None
    pooled = reduce(add, held)
    true, false = int(pooled.positives.sum()), int(pooled.negatives.sum())
    if not true or not false:
        return None
    return TaskCurves(
        task=task,
        threshold=evaluation.thresholds.get(task),
        images=len(held),
        prevalence=true / (true + false),
        pr=pr_curve(pooled),
        roc=roc_curve(pooled),
        dice=dice_curve(pooled),
        calibration=reliability(pooled, RELIABILITY_BINS),
        average_precision=average_precision(pooled),
        auc_roc=auc_roc(pooled),
        ece=ece(pooled),
        brier=brier(pooled),
    )


def find_point(curve: Curve, threshold: float) -> tuple[float, float] | None:
    """Where a curve is when `probability >= threshold` decides, or None where it is not defined there."""
    at = np.flatnonzero(curve.thresholds >= threshold)
    if not at.size:
        return None
    x, y = float(curve.x[at[-1]]), float(curve.y[at[-1]])
    return (x, y) if np.isfinite(x) and np.isfinite(y) else None
