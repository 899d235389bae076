"""Two systems on the same cases: a paired permutation test and a paired bootstrap of the difference.

Pairing needs no more than shared weights: both systems are put together from the same resampled cases, and under the
null hypothesis the two results of a case may have come from either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from retseg.challenge.protocol import Protocol
from retseg.errors import RetsegError
from retseg.evaluation.scoring.aggregate import Estimates, estimate, estimate_with_weights
from retseg.evaluation.scoring.result import CaseScore
from retseg.metrics.permutation import draw_exchanges
from retseg.metrics.resampling import bootstrap_difference


class ComparisonError(RetsegError):
    """The two systems have no case in common."""


@dataclass(frozen=True)
class Difference:
    """One metric of this system minus the other's, with its paired interval and two-sided p-value."""

    difference: float
    ci95_low: float | None
    ci95_high: float | None
    p_value: float | None


Differences = Mapping[str, Mapping[str, Difference]]
"""Task or "overall", then metric."""


def compare(
    first: Sequence[CaseScore], second: Sequence[CaseScore], tasks: Sequence[str], protocol: Protocol, seed: int
) -> Differences:
    """Compare two systems on the cases and tasks that both have.

    Raises:
        ComparisonError: there are none.
    """
    both = {(s.name, s.task) for s in first} & {(s.name, s.task) for s in second}
    if not both:
        raise ComparisonError("the two predictions have no case in common: compare two systems on the same images")
    names = list(dict.fromkeys(s.name for s in first if (s.name, s.task) in both))
    one = _arrange([s for s in first if (s.name, s.task) in both], names)
    other = _arrange([s for s in second if (s.name, s.task) in both], names)
    here, there = estimate(one, tasks, protocol, seed), estimate(other, tasks, protocol, seed)
    exchanges = draw_exchanges(len(names), seed)
    joined = [*one, *(replace(score, name=f"{score.name} of the other") for score in other)]
    order = [*names, *(f"{name} of the other" for name in names)]
    kept = estimate_with_weights(joined, order, tasks, protocol, exchanges.first)
    swapped = estimate_with_weights(joined, order, tasks, protocol, exchanges.second)
    return {
        task: {
            metric: _judge(here, there, kept, swapped, (task, metric))
            for metric in metrics
            if metric in there.get(task, {})
        }
        for task, metrics in here.items()
    }


def _arrange(scores: Sequence[CaseScore], names: Sequence[str]) -> list[CaseScore]:
    """The scores in the order of the names, so that both systems share every resample."""
    place = {name: index for index, name in enumerate(names)}
    return sorted(scores, key=lambda score: place[score.name])


def _judge(here: Estimates, there: Estimates, kept: Estimates, swapped: Estimates, key: tuple[str, str]) -> Difference:
    task, metric = key
    one, other = here[task][metric], there[task][metric]
    observed = one.value - other.value
    if one.replicates.size == 0 or other.replicates.size == 0 or metric not in kept.get(task, {}):
        return Difference(observed, None, None, None)
    interval = bootstrap_difference(one.replicates, other.replicates)
    exchanged = kept[task][metric].replicates - swapped[task][metric].replicates
    sizes = np.abs(exchanged[np.isfinite(exchanged)])
    p_value = float(np.mean(sizes >= abs(observed) - 1e-12)) if sizes.size else None
    return Difference(observed, interval.low, interval.high, p_value)
