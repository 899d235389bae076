"""Counts under a protocol: pooling, smoothing and the rule for an empty truth, for one image or for many thresholds."""

from dataclasses import replace

import numpy as np
import pytest

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.aggregate import estimate
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.evaluation.scoring.confusion import score_with_protocol

MEAN = Protocol(
    name="mean",
    title="crafted",
    source="this test",
    region="frame",
    pooling="per_image",
    empty_truth="one",
    headline="dice",
    metrics=("dice", "iou", "mean_iou", "precision", "sensitivity", "specificity", "accuracy"),
)
POOL = replace(MEAN, pooling="pooled", empty_truth="count")

TABLE = np.array([[2, 0, 2, 6], [0, 0, 0, 10], [0, 5, 0, 5]])
"""Three images of ten pixels: half of the truth found; both empty; five pixels predicted in an empty truth."""


@pytest.mark.parametrize(("rule", "dice"), [("one", (2 / 3 + 1 + 0) / 3), ("zero", 2 / 9), ("leave_out", 2 / 3)])
def test_the_mean_of_dice_follows_the_rule_for_an_empty_truth(rule: str, dice: float) -> None:
    """Dice of the first image 4/6; of the others 1 and 0, 0 and 0, or undefined."""
    protocol = replace(MEAN, empty_truth=rule)  # type: ignore[arg-type]
    assert score_with_protocol("dice", TABLE, protocol) == pytest.approx(dice)


def test_a_pool_counts_the_pixels_of_an_empty_truth_or_leaves_the_image_out() -> None:
    """tp 2, fn 2 and fp 5, or without the fp of the third image."""
    assert score_with_protocol("dice", TABLE, POOL) == pytest.approx(4 / 11)
    assert score_with_protocol("dice", TABLE, replace(POOL, empty_truth="leave_out")) == pytest.approx(4 / 6)


def test_a_metric_that_no_image_has_is_nan() -> None:
    assert np.isnan(score_with_protocol("sensitivity", TABLE[1:], MEAN))


def test_many_thresholds_are_scored_at_once() -> None:
    table = np.stack([TABLE, TABLE * [1, 0, 1, 1]], axis=1)
    found = score_with_protocol("dice", table, MEAN)
    assert found == pytest.approx([float(score_with_protocol("dice", table[:, k], MEAN)) for k in range(2)])
    assert found.shape == (2,)


@pytest.mark.parametrize("rule", ["one", "zero", "leave_out"])
@pytest.mark.parametrize("smoothing", [0.0, 0.5])
def test_counts_and_masks_give_the_same_numbers(rule: str, smoothing: float) -> None:
    protocol = replace(MEAN, empty_truth=rule, smoothing=smoothing)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    scores = []
    for number in range(6):
        truth = rng.random((5, 6)) < (0.3 if number % 3 else 0)
        predicted = rng.random((5, 6)) < (0.3 if number % 2 else 0)
        scores.append(
            score_case(str(number), "vessel", CaseMaps(truth, predicted, None, None), [protocol], None)["mean"]
        )
    table = np.stack([score.counts.as_row() for score in scores])
    means = estimate(scores, ["vessel"], protocol, 0)["vessel"]
    for metric in protocol.metrics:
        assert score_with_protocol(metric, table, protocol) == pytest.approx(means[metric].value), metric
