"""A score among the published standings."""

import dataclasses

import numpy as np
import pytest

from retseg.challenge import load_challenge
from retseg.evaluation.scoring.aggregate import Estimate
from retseg.evaluation.scoring.result import Evaluation
from retseg.evaluation.scoring.standing import StandingError, find_standing

DRAC22 = load_challenge("drac22")
EMPTY = Evaluation("drac22", DRAC22.protocol["drac22"], DRAC22.tasks, (), {}, {}, (), None)


def make_estimates(score: float, spread: float = 0.0, iou: float = 0.3) -> dict[str, dict[str, Estimate]]:
    replicates = score + spread * np.linspace(-1, 1, 1001)
    metrics = {"dice": Estimate(score, None, replicates), "iou": Estimate(iou, None, np.empty(0))}
    return dict.fromkeys((*DRAC22.tasks, "overall"), metrics)


@pytest.mark.parametrize(("score", "rank"), [(0.60, 1), (0.5800, 2), (0.5000, 10), (0.46, 14), (0.10, 14)])
def test_the_rank_counts_the_rows_above(score: float, rank: int) -> None:
    standing = find_standing(EMPTY, make_estimates(score), DRAC22.leaderboard, DRAC22.tasks)
    assert (standing.rank, standing.rank_low, standing.rank_high, standing.of) == (rank, rank, rank, 14)


def test_the_range_of_ranks_follows_the_interval_of_the_score() -> None:
    """0.5 +- 0.095 (95 % of +- 0.1): 0.595 stands before all 13 rows, 0.405 behind them."""
    standing = find_standing(EMPTY, make_estimates(0.5, 0.1), DRAC22.leaderboard, DRAC22.tasks)
    assert (standing.rank, standing.rank_low, standing.rank_high) == (10, 1, 14)
    assert standing.rows[0] == ("lhy-init", 0.5931)


@pytest.mark.parametrize(("iou", "rank"), [(0.3500, 10), (0.3400, 11)])
def test_equal_scores_are_decided_by_the_tie_break(iou: float, rank: int) -> None:
    """0.48329 is published as 0.4833, the score of the tenth row, whose IoU is 0.3428."""
    standing = find_standing(EMPTY, make_estimates(0.48329, iou=iou), DRAC22.leaderboard, DRAC22.tasks)
    assert standing.rank == rank


def test_what_cannot_be_placed_says_why() -> None:
    other = dataclasses.replace(EMPTY, protocol=DRAC22.protocol["drac22-false-alarms"])
    with pytest.raises(StandingError, match="follow the protocol 'drac22', this evaluation 'drac22-false-alarms'"):
        find_standing(other, make_estimates(0.5), DRAC22.leaderboard, DRAC22.tasks)
    with pytest.raises(StandingError, match="no published standings"):
        find_standing(EMPTY, make_estimates(0.5), None, DRAC22.tasks)
    partial = {**make_estimates(0.5), "irma": {}}
    with pytest.raises(StandingError, match="no dice of irma"):
        find_standing(EMPTY, partial, DRAC22.leaderboard, DRAC22.tasks)
