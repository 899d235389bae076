"""Find the rank of a score among the published scores, and the range of ranks that its interval allows."""

from collections.abc import Mapping, Sequence

import numpy as np

from retseg.challenge.leaderboard import Leaderboard, LeaderboardRow
from retseg.errors import RetsegError
from retseg.evaluation.scoring.aggregate import Estimate, Estimates
from retseg.evaluation.scoring.result import Evaluation, Standing
from retseg.metrics.resampling import find_interval


class StandingError(RetsegError):
    """The score cannot be ranked among the published ones; the message says why."""


def find_standing(
    evaluation: Evaluation, estimates: Estimates, leaderboard: Leaderboard | None, tasks: Sequence[str]
) -> Standing:
    """The rank of the overall score among the published rows, with its 95 % range from the bootstrap over cases.

    A row with the same score, rounded to the four published decimals, is compared by the tie-break where both have one.

    Args:
        evaluation: gives the challenge and the protocol.
        estimates: the metrics of all cases, with their resamples.
        leaderboard: the published standings; None where the challenge has none.
        tasks: all tasks of the challenge; the overall score is their mean.

    Raises:
        StandingError: there are no published standings, they follow another protocol, or there is no overall score.
    """
    if leaderboard is None:
        raise StandingError(f"the challenge '{evaluation.challenge}' has no published standings in its file")
    if evaluation.protocol.name != leaderboard.protocol:
        raise StandingError(
            f"the standings follow the protocol '{leaderboard.protocol}', this evaluation '{evaluation.protocol.name}'"
        )
    absent = [task for task in tasks if leaderboard.metric not in estimates.get(task, {})]
    if absent:
        raise StandingError(
            f"there is no {leaderboard.metric} of {', '.join(absent)}, but the rank is by the mean of all tasks"
        )
    overall: Mapping[str, Estimate] = estimates["overall"]
    entry, tie = overall[leaderboard.metric], evaluation.protocol.tie_break
    tie_break = overall[tie].value if tie is not None and tie in overall else None
    rank = 1 + sum(_stands_before(row, entry.value, tie_break) for row in leaderboard.row)
    interval = find_interval(entry.replicates) if entry.replicates.size else None
    known = interval is not None and bool(np.isfinite(interval.low))
    best, worst = (interval.high, interval.low) if interval and known else (entry.value, entry.value)
    ranks = [1 + sum(row.score > score for row in leaderboard.row) for score in (best, worst)]
    rows = tuple((row.team, row.score) for row in leaderboard.row)
    return Standing(
        rank=rank,
        rank_low=min(rank, ranks[0]),
        rank_high=max(rank, ranks[1]),
        of=len(rows) + 1,
        rows=rows,
        metric=leaderboard.metric,
        title=leaderboard.title,
        source=leaderboard.source,
        date=leaderboard.date,
    )


def _stands_before(row: LeaderboardRow, score: float, tie_break: float | None) -> bool:
    """Whether a published row ranks before a score."""
    published = round(score, 4)
    if row.score != published or row.tie_break is None or tie_break is None:
        return row.score > published
    return row.tie_break > round(tie_break, 4)
