"""One case under a protocol: crafted cases whose answer is worked out in the docstring."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retseg.challenge import list_challenges, load_challenge
from retseg.challenge.protocol import PrGrid, Protocol, SoftTruth
from retseg.evaluation.scoring.break_even import find_break_even, recount_at_bin
from retseg.evaluation.scoring.case import CaseMaps, quantise, score_case
from retseg.evaluation.scoring.pr_grid import integrate_pr, list_thresholds

BASE = Protocol(
    name="base",
    title="crafted",
    source="this test",
    region="frame",
    pooling="per_image",
    empty_truth="leave_out",
    headline="dice",
    metrics=("dice", "iou", "f1", "precision", "sensitivity", "specificity", "accuracy", "mean_iou"),
)
ALARMS = replace(BASE, metrics=(*BASE.metrics, "empty_truth_false_alarm", "empty_truth_predicted_area"))


def mask(text: str) -> np.ndarray:
    """One row of pixels: `#` set, `.` not."""
    return np.array([[letter == "#" for letter in text]])


def score(protocol: Protocol, truth: str, predicted: str, view: str = "") -> dict[str, float]:
    maps = CaseMaps(mask(truth), mask(predicted), None, mask(view) if view else None)
    return dict(score_case("a", "vessel", maps, [protocol], None)[protocol.name].metrics)


def test_metrics_of_a_small_case() -> None:
    """tp 2, fp 1, fn 1, tn 4: Dice 4/6, IoU 2/4, ACC 6/8, SP 4/5, mean IoU (2/4 + 4/6) / 2."""
    found = score(BASE, "###.....", "##.#....")
    assert found == pytest.approx(
        {
            "dice": 4 / 6,
            "iou": 2 / 4,
            "f1": 4 / 6,
            "precision": 2 / 3,
            "sensitivity": 2 / 3,
            "specificity": 4 / 5,
            "accuracy": 6 / 8,
            "mean_iou": (2 / 4 + 4 / 6) / 2,
        }
    )


def test_the_region_decides_which_pixels_count() -> None:
    """Inside the last five pixels: tp 0, fp 1, fn 0 and tn 4, with no truth left there."""
    inside = replace(BASE, region="field_of_view")
    assert score(inside, "###.....", "##.#....", "...#####") == pytest.approx({"accuracy": 4 / 5, "specificity": 4 / 5})
    assert score(BASE, "###.....", "##.#....", "...#####")["dice"] == pytest.approx(4 / 6)


@pytest.mark.parametrize(
    ("rule", "predicted", "dice"),
    [
        ("leave_out", "....", None),
        ("leave_out", "#...", None),
        ("one", "....", 1.0),
        ("one", "#...", 0.0),
        ("zero", "....", 0.0),
        ("zero", "#...", 0.0),
    ],
)
def test_an_empty_truth_follows_the_rule_of_its_protocol(rule: str, predicted: str, dice: float | None) -> None:
    found = score(replace(ALARMS, empty_truth=rule), "....", predicted)  # type: ignore[arg-type]
    assert found.get("dice") == found.get("iou") == dice
    assert found["empty_truth_false_alarm"] == float("#" in predicted)
    assert found["empty_truth_predicted_area"] == predicted.count("#") / 4
    assert "sensitivity" not in found


def test_a_case_with_truth_has_no_false_alarm() -> None:
    assert "empty_truth_false_alarm" not in score(ALARMS, "#...", "##..")


def test_a_full_truth_has_no_specificity() -> None:
    assert "specificity" not in score(BASE, "####", "###.")


def test_both_empty_and_smoothed_is_one() -> None:
    """(0 + s) / (0 + s) = 1, and one false pixel gives s / (1 + s), by the rule `one` written as 0."""
    smoothed = replace(BASE, empty_truth="one", smoothing=1e-5)
    assert score(smoothed, "....", "....")["dice"] == 1
    assert score(smoothed, "##..", "#...")["dice"] == pytest.approx((2 + 1e-5) / (3 + 1e-5), abs=1e-12)


def test_probabilities_are_cut_from_the_threshold_on() -> None:
    maps = CaseMaps(mask("##.."), None, np.array([[0.4, 0.6, 0.4, 0.1]], np.float32), None)
    assert score_case("a", "vessel", maps, [BASE], 0.4)["base"].counts.as_row().tolist() == [2, 1, 0, 1]
    assert score_case("a", "vessel", maps, [BASE], None)["base"].counts.as_row().tolist() == [1, 0, 1, 2]


def test_a_mask_of_its_own_goes_before_the_threshold() -> None:
    maps = CaseMaps(mask("##.."), mask("#..."), np.array([[0.4, 0.6, 0.4, 0.1]], np.float32), None)
    found = score_case("a", "vessel", maps, [BASE], 0.05)["base"]
    assert found.counts.as_row().tolist() == [1, 0, 1, 2]
    assert found.histograms is not None


def test_protocols_of_one_region_share_their_histograms() -> None:
    maps = CaseMaps(mask("##.."), None, np.array([[0.4, 0.6, 0.4, 0.1]], np.float32), mask("###."))
    inside, other = replace(BASE, name="in", region="field_of_view"), replace(BASE, name="other", empty_truth="one")
    found = score_case("a", "vessel", maps, [BASE, other, inside], None)
    assert found["base"].histograms is found["other"].histograms
    assert found["base"].histograms is not found["in"].histograms


def test_neither_mask_nor_probability_is_an_error() -> None:
    with pytest.raises(ValueError, match="neither a mask nor a probability"):
        score_case("a", "vessel", CaseMaps(mask("#."), None, None, None), [BASE], None)


def test_grey_levels_are_exact_fractions() -> None:
    levels = np.arange(256) / 255
    assert (quantise(levels.astype(np.float32) + np.float32(0.001), 256) == levels.astype(np.float32)).all()


def test_thresholds_of_the_named_grids() -> None:
    """33 thresholds are k/32; `above` moves each to the next float32; v/256 >= k/32 where v/255 >= 8k/255."""
    assert list_thresholds(PrGrid(33)).tolist() == [k / 32 for k in range(33)]
    above = list_thresholds(PrGrid(11, comparison="above"))
    assert above[0] > 0
    assert above[5] == np.nextafter(np.float32(0.5), np.float32(1))
    scaled = list_thresholds(PrGrid(33, scale=255 / 256)).astype(np.float32)
    levels = (np.arange(256) / 255).astype(np.float32)
    for k in range(33):
        assert (levels >= scaled[k]).tolist() == [v >= 8 * k for v in range(256)]


def test_a_threshold_with_false_pixels_only_can_be_left_out() -> None:
    """Points from the highest threshold on: (R 0, P 0) and (R 1, P 1/2). Kept, the area is (0 + 1/2) / 2; left out,
    the trapezoid runs from (0, 1): (1 + 1/2) / 2."""
    table = np.array([[1, 1, 0, 8], [0, 1, 1, 8]])
    assert integrate_pr(table, PrGrid(2)) == pytest.approx(0.25)
    assert integrate_pr(table, PrGrid(2, zero_points="skip")) == pytest.approx(0.75)


def test_no_prediction_matches_a_grey_truth() -> None:
    """Truth 1 1 0 0 | 1 0 0 0 halved by a 2 x 2 mean is 1 0 / .5 0 in its first row's terms: of the two by one result
    (0.75, 0), the grey pixel is wrong for every prediction, so a perfect one reaches 1/2."""
    truth = np.array([[1, 1, 0, 0], [1, 0, 0, 0]], bool)
    soft = replace(BASE, metrics=("accuracy",), headline="accuracy", soft_truth=SoftTruth(((2, 1),)))
    for predicted in (truth, ~truth, np.zeros_like(truth)):
        found = score_case("a", "vessel", CaseMaps(truth, predicted, None, None), [soft], None)["base"]
        assert found.metrics["accuracy"] == (0.5 if not predicted[:, 2:].any() else 0.0)


def test_the_break_even_threshold_predicts_as_many_pixels_as_are_true() -> None:
    """Two true pixels; the two highest probabilities are one true, one false: precision = recall = 1/2."""
    maps = CaseMaps(mask("##..."), None, np.array([[0.9, 0.3, 0.8, 0.2, 0.1]], np.float32), None)
    rule = replace(BASE, pooling="pooled", empty_truth="count", threshold_rule="break_even")
    found = score_case("a", "vessel", maps, [rule], None)["base"]
    assert found.histograms is not None
    moved = recount_at_bin(found, find_break_even(found.histograms), rule)
    assert moved.metrics["precision"] == moved.metrics["sensitivity"] == 0.5


ALL_PROTOCOLS = [p for name in list_challenges() for p in load_challenge(name).protocol.values()]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_every_protocol_stays_in_its_bounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.random((12, 13)) < rng.choice([0, 0.1, 0.5, 1])
    probability = rng.random((12, 13), dtype=np.float32).round(rng.integers(1, 4))
    view = rng.random((12, 13)) < 0.8
    found = score_case("a", "vessel", CaseMaps(truth, None, probability, view), ALL_PROTOCOLS, None)
    assert set(found) == {protocol.name for protocol in ALL_PROTOCOLS}
    for protocol in ALL_PROTOCOLS:
        for metric, value in found[protocol.name].metrics.items():
            low = -1 if metric in ("mcc", "kappa") else 0
            high = np.inf if metric == "false_lesions_per_image" else 1
            assert low <= value <= high + 1e-9, (protocol.name, metric, value)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_dice_and_iou_are_symmetric_in_truth_and_prediction(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.random((2, 6, 7)) < 0.4
    rule = replace(BASE, empty_truth="one", metrics=("dice", "iou"))
    first = score_case("a", "vessel", CaseMaps(one, other, None, None), [rule], None)["base"].metrics
    second = score_case("a", "vessel", CaseMaps(other, one, None, None), [rule], None)["base"].metrics
    assert first == second
