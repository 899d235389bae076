import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from retseg.metrics.curves import auc_roc, average_precision, integrate_grid
from retseg.metrics.derived import dice
from retseg.metrics.histograms import Histograms, count_probabilities
from retseg.metrics.resampling import (
    Interval,
    bootstrap_curves,
    bootstrap_difference,
    bootstrap_mean,
    bootstrap_pooled,
    draw_resamples,
    find_interval,
    merge_bins,
    resample_curves,
    resample_mean,
    resample_pooled,
)


def draw_case(seed: int, sharpness: float = 1.0) -> Histograms:
    rng = np.random.default_rng(seed)
    truth = rng.random(20_000) < rng.uniform(0.01, 0.1)
    logits = rng.normal(-5 + rng.normal(), 2, truth.size) + 4 * truth
    return count_probabilities((1 / (1 + np.exp(-sharpness * logits))).astype(np.float32), truth)


def test_each_resample_draws_as_many_cases_as_there_are() -> None:
    weights = draw_resamples(7, seed=1, resamples=500)
    assert weights.shape == (500, 7)
    assert np.all(weights.sum(axis=1) == 7)
    assert np.array_equal(weights, draw_resamples(7, seed=1, resamples=500))
    assert not np.array_equal(weights, draw_resamples(7, seed=2, resamples=500))
    with pytest.raises(ValueError, match="no case"):
        draw_resamples(0, seed=1)


def test_the_interval_of_a_mean_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).beta(8, 2, 40)
    ours = bootstrap_mean(values, seed=3)
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=10_000, rng=4).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=3e-3)
    assert ours.high == pytest.approx(theirs.high, abs=3e-3)
    assert ours.low < values.mean() < ours.high


def test_groups_are_averaged_and_missing_values_left_out() -> None:
    """Two cases, two groups, the second group without the first case.

    Weights (2, 0): group one 1.0, group two empty: nan. (1, 1): (2 + 5)/2 = 3.5. (0, 2): (3 + 5)/2 = 4.
    """
    values = np.array([[1.0, np.nan], [3.0, 5.0]])
    means = resample_mean(values, np.array([[2.0, 0], [1, 1], [0, 2]]))
    assert means == pytest.approx([np.nan, 3.5, 4.0], nan_ok=True)
    assert find_interval(means, 1.0) == Interval(3.5, 4.0)
    assert np.isnan(find_interval(np.array([np.nan])).low)


def test_pooled_counts_of_a_crafted_resample() -> None:
    """Case A tp 1 fp 1, case B tp 3 fn 1: drawn (2, 0) Dice 4/6, (1, 1) 8/10, (0, 2) 12/14."""
    counts = np.array([[1, 1, 0, 5], [3, 0, 1, 5]])
    values = resample_pooled(counts, dice.over, np.array([[2.0, 0], [1, 1], [0, 2]]))
    assert values == pytest.approx([4 / 6, 8 / 10, 12 / 14])
    interval = bootstrap_pooled(counts, dice.over, seed=0)
    assert interval == Interval(pytest.approx(4 / 6), pytest.approx(12 / 14))  # type: ignore[arg-type]


def test_an_area_on_a_grid_is_resampled_from_its_counts() -> None:
    grid = np.random.default_rng(0).integers(1, 50, (5, 33, 4))
    weights = draw_resamples(5, seed=0, resamples=20)
    values = resample_pooled(grid, lambda table: integrate_grid(table, "trapezoid"), weights)
    for row, value in zip(weights.astype(int), values, strict=True):
        assert value == pytest.approx(float(integrate_grid(np.repeat(grid, row, axis=0).sum(axis=0), "trapezoid")))


@pytest.mark.parametrize("sharpness", [0.2, 1.0, 4.0])
def test_resampled_curves_are_the_curves_of_the_pooled_resample(sharpness: float) -> None:
    cases = [draw_case(seed, sharpness) for seed in range(6)]
    weights = draw_resamples(6, seed=0, resamples=5)
    replicates = resample_curves(merge_bins(cases), weights)
    for row, roc, precision in zip(weights, replicates.auc_roc, replicates.average_precision, strict=True):
        drawn = [case for case, times in zip(cases, row.astype(int), strict=True) for _ in range(times)]
        pooled = sum(drawn[1:], drawn[0])
        assert roc == pytest.approx(auc_roc(pooled), abs=5e-5)
        # a case drawn twice ties with itself in the full histogram, not in the merged one: half a pixel of the truth's
        assert precision == pytest.approx(average_precision(pooled), abs=2e-4)


def test_merged_bins_keep_every_pixel_and_the_areas_of_the_pool() -> None:
    cases = [draw_case(seed) for seed in range(4)]
    merged = merge_bins(cases)
    pooled = sum(cases[1:], cases[0])
    assert merged.positives.shape[1] <= 4096
    assert merged.positives.sum(axis=1).tolist() == [case.positives.sum() for case in cases]
    whole = resample_curves(merged, np.ones((1, 4)))
    assert whole.auc_roc[0] == pytest.approx(auc_roc(pooled), abs=5e-5)
    assert whole.average_precision[0] == pytest.approx(average_precision(pooled), abs=5e-5)


def test_a_pool_without_truth_has_no_interval() -> None:
    empty = count_probabilities(np.full(9, 0.5, np.float32), np.zeros(9, bool))
    roc, precision = bootstrap_curves([empty, empty], seed=0, resamples=50)
    assert np.isnan([roc.low, roc.high, precision.low, precision.high]).all()


def test_pairing_narrows_the_interval_of_a_difference() -> None:
    rng = np.random.default_rng(0)
    hard = rng.uniform(0.3, 0.9, 30)
    first, second = hard + 0.02 + rng.normal(0, 0.005, 30), hard
    weights = draw_resamples(30, seed=0)
    paired = bootstrap_difference(resample_mean(first, weights), resample_mean(second, weights))
    unpaired = bootstrap_difference(resample_mean(first, weights), resample_mean(second, draw_resamples(30, seed=1)))
    assert 0.01 < paired.low < paired.high < 0.03
    assert unpaired.high - unpaired.low > 5 * (paired.high - paired.low)


@settings(deadline=None, max_examples=10)
@given(st.permutations(range(6)))
def test_the_order_of_the_cases_does_not_matter_for_a_given_resample(order: list[int]) -> None:
    values = np.random.default_rng(0).random(6)
    counts = np.random.default_rng(1).integers(0, 100, (6, 4))
    weights = draw_resamples(6, seed=0, resamples=30)
    assert resample_mean(values[order], weights[:, order]) == pytest.approx(resample_mean(values, weights))
    shuffled = resample_pooled(counts[order], dice.over, weights[:, order])
    assert shuffled == pytest.approx(resample_pooled(counts, dice.over, weights))
