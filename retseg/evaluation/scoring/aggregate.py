"""From cases to the numbers of a leaderboard, each with the interval of a bootstrap over cases.

The resamples are drawn once: all tasks and metrics share them, so the interval of a mean over tasks respects that the
tasks of one image belong together.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.case import integrate_pr
from retseg.evaluation.scoring.result import CaseScore, Summary
from retseg.metrics.curves import auc_roc, average_precision, brier, ece, reliability
from retseg.metrics.derived import DERIVED, divide
from retseg.metrics.histograms import BINS, Histograms
from retseg.metrics.resampling import (
    draw_resamples,
    find_interval,
    merge_bins,
    resample_curves,
    resample_mean,
    resample_pooled,
)

Floats = NDArray[np.float64]
CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Estimate:
    """A metric of all cases, its spread over the cases, and its value in every resample."""

    value: float
    std: float | None
    replicates: Floats


Estimates = Mapping[str, Mapping[str, Estimate]]
"""Task or "overall", then metric."""


def estimate(scores: Sequence[CaseScore], tasks: Sequence[str], protocol: Protocol, seed: int) -> Estimates:
    """Every metric of the protocol for each task, and for all tasks together where each has a value.

    Args:
        scores: of all cases and tasks; a case may lack a task.
        tasks: in order.
        protocol: says how cases are put together, and which metrics are wanted.
        seed: of the bootstrap.

    Raises:
        ValueError: there is no score.
    """
    names = list(dict.fromkeys(score.name for score in scores))
    return estimate_with_weights(scores, names, tasks, protocol, draw_resamples(len(names), seed))


def estimate_with_weights(
    scores: Sequence[CaseScore], names: Sequence[str], tasks: Sequence[str], protocol: Protocol, weights: Floats
) -> Estimates:
    """As `estimate`, with (resamples, cases) weights for the cases in the order of `names`."""
    table = {(score.name, score.task): score for score in scores}
    found: dict[str, dict[str, Estimate]] = {}
    for task in tasks:
        column = [table.get((name, task)) for name in names]
        if protocol.pooling == "pooled":
            found[task] = _estimate_pooled(column, protocol, weights)
        else:
            found[task] = {m: _estimate_mean(_collect([column], m), weights) for m in protocol.metrics}
        found[task] = {metric: e for metric, e in found[task].items() if np.isfinite(e.value)}
    return {**found, "overall": _estimate_overall(found, protocol)}


def summarise(estimates: Estimates) -> dict[str, dict[str, Summary]]:
    """Mean, standard deviation and 95 % interval of every estimate; no interval from a single case."""
    return {task: {metric: _summarise(e) for metric, e in metrics.items()} for task, metrics in estimates.items()}


def pool_histograms(scores: Iterable[CaseScore]) -> Histograms | None:
    """All pixels of the cases in the pool; None where no case has probabilities."""
    held = [score.histograms for score in scores if score.histograms is not None and score.in_pool]
    return functools.reduce(operator.add, held) if held else None


def _summarise(e: Estimate) -> Summary:
    interval = find_interval(e.replicates) if e.replicates.size else None
    if interval is None or not np.isfinite(interval.low):
        return Summary(e.value, e.std, None, None)
    return Summary(e.value, e.std, interval.low, interval.high)


def _estimate_overall(found: Mapping[str, Mapping[str, Estimate]], protocol: Protocol) -> dict[str, Estimate]:
    """The mean over the tasks that have a value at all; with one task it is that task."""
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


def _collect(columns: Iterable[Sequence[CaseScore | None]], metric: str) -> Floats:
    rows = [[score.metrics.get(metric, np.nan) if score else np.nan for score in column] for column in columns]
    return np.array(rows, dtype=np.float64).T


def _estimate_mean(values: Floats, weights: Floats) -> Estimate:
    present = values[np.isfinite(values)]
    if present.size == 0:
        return Estimate(np.nan, None, np.empty(0))
    std = float(np.std(present, ddof=1)) if present.size > 1 else None
    replicates = resample_mean(values, weights) if present.size > 1 else np.empty(0)
    return Estimate(float(present.mean()), std, replicates)


def _estimate_pooled(column: Sequence[CaseScore | None], protocol: Protocol, weights: Floats) -> dict[str, Estimate]:
    pool = [score if score is not None and score.in_pool else None for score in column]
    held = [score for score in pool if score is not None]
    if not held:
        return {}
    several = len(held) > 1
    counts = np.stack([score.counts.as_row() if score else np.zeros(4, np.int64) for score in pool])

    def judge(value: float, resample: Callable[[], Floats]) -> Estimate:
        return Estimate(value, None, resample() if several else np.empty(0))

    found: dict[str, Estimate] = {}
    for metric in protocol.metrics:
        if metric in DERIVED:
            derive = DERIVED[metric].over
            value = float(derive(counts.sum(axis=0)))
            found[metric] = judge(value, functools.partial(resample_pooled, counts, derive, weights))
    if all(score.histograms is not None for score in held):
        found |= _estimate_curves(pool, protocol, weights, judge)
    return {metric: found[metric] for metric in protocol.metrics if metric in found}


def _estimate_curves(
    pool: Sequence[CaseScore | None],
    protocol: Protocol,
    weights: Floats,
    judge: Callable[[float, Callable[[], Floats]], Estimate],
) -> dict[str, Estimate]:
    empty = Histograms(np.zeros(BINS, np.int32), np.zeros(BINS, np.int32), 0.0)
    maps = [score.histograms if score and score.histograms else empty for score in pool]
    total = functools.reduce(operator.add, maps)
    found: dict[str, Estimate] = {}
    if {"auc_roc", "ap"} & set(protocol.metrics):
        curves = resample_curves(merge_bins(maps), weights)
        found["auc_roc"] = judge(auc_roc(total), lambda: curves.auc_roc)
        found["ap"] = judge(average_precision(total), lambda: curves.average_precision)
    if protocol.pr_grid is not None:
        shape = next(score.grid.shape for score in pool if score and score.grid is not None)
        grids = np.stack([s.grid if s and s.grid is not None else np.zeros(shape, np.int64) for s in pool])
        integrate = functools.partial(integrate_pr, grid=protocol.pr_grid)
        found["auc_pr"] = judge(float(integrate(grids.sum(axis=0))), lambda: resample_pooled(grids, integrate, weights))
    if "brier" in protocol.metrics:
        pixels = np.array([h.positives.sum() + h.negatives.sum() for h in maps], dtype=np.float64)
        errors = np.array([h.squared_error for h in maps])
        found["brier"] = judge(brier(total), lambda: divide(weights @ errors, weights @ pixels))
    if "ece" in protocol.metrics:
        found["ece"] = judge(ece(total, CALIBRATION_BINS), lambda: _resample_ece(maps, weights))
    return found


def _resample_ece(maps: Sequence[Histograms], weights: Floats) -> Floats:
    tables = [reliability(h, CALIBRATION_BINS) for h in maps]
    pixels = np.stack([table.pixels for table in tables]).astype(np.float64)
    gaps = np.stack([np.nan_to_num((t.confidence - t.frequency) * t.pixels) for t in tables])
    return divide(np.abs(weights @ gaps).sum(axis=-1), (weights @ pixels).sum(axis=-1))
