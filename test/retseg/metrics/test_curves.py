import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import calibration
from sklearn import metrics as oracle

from retseg.metrics.counts import Counts
from retseg.metrics.curves import (
    Rule,
    auc_roc,
    average_precision,
    brier,
    dice_curve,
    ece,
    integrate_grid,
    pr_curve,
    read_grid,
    reliability,
    roc_curve,
)
from retseg.metrics.derived import dice
from retseg.metrics.histograms import Histograms, count_probabilities, step_above

GRIDS = {31: np.arange(31) / 30, 33: np.arange(33) / 32, 11: np.arange(11) / 10}


def auc_pr(histograms: Histograms, thresholds: np.ndarray, rule: Rule) -> float:
    """The area on a grid of thresholds that the histograms count exactly."""
    return float(integrate_grid(read_grid(histograms, thresholds), rule))


def count(values: list[float], truth: list[int]) -> Histograms:
    return count_probabilities(np.array(values, dtype=np.float32), np.array(truth, dtype=bool))


def draw_logits(seed: int, pixels: int = 200_000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.random(pixels) < 0.04
    return rng.normal(-5, 2, pixels) + 4 * truth, truth


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


MAPS = {
    "smooth": sigmoid,
    "logit x 4": lambda x: sigmoid(4 * x),
    "logit x 10": lambda x: sigmoid(10 * x),
    "p to the fourth": lambda x: sigmoid(x) ** 4,
    "flat": lambda x: sigmoid(x / 10),
    "near zero": lambda x: sigmoid(x) * 1e-30,
    "near one": lambda x: 1 - sigmoid(x) / 1000,
    "8 bit": lambda x: np.round(sigmoid(x) * 255) / 255,
    "16 bit": lambda x: np.round(sigmoid(x) * 65535) / 65535,
    "polarised 8 bit": lambda x: np.round(sigmoid(4 * x) * 255) / 255,
    "11 bit": lambda x: np.round(sigmoid(x) * 2047) / 2047,
    "12 bit": lambda x: np.round(sigmoid(x) * 4095) / 4095,
    "float16": lambda x: sigmoid(x).astype(np.float16),
    "constant": lambda x: np.full_like(x, 0.3),
    "mask": lambda x: (x > 0).astype(float),
    "half of it one value": lambda x: np.where(np.arange(x.size) % 2, 1e-3, sigmoid(x)),
}


SHARING = ("11 bit", "12 bit", "float16")
"""Maps in which several values share a bin, so that their ties do not show: docs/evaluation.md states the bound."""


@pytest.mark.parametrize("name", MAPS)
def test_areas_agree_with_scikit_learn(name: str) -> None:
    logits, truth = draw_logits(7)
    probability = MAPS[name](logits).astype(np.float32)
    histograms = count_probabilities(probability, truth)
    bound = 2e-4 if name in SHARING else 5e-5
    assert auc_roc(histograms) == pytest.approx(oracle.roc_auc_score(truth, probability), abs=5e-5)
    assert average_precision(histograms) == pytest.approx(oracle.average_precision_score(truth, probability), abs=bound)
    expected = oracle.brier_score_loss(truth, probability.astype(np.float64))
    assert brier(histograms) == pytest.approx(expected, abs=1e-6)


def test_areas_of_a_crafted_ranking_with_a_tie() -> None:
    """Falling probability: 0.9 true | 0.8 false | 0.6 true, 0.6 false (tied) | 0.2 true | 0.1 false.

    AP: recall 1/3 at precision 1, 2/3 at 2/4, 1 at 3/5: (1 + 1/2 + 3/5)/3 = 0.7.
    AUC: of 9 pairs of true and false, 0.9 wins 3, 0.6 wins 1 and ties 1, 0.2 wins 1: (3 + 1.5 + 1)/9.
    """
    histograms = count([0.9, 0.8, 0.6, 0.6, 0.2, 0.1], [1, 0, 1, 0, 1, 0])
    assert average_precision(histograms) == pytest.approx(0.7, abs=1e-12)
    assert auc_roc(histograms) == pytest.approx(5.5 / 9, abs=1e-12)


def test_area_on_a_crafted_grid() -> None:
    """Thresholds rising, of 4 true and 6 false pixels: all predicted; tp 3 fp 1; tp 1 fp 0; nothing.

    Points (recall, precision) from the right: start (0, 1); skipped; (1/4, 1); (3/4, 3/4); (1, 4/10).
    Trapezoid: 1/4 + 1/2 x 7/8 + 1/4 x 23/40 = 0.83125. Step: 1/4 + 1/2 x 3/4 + 1/4 x 4/10 = 0.725.
    """
    grid = np.array([[4, 6, 0, 0], [3, 1, 1, 5], [1, 0, 3, 6], [0, 0, 4, 6]])
    assert integrate_grid(grid, "trapezoid") == pytest.approx(0.83125)
    assert integrate_grid(grid, "step") == pytest.approx(0.725)
    assert integrate_grid(np.stack([grid, grid]), "step") == pytest.approx([0.725, 0.725])


@pytest.mark.parametrize("points", GRIDS)
def test_area_on_a_grid_agrees_with_a_plain_loop(points: int) -> None:
    logits, truth = draw_logits(3, 20_000)
    probability = (np.round(sigmoid(logits) * 255) / 255).astype(np.float32)
    recall, precision = [0.0], [1.0]
    for threshold in GRIDS[points][::-1]:
        predicted = probability >= np.float32(threshold)
        if predicted.any():
            recall.append(float(np.mean(predicted[truth])))
            precision.append(float(np.mean(truth[predicted])))
    histograms = count_probabilities(probability, truth)
    assert auc_pr(histograms, GRIDS[points], "trapezoid") == pytest.approx(oracle.auc(recall, precision), abs=1e-12)


def test_strict_comparison_drops_the_pixels_on_the_threshold() -> None:
    histograms = count([0.5, 0.5, 0.6], [1, 0, 1])
    assert read_grid(histograms, np.array([0.5])).tolist() == [[2, 1, 0, 0]]
    assert read_grid(histograms, step_above(np.array([0.5, 1.0]))).tolist() == [[1, 0, 1, 1], [0, 0, 2, 1]]


def test_all_thresholds_that_matter_give_the_average_precision() -> None:
    """On values k/30 the 31 thresholds i/30 are all there are: the step rule is the average precision."""
    rng = np.random.default_rng(0)
    probability = (rng.integers(0, 31, 5000) / 30).astype(np.float32)
    histograms = count_probabilities(probability, rng.random(5000) < probability)
    assert auc_pr(histograms, GRIDS[31], "step") == pytest.approx(average_precision(histograms), abs=1e-12)


@pytest.mark.parametrize(
    ("truth", "roc", "precision"), [([0, 0], math.nan, math.nan), ([1, 1], math.nan, 1.0)], ids=["empty", "full"]
)
def test_empty_and_full_truth(truth: list[int], roc: float, precision: float) -> None:
    histograms = count([0.2, 0.7], truth)
    assert auc_roc(histograms) == pytest.approx(roc, nan_ok=True)
    assert average_precision(histograms) == pytest.approx(precision, nan_ok=True)
    assert auc_pr(histograms, GRIDS[31], "trapezoid") == pytest.approx(precision, nan_ok=True)


def test_a_region_without_a_pixel_has_no_value_anywhere() -> None:
    empty = count_probabilities(np.zeros(2, np.float32), np.zeros(2, bool), np.zeros(2, bool))
    values = [auc_roc(empty), average_precision(empty), ece(empty), brier(empty), *dice_curve(empty).y]
    assert np.isnan(values).all()


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 2.0, 4.0]), st.sampled_from([-3.0, 0.0, 2.0]))
def test_a_monotone_map_leaves_the_ranking_metrics_alone(seed: int, slope: float, shift: float) -> None:
    logits, truth = draw_logits(seed, 20_000)
    truth[:2] = True, False
    before = count_probabilities(sigmoid(logits).astype(np.float32), truth)
    after = count_probabilities(sigmoid(slope * logits + shift).astype(np.float32), truth)
    # above a logit of 10 float32 itself begins to tie what was apart, hence not 1e-4
    assert auc_roc(after) == pytest.approx(auc_roc(before), abs=1e-4)
    assert average_precision(after) == pytest.approx(average_precision(before), abs=2e-3)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.integers(0, 1)), min_size=1, max_size=30))
def test_areas_stay_within_their_bounds_and_curves_end_where_they_must(pixels: list[tuple[float, int]]) -> None:
    histograms = count([p for p, _ in pixels], [t for _, t in pixels])
    areas = [auc_roc(histograms), average_precision(histograms)]
    areas += [auc_pr(histograms, grid, "trapezoid") for grid in GRIDS.values()]
    assert all(math.isnan(a) or -1e-12 <= a <= 1 + 1e-12 for a in areas)
    roc = roc_curve(histograms)
    assert np.all(np.diff(roc.thresholds) < 0)
    if not math.isnan(areas[0]):
        assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
        assert np.trapezoid(roc.y, roc.x) == pytest.approx(areas[0], abs=1e-9)


def test_the_drawn_curves_are_those_of_scikit_learn() -> None:
    logits, truth = draw_logits(5, 5_000)
    probability = (np.round(sigmoid(logits) * 255) / 255).astype(np.float32)
    histograms = count_probabilities(probability, truth)
    x, y, _ = oracle.roc_curve(truth, probability, drop_intermediate=False)
    assert np.allclose(roc_curve(histograms).x, x)
    assert np.allclose(roc_curve(histograms).y, y)
    precision, recall, _ = oracle.precision_recall_curve(truth, probability)
    drawn = pr_curve(histograms)
    assert np.allclose(drawn.x[1:][::-1], recall[:-1])
    assert np.allclose(drawn.y[1:][::-1], precision[:-1])


def test_the_dice_curve_has_the_dice_of_every_threshold() -> None:
    """0.9 true, 0.7 true, 0.4 false, 0.2 true: Dice at 0.7 is 4/5, at 0.2 6/7, at 0.4 4/6."""
    histograms = count([0.9, 0.7, 0.4, 0.2], [1, 1, 0, 1])
    curve = dice_curve(histograms)
    assert curve.y.tolist() == pytest.approx([0, 2 / 4, 4 / 5, 4 / 6, 6 / 7])
    assert dice(Counts(2, 0, 1, 1)) == pytest.approx(curve.y[2])


def test_a_thinned_curve_keeps_its_ends_and_its_shape() -> None:
    logits, truth = draw_logits(1)
    curve = roc_curve(count_probabilities(sigmoid(logits).astype(np.float32), truth))
    thin = curve.thin(200)
    assert 100 < thin.x.size <= 202
    assert (thin.x[0], thin.y[0], thin.x[-1], thin.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(thin.y, thin.x) == pytest.approx(np.trapezoid(curve.y, curve.x), abs=1e-3)


def test_calibration_of_a_crafted_map() -> None:
    """Ten pixels at 0.25 of which four are true, ten at 0.75 of which eight are.

    Gaps 0.15 and 0.05, half of the pixels each: ECE 0.1. Brier: (4 x 0.75^2 + 6 x 0.25^2 + 8 x 0.25^2 + 2 x 0.75^2)/20.
    """
    histograms = count([0.25] * 10 + [0.75] * 10, [1] * 4 + [0] * 6 + [1] * 8 + [0] * 2)
    assert ece(histograms, 10) == pytest.approx(0.1, abs=3e-4)
    assert brier(histograms) == pytest.approx((6 * 0.75**2 + 14 * 0.25**2) / 20)


def test_reliability_agrees_with_scikit_learn() -> None:
    logits, truth = draw_logits(2)
    probability = sigmoid(logits).astype(np.float32)
    table = reliability(count_probabilities(probability, truth), 10)
    frequency, confidence = calibration.calibration_curve(truth, probability, n_bins=10)
    assert np.allclose(table.frequency, frequency, atol=1e-9)
    assert np.allclose(table.confidence, confidence, atol=1e-4)
    assert table.pixels.sum() == truth.size
