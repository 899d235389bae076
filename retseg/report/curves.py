"""The curves of each task from the summed histograms of its cases; the page and the figures draw the same curves."""

from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np

from retseg.evaluation.scoring.aggregate import CALIBRATION_BINS
from retseg.evaluation.scoring.lesion_counts import draw_froc
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
from retseg.metrics.lesions import Froc

POINTS = 240


@dataclass(frozen=True)
class TaskCurves:
    """The curves of one task, over the pixels of all images together.

    Attributes:
        task: its name.
        title: its name for readers.
        threshold: that makes the masks, or None where it is not known.
        images: how many cases have probabilities.
        prevalence: the share of pixels that are true, which is the precision of a random guess.
        pr: recall and precision.
        roc: false positive rate and sensitivity.
        dice: threshold and Dice.
        calibration: probability and share that is true, per bin.
        average_precision: area under `pr`.
        auc_roc: area under `roc`.
        ece: expected calibration error.
        brier: mean squared error of the probability.
    """

    task: str
    title: str
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
        title=evaluation.looks.title(task),
        threshold=evaluation.thresholds.get(task),
        images=len(held),
        prevalence=true / (true + false),
        pr=pr_curve(pooled),
        roc=roc_curve(pooled),
        dice=dice_curve(pooled),
        calibration=reliability(pooled, CALIBRATION_BINS),
        average_precision=average_precision(pooled),
        auc_roc=auc_roc(pooled),
        ece=ece(pooled),
        brier=brier(pooled),
    )


@dataclass(frozen=True)
class TaskFroc:
    """The lesions of one task, over all images.

    Attributes:
        task: its name.
        title: its name for readers.
        curve: false lesions per image and share of the lesions found, at each threshold.
        mark: the same at the threshold that makes the masks.
    """

    task: str
    title: str
    curve: Froc
    mark: tuple[float, float]


def gather_frocs(evaluation: Evaluation) -> tuple[TaskFroc, ...]:
    """The FROC of every task whose lesions were counted at all thresholds; the others are left out."""
    gathered = []
    for task in evaluation.tasks:
        tables = [case.lesions for case in evaluation.cases if case.task == task and case.lesions is not None]
        if not tables or any(len(table) == 1 for table in tables):
            continue
        total = np.sum(tables, axis=0)
        lesions, found, false, images = total[0]
        if lesions:
            mark = float(false / images), float(found / lesions)
            gathered.append(TaskFroc(task, evaluation.looks.title(task), draw_froc(total), mark))
    return tuple(gathered)


def find_point(curve: Curve, threshold: float) -> tuple[float, float] | None:
    """The point (x, y) of a curve at a threshold; None where the curve has no point there."""
    at = np.flatnonzero(curve.thresholds >= threshold)
    if not at.size:
        return None
    x, y = float(curve.x[at[-1]]), float(curve.y[at[-1]])
    return (x, y) if np.isfinite(x) and np.isfinite(y) else None
