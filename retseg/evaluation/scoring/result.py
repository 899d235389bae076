"""What an evaluation found, for the report, the table and `metrics.json`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import Protocol
from retseg.metrics.counts import Counts
from retseg.metrics.histograms import Histograms


@dataclass(frozen=True)
class Summary:
    """One metric over all cases: the value, its spread over the cases, and its 95 % interval from the bootstrap.

    A pooled metric has no `std`; with one case there is no interval.
    """

    mean: float
    std: float | None
    ci95_low: float | None
    ci95_high: float | None


@dataclass(frozen=True)
class CaseScore:
    """One case and one task: counts first, then what follows from them; undefined metrics are absent.

    Attributes:
        histograms: of the probabilities; None where the prediction is a mask.
        grid: (thresholds, 4) counts tp, fp, fn, tn at each threshold of the protocol's PR grid.
        in_pool: whether the case belongs to the pool of a pooled protocol.
    """

    name: str
    task: str
    counts: Counts
    histograms: Histograms | None
    metrics: Mapping[str, float]
    grid: NDArray[np.int64] | None = None
    in_pool: bool = True


@dataclass(frozen=True)
class Standing:
    """A place among published scores: `rows` are (team, score) from best to worst, the scored entry not included."""

    rank: int
    rank_low: int
    rank_high: int
    of: int
    rows: tuple[tuple[str, float], ...]
    metric: str


@dataclass(frozen=True)
class Evaluation:
    """Everything that one protocol says about one set of predictions.

    Attributes:
        aggregates: task or "overall" (the mean over tasks), then metric.
        thresholds: the working threshold per task; a task is absent when its predictions are masks.
        warnings: what must be read before the numbers, one sentence each.
    """

    challenge: str
    protocol: Protocol
    tasks: tuple[str, ...]
    cases: tuple[CaseScore, ...]
    aggregates: Mapping[str, Mapping[str, Summary]]
    thresholds: Mapping[str, float]
    warnings: tuple[str, ...]
    standing: Standing | None
