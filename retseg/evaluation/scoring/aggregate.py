"""Compute the metrics of all cases together, and their values in every resample of a bootstrap over cases.

The resamples are drawn once and shared by all tasks and metrics, because the tasks of one image are not independent of
each other. So the interval of the mean over tasks is right.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import LESION_POOL, Protocol
from retseg.evaluation.scoring.confusion import derive_metric
from retseg.evaluation.scoring.lesion_counts import derive_lesions
from retseg.evaluation.scoring.own_metrics import derive_own
from retseg.evaluation.scoring.pr_grid import integrate_pr
from retseg.evaluation.scoring.result import CaseScore, Summary
from retseg.metrics.curves import auc_roc, average_precision, brier, ece, reliability
from retseg.metrics.derived import DERIVED, divide
from retseg.metrics.histograms import BINS, Histograms
from retseg.metrics.resampling import (
    CurveReplicates,
    draw_resamples,
    find_interval,
    merge_bins,
    resample_curves,
    resample_mean,
    resample_pooled,
)

Floats = NDArray[np.float64]
CALIBRATION_BINS = 15
"""Of the expected calibration error and of the reliability plot."""

NO_PIXELS = Histograms(np.zeros(BINS, np.int32), np.zeros(BINS, np.int32), 0.0)
"""Of a case without a map."""


@dataclass(frozen=True)
class Estimate:
    """One metric of all cases together.

    Attributes:
        value: the mean over the cases, or the metric of the pooled pixels.
        std: standard deviation over the cases; None for a pooled metric and for a single case.
        replicates: (resamples,) the metric of every resample; (0,) where there is a single case.
    """

    value: float
    std: float | None
    replicates: Floats


Estimates = Mapping[str, Mapping[str, Estimate]]
"""Task or "overall", then metric."""

Columns = Mapping[str, Sequence[CaseScore | None]]
"""Task to the scores of the cases, which have the same order for all tasks."""


class KnownCurves:
    """The resampled areas of pooled curves, by the maps they were made from: protocols often pool the same maps.

    One object serves one set of resamples.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[int, ...], tuple[Sequence[Histograms], CurveReplicates]] = {}

    def resample(self, maps: Sequence[Histograms | None], weights: Floats) -> CurveReplicates:
        """The areas of every resample; None stands for a case without a map."""
        key = tuple(map(id, maps))
        if key not in self._found:
            filled = [NO_PIXELS if each is None else each for each in maps]
            self._found[key] = (filled, resample_curves(merge_bins(filled), weights))  # the maps keep their identities
        return self._found[key][1]


def estimate(
    scores: Sequence[CaseScore],
    tasks: Sequence[str],
    protocol: Protocol,
    seed: int,
    known: KnownCurves | None = None,
) -> Estimates:
    """Every metric of the protocol for each task, and the mean over the tasks where all of them have a value.

    Args:
        scores: of all cases and tasks; a case may lack a task.
        tasks: in the order of the result.
        protocol: gives the metrics and the pooling.
        seed: of the bootstrap.
        known: curves of the same cases and seed, where other protocols came before.

    Raises:
        ValueError: there is no score.
    """
    names = list(dict.fromkeys(score.name for score in scores))
    return estimate_columns(arrange(scores, names, tasks), protocol, draw_resamples(len(names), seed), known)


def arrange(scores: Iterable[CaseScore], names: Sequence[str], tasks: Sequence[str]) -> Columns:
    """Task to its scores in the order of the names of the cases; None where a case lacks the task."""
    table = {(score.name, score.task): score for score in scores}
    return {task: [table.get((name, task)) for name in names] for task in tasks}


def estimate_columns(
    columns: Columns, protocol: Protocol, weights: Floats, known: KnownCurves | None = None
) -> Estimates:
    """The same as `estimate`, from arranged scores and with given weights.

    Args:
        columns: task to the scores of (cases,).
        protocol: gives the metrics and the pooling.
        weights: (resamples, cases) how often each case is in each resample.
        known: curves of the same weights.
    """
    known = known or KnownCurves()
    found: dict[str, dict[str, Estimate]] = {}
    for task, column in columns.items():
        if protocol.pooling == "pooled":
            found[task] = _estimate_pooled(column, protocol, weights, known)
        else:
            means = [metric for metric in protocol.metrics if metric not in LESION_POOL]
            found[task] = {metric: _estimate_mean(column, metric, weights) for metric in means}
        found[task] |= _estimate_lesions(column, protocol, weights)
        found[task] = {m: found[task][m] for m in protocol.metrics if m in found[task]}
        found[task] = {metric: e for metric, e in found[task].items() if np.isfinite(e.value)}
    return {**found, "overall": _estimate_overall(found, protocol)}


def summarise(estimates: Estimates) -> dict[str, dict[str, Summary]]:
    """Value, standard deviation and 95 % interval of every estimate; a single case has no interval."""
    return {task: {metric: _summarise(e) for metric, e in metrics.items()} for task, metrics in estimates.items()}


def pool_histograms(scores: Iterable[CaseScore]) -> Histograms | None:
    """The sum of the histograms of the cases in the pool; None where no case has probabilities."""
    held = [score.histograms for score in scores if score.histograms is not None and score.in_pool]
    return functools.reduce(operator.add, held) if held else None


def _summarise(e: Estimate) -> Summary:
    interval = find_interval(e.replicates) if e.replicates.size else None
    if interval is None or not np.isfinite(interval.low):
        return Summary(e.value, e.std, None, None)
    return Summary(e.value, e.std, interval.low, interval.high)


def _estimate_overall(found: Mapping[str, Mapping[str, Estimate]], protocol: Protocol) -> dict[str, Estimate]:
    """The mean over the tasks that have any metric, for each metric that all of these have; a single task as it is."""
    present = [metrics for metrics in found.values() if metrics]
    if len(present) == 1:
        return dict(present[0])
    overall: dict[str, Estimate] = {}
    for metric in protocol.metrics:
        parts = [metrics[metric] for metrics in present if metric in metrics]
        if parts and len(parts) == len(present):
            replicates = [part.replicates for part in parts]
            same = all(part.size for part in replicates)
            mean = np.mean(replicates, axis=0) if same else np.empty(0)
            overall[metric] = Estimate(float(np.mean([part.value for part in parts])), None, mean)
    return overall


def _estimate_mean(column: Sequence[CaseScore | None], metric: str, weights: Floats) -> Estimate:
    values = np.array([score.metrics.get(metric, np.nan) if score else np.nan for score in column], dtype=np.float64)
    present = values[np.isfinite(values)]
    if present.size == 0:
        return Estimate(np.nan, None, np.empty(0))
    std = float(np.std(present, ddof=1)) if present.size > 1 else None
    replicates = resample_mean(values, weights) if present.size > 1 else np.empty(0)
    return Estimate(float(present.mean()), std, replicates)


def _estimate_pooled(
    column: Sequence[CaseScore | None], protocol: Protocol, weights: Floats, known: KnownCurves
) -> dict[str, Estimate]:
    pool = [score if score is not None and score.in_pool else None for score in column]
    held = [score for score in pool if score is not None]
    if not held:
        return {}
    counts = np.stack([score.counts.as_row() if score else np.zeros(4, np.int64) for score in pool])

    def describe(value: float, resample: Callable[[], Floats]) -> Estimate:
        return Estimate(value, None, resample() if len(held) > 1 else np.empty(0))

    found: dict[str, Estimate] = {}
    for metric in protocol.metrics:
        own = protocol.find_own(metric)
        if own is not None or metric in DERIVED:
            derive: Callable[..., Floats] = functools.partial(derive_metric, metric, smoothing=protocol.smoothing)
            if own is not None:
                derive = functools.partial(derive_own, own, protocol)
            value = float(derive(counts.sum(axis=0)))
            found[metric] = describe(value, functools.partial(resample_pooled, counts, derive, weights))
    if all(score.histograms is not None for score in held):
        found |= _estimate_curves(pool, protocol, weights, describe, known)
    return {metric: found[metric] for metric in protocol.metrics if metric in found}


def _estimate_lesions(column: Sequence[CaseScore | None], protocol: Protocol, weights: Floats) -> dict[str, Estimate]:
    """The metrics of the lesions of all images together; a case without the task has no lesions and is no image."""
    tables = [score.lesions for score in column if score is not None and score.lesions is not None]
    if not tables:
        return {}
    rows = min(len(table) for table in tables)  # 1 where any case has only a mask: then there is no FROC
    nothing = np.zeros((rows, 4), np.int64)
    counts = np.stack([s.lesions[:rows] if s is not None and s.lesions is not None else nothing for s in column])
    found: dict[str, Estimate] = {}
    for metric in LESION_POOL:
        if metric in protocol.metrics:
            derive = functools.partial(derive_lesions, metric)
            replicates = resample_pooled(counts, derive, weights) if len(tables) > 1 else np.empty(0)
            found[metric] = Estimate(float(derive(counts.sum(axis=0))), None, replicates)
    return found


def _estimate_curves(
    pool: Sequence[CaseScore | None],
    protocol: Protocol,
    weights: Floats,
    describe: Callable[[float, Callable[[], Floats]], Estimate],
    known: KnownCurves,
) -> dict[str, Estimate]:
    given = [score.histograms if score else None for score in pool]
    maps = [NO_PIXELS if each is None else each for each in given]
    total = functools.reduce(operator.add, maps)
    found: dict[str, Estimate] = {}
    if {"auc_roc", "ap"} & set(protocol.metrics):
        curves = known.resample(given, weights)
        found["auc_roc"] = describe(auc_roc(total), lambda: curves.auc_roc)
        found["ap"] = describe(average_precision(total), lambda: curves.average_precision)
    if protocol.pr_grid is not None:
        shape = next(score.grid.shape for score in pool if score and score.grid is not None)
        grids = np.stack([s.grid if s and s.grid is not None else np.zeros(shape, np.int64) for s in pool])
        integrate = functools.partial(integrate_pr, grid=protocol.pr_grid)
        found["auc_pr"] = describe(
            float(integrate(grids.sum(axis=0))), lambda: resample_pooled(grids, integrate, weights)
        )
    if "brier" in protocol.metrics:
        pixels = np.array([h.positives.sum() + h.negatives.sum() for h in maps], dtype=np.float64)
        errors = np.array([h.squared_error for h in maps])
        found["brier"] = describe(brier(total), lambda: divide(weights @ errors, weights @ pixels))
    if "ece" in protocol.metrics:
        found["ece"] = describe(ece(total, CALIBRATION_BINS), lambda: _resample_ece(maps, weights))
    return found


def _resample_ece(maps: Sequence[Histograms], weights: Floats) -> Floats:
    tables = [reliability(h, CALIBRATION_BINS) for h in maps]
    pixels = np.stack([table.pixels for table in tables]).astype(np.float64)
    gaps = np.stack([np.nan_to_num((t.confidence - t.frequency) * t.pixels) for t in tables])
    return divide(np.abs(weights @ gaps).sum(axis=-1), (weights @ pixels).sum(axis=-1))
