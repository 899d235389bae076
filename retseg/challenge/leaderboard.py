"""The dataclasses of published standings, which a challenge has beside its protocols."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LeaderboardRow:
    """One published entry: the score that ranks, the one that breaks ties, and the score of each task."""

    team: str
    score: float
    tie_break: float | None = None
    tasks: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Leaderboard:
    """The standings of one day.

    Attributes:
        title: whose they are.
        source: where they were published.
        date: of the snapshot, ISO 8601.
        protocol: the protocol that the scores follow.
        metric: the ranking metric; the overall one where there are several tasks.
        row: the entries, best first.
    """

    title: str
    source: str
    date: str
    protocol: str
    metric: str
    row: tuple[LeaderboardRow, ...]

    def __post_init__(self) -> None:
        scores = [row.score for row in self.row]
        if scores != sorted(scores, reverse=True):
            raise ValueError("the rows of a leaderboard stand in the order of their scores, best first")
