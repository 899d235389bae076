"""Lesions found, false lesions per image, and FROC: over all images together, healthy ones included."""

from dataclasses import replace

import numpy as np
import pytest

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.aggregate import estimate, summarise
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.evaluation.scoring.lesion_counts import FROC_THRESHOLDS, count_lesion_table, derive_lesions, draw_froc

LESIONS = Protocol(
    name="lesions",
    title="crafted",
    source="this test",
    region="frame",
    pooling="per_image",
    empty_truth="leave_out",
    headline="froc",
    metrics=("froc", "lesions_found", "false_lesions_per_image", "dice"),
)
FOVEAL = np.array([[1, 0, 0, 0, 0, 0, 1, 0, 0]], np.bool_)
"""A truth of two lesions of one pixel."""


def draw(first: float, second: float, false: float) -> np.ndarray:
    """Probabilities of the two lesions, and of a false one between them."""
    probability = np.zeros((1, 9), np.float32)
    probability[0, [0, 6, 3]] = first, second, false
    return probability


def score(probabilities: list[np.ndarray], truths: list[np.ndarray], protocol: Protocol = LESIONS):
    return [
        score_case(str(number), "microaneurysm", CaseMaps(truth, None, probability, None), [protocol], None)["lesions"]
        for number, (probability, truth) in enumerate(zip(probabilities, truths, strict=True))
    ]


def test_a_healthy_eye_counts_for_the_false_lesions_whatever_the_rule_for_an_empty_truth() -> None:
    """At 0.5: image 1 finds one lesion of two; the healthy image has a false one. So 1/2 found, 1/2 false per image."""
    healthy = np.zeros_like(FOVEAL)
    scores = score([draw(0.9, 0.3, 0.1), draw(0, 0, 0.7)], [FOVEAL, healthy])
    found = summarise(estimate(scores, ["microaneurysm"], LESIONS, 0))["microaneurysm"]
    assert found["lesions_found"].mean == pytest.approx(0.5)
    assert found["false_lesions_per_image"].mean == pytest.approx(0.5)
    assert scores[1].metrics == {"false_lesions_per_image": 1.0}
    assert found["dice"].mean == pytest.approx(2 / 3)


def test_the_froc_score_of_a_crafted_image() -> None:
    """One image, lesions at 0.97 and 0.3, a false one at 0.6: above 0.6 one of two is found, from 0.3 on both.

    Sensitivity from the line (0, 1/2) to (1, 1/2), then up to 1 at one false lesion: at 1/8, 1/4 and 1/2 it is 1/2, at
    1 and more it is 1. The mean is (3 x 1/2 + 4 x 1) / 7.
    """
    (only,) = score([draw(0.97, 0.3, 0.6)], [FOVEAL])
    assert only.lesions is not None
    assert only.lesions.shape == (1 + len(FROC_THRESHOLDS), 4)
    assert derive_lesions("froc", only.lesions) == pytest.approx((3 * 0.5 + 4) / 7)
    curve = draw_froc(only.lesions)
    assert (curve.sensitivity[0], curve.false_positives[0]) == (0.5, 0)
    assert (curve.sensitivity[-1], curve.false_positives[-1]) == (1, 1)


def test_a_bootstrap_resamples_the_lesions_of_whole_images() -> None:
    """One image finds both lesions, one none: a resample finds all, half or nothing."""
    scores = score([draw(0.9, 0.9, 0), draw(0, 0, 0)], [FOVEAL, FOVEAL])
    found = estimate(scores, ["microaneurysm"], LESIONS, 0)["microaneurysm"]["lesions_found"]
    assert set(found.replicates) == {0, 0.5, 1}
    assert found.std is None


def test_masks_alone_have_no_froc() -> None:
    mask = draw(1, 0, 0) > 0
    found = score_case("a", "microaneurysm", CaseMaps(FOVEAL, mask, None, None), [LESIONS], None)["lesions"]
    assert found.metrics == {"lesions_found": 0.5, "false_lesions_per_image": 0.0, "dice": pytest.approx(2 / 3)}


def test_lesions_outside_the_region_do_not_count() -> None:
    region = np.arange(9)[None] < 5
    table = count_lesion_table(draw(0.9, 0.9, 0.9) > 0, draw(0.9, 0.9, 0.9), FOVEAL, region, ["froc"])
    assert table is not None
    assert table[0].tolist() == [1, 1, 1, 1]
    assert table[1].tolist() == [1, 1, 1, 1]


def test_lesions_are_not_counted_where_no_protocol_wants_them() -> None:
    assert count_lesion_table(FOVEAL, None, FOVEAL, None, ["dice", "lesion_sensitivity"]) is None


def test_a_break_even_threshold_is_refused_with_lesions() -> None:
    with pytest.raises(ValueError, match="lesions are counted at a fixed threshold"):
        replace(LESIONS, pooling="pooled", threshold_rule="break_even")
