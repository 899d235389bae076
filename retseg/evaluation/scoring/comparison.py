"""Compare two systems on the same cases by a paired permutation test and a paired bootstrap of the difference.

Both systems are resampled with the same weights, so a resample holds the same cases of both. In the permutation test,
the results of a case may be swapped between the systems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from retseg.challenge.protocol import Protocol
from retseg.errors import RetsegError
from retseg.evaluation.scoring.aggregate import Estimates, arrange, estimate_columns
from retseg.evaluation.scoring.result import CaseScore
from retseg.metrics.permutation import draw_exchanges, find_p_value
from retseg.metrics.resampling import bootstrap_difference, draw_resamples


class ComparisonError(RetsegError):
    """The two systems have no case in common."""


@dataclass(frozen=True)
class Difference:
    """One metric of the first system minus that of the second.

    Attributes:
        difference: of the two values.
        ci95_low: lower end of the 95 % interval of a paired bootstrap; None with a single case.
        ci95_high: its upper end.
        p_value: two-sided, of a paired permutation test; None with a single case.
    """

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

    Args:
        first: scores of the first system.
        second: scores of the second system, by the same protocol.
        tasks: in the order of the result.
        protocol: gives the metrics and the pooling.
        seed: of the bootstrap and of the random exchanges.

    Raises:
        ComparisonError: there is no common case.
    """
    both = {(s.name, s.task) for s in first} & {(s.name, s.task) for s in second}
    if not both:
        raise ComparisonError("the two predictions have no case in common: compare two systems on the same images")
    names = list(dict.fromkeys(s.name for s in first if (s.name, s.task) in both))
    one, other = (arrange([s for s in scores if (s.name, s.task) in both], names, tasks) for scores in (first, second))
    resamples, exchanges = draw_resamples(len(names), seed), draw_exchanges(len(names), seed)
    estimates = estimate_columns(one, protocol, resamples), estimate_columns(other, protocol, resamples)
    joined = {task: [*one[task], *other[task]] for task in tasks}
    exchanged = (
        estimate_columns(joined, protocol, exchanges.first),
        estimate_columns(joined, protocol, exchanges.second),
    )
    return {
        task: {
            metric: _compare_metric(estimates, exchanged, task, metric)
            for metric in metrics
            if metric in estimates[1].get(task, {})
        }
        for task, metrics in estimates[0].items()
    }


def _compare_metric(
    estimates: tuple[Estimates, Estimates], exchanged: tuple[Estimates, Estimates], task: str, metric: str
) -> Difference:
    one, other = (each[task][metric] for each in estimates)
    if one.replicates.size == 0 or other.replicates.size == 0 or metric not in exchanged[0].get(task, {}):
        return Difference(one.value - other.value, None, None, None)
    interval = bootstrap_difference(one.replicates, other.replicates)
    first, second = (each[task][metric].replicates for each in exchanged)
    p_value = find_p_value(first - second)
    return Difference(one.value - other.value, interval.low, interval.high, None if np.isnan(p_value) else p_value)
