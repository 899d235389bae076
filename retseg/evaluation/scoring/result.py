"""The results of an evaluation: of one case, of all cases, and the rank; the report and `metrics.json` show them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.looks import USUAL, Looks
from retseg.challenge.protocol import Protocol
from retseg.metrics.counts import Counts
from retseg.metrics.histograms import Histograms


@dataclass(frozen=True)
class Summary:
    """One metric of all cases together.

    Attributes:
        mean: the value: a mean over the cases, or the metric of the pooled pixels.
        std: sample standard deviation over the cases; None for a pooled metric and for a single case.
        ci95_low: lower end of the 95 % interval of a bootstrap over cases; None for a single case.
        ci95_high: its upper end.
    """

    mean: float
    std: float | None
    ci95_low: float | None
    ci95_high: float | None


@dataclass(frozen=True)
class CaseScore:
    """The score of one case and task under one protocol.

    Attributes:
        name: of the case.
        task: that was scored.
        counts: pixels by truth and prediction, inside the protocol's region.
        histograms: of the probabilities; None where the prediction is a mask.
        metrics: name to value; undefined metrics are absent.
        grid: int64, (thresholds, 4), counts tp, fp, fn, tn at each threshold of the protocol's PR grid.
        lesions: int64, (rows, 4), the lesion counts that `lesion_counts` describes, where the protocol has a metric of
            them.
        in_pool: whether the case belongs to the pool of a pooled protocol.
    """

    name: str
    task: str
    counts: Counts
    histograms: Histograms | None
    metrics: Mapping[str, float]
    grid: NDArray[np.int64] | None = None
    lesions: NDArray[np.int64] | None = None
    in_pool: bool = True


@dataclass(frozen=True)
class ValueScore:
    """The score of one output value of one case.

    Attributes:
        case: its name.
        slug: of the socket.
        found, wanted: the predicted and the true value, as JSON gives them.
        metrics: name to number; undefined ones are absent.
    """

    case: str
    slug: str
    found: Any
    wanted: Any
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Standing:
    """The rank of a score among published scores.

    Attributes:
        rank: 1 is the best.
        rank_low: the best rank inside the 95 % interval of the score.
        rank_high: the worst rank inside it.
        of: how many entries there are, this one included.
        rows: (team, score) of the published entries, best first.
        metric: by which they are ranked.
        title, source, date: of the published entries, as in `Leaderboard`.
    """

    rank: int
    rank_low: int
    rank_high: int
    of: int
    rows: tuple[tuple[str, float], ...]
    metric: str
    title: str
    source: str
    date: str


@dataclass(frozen=True)
class Evaluation:
    """One set of predictions, scored by one protocol.

    Attributes:
        challenge: its name.
        protocol: the rules.
        tasks: that were scored, in the order of the challenge.
        cases: the score of every case and task.
        aggregates: task or "overall" (the mean over tasks), then metric.
        thresholds: task to the threshold that makes a mask of its probabilities; a task with masks is absent.
        warnings: what a reader must know before the numbers, one sentence each.
        standing: the rank among the published scores, where it was asked for.
        values: the scores of output values, which are the same under every protocol.
        value_aggregates: slug of a socket, then metric.
        looks: how the tasks are called and drawn.
    """

    challenge: str
    protocol: Protocol
    tasks: tuple[str, ...]
    cases: tuple[CaseScore, ...]
    aggregates: Mapping[str, Mapping[str, Summary]]
    thresholds: Mapping[str, float]
    warnings: tuple[str, ...]
    standing: Standing | None
    values: tuple[ValueScore, ...] = ()
    value_aggregates: Mapping[str, Mapping[str, Summary]] = field(default_factory=dict)
    looks: Looks = USUAL
