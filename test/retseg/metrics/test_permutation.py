"""The paired permutation test: exchanges of the results of two systems, and the p-value that they give."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from retseg.metrics.derived import dice
from retseg.metrics.histograms import Histograms, count_probabilities
from retseg.metrics.permutation import draw_exchanges, find_p_value
from retseg.metrics.resampling import merge_bins, resample_curves, resample_mean, resample_pooled

Resample = Callable[[np.ndarray], np.ndarray]


def exchange(cases: int, resample: Resample, seed: int = 0) -> np.ndarray:
    """The differences of all exchanges, the observed one first."""
    exchanges = draw_exchanges(cases, seed)
    return resample(exchanges.first) - resample(exchanges.second)


def exchange_means(first: np.ndarray, second: np.ndarray, seed: int = 0) -> np.ndarray:
    values = np.concatenate([first, second])
    return exchange(len(first), lambda weights: resample_mean(values, weights), seed)


def exchange_pools(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    counts = np.concatenate([first, second])
    return exchange(len(first), lambda weights: resample_pooled(counts, dice.over, weights))


def exchange_curves(first: list[Histograms], second: list[Histograms], area: str) -> np.ndarray:
    merged = merge_bins([*first, *second])
    return exchange(len(first), lambda weights: getattr(resample_curves(merged, weights), area))


def test_sign_flips_of_a_crafted_pair_are_counted_exactly() -> None:
    """Differences 1, 2, 3: of the 8 sign patterns only +++ and --- reach |6/3|, so p = 2/8."""
    differences = exchange_means(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]))
    assert len(differences) == 8
    assert differences[0] == pytest.approx(2.0)
    assert find_p_value(differences) == 0.25


def test_exchanges_of_a_crafted_pool_are_counted_exactly() -> None:
    """Two cases. First system (tp 4, fn 0), (tp 1, fn 3); second (tp 2, fn 2), (tp 1, fn 3).

    Pooled Dice 10/13 against 6/11. The second case is the same in both: of the four exchanges two keep the difference
    and two turn its sign, so each reaches it: p = 1.
    """
    first = np.array([[4, 0, 0, 9], [1, 0, 3, 9]])
    second = np.array([[2, 0, 2, 9], [1, 0, 3, 9]])
    differences = exchange_pools(first, second)
    assert differences[0] == pytest.approx(10 / 13 - 6 / 11)
    assert (find_p_value(differences), len(differences)) == (1.0, 4)


def test_the_p_value_agrees_with_scipy_exact_and_drawn() -> None:
    rng = np.random.default_rng(0)
    for cases, exact in ((9, True), (30, False)):
        first = rng.normal(0.02, 0.05, cases)
        ours = find_p_value(exchange_means(first, np.zeros(cases), seed=1))
        theirs = stats.permutation_test(
            (first, np.zeros(cases)),
            lambda a, b: np.mean(a - b),
            permutation_type="samples",
            n_resamples=np.inf if exact else 9_999,
            rng=2,
        )
        assert (len(draw_exchanges(cases, seed=1).first) == 2**cases) is exact
        assert ours == pytest.approx(theirs.pvalue, abs=1e-12 if exact else 0.02)


def test_two_equal_systems_are_not_told_apart() -> None:
    values = np.random.default_rng(0).random(20)
    differences = exchange_means(values, values)
    assert (differences[0], find_p_value(differences)) == (0.0, 1.0)


def test_curves_of_a_better_system_differ_and_exchanging_the_systems_turns_the_sign() -> None:
    rng = np.random.default_rng(0)
    good, poor = [], []
    for _ in range(8):
        truth = rng.random(5_000) < 0.1
        logits = rng.normal(-3, 1, truth.size)
        for cases, gap in ((good, 4), (poor, 2)):
            cases.append(count_probabilities((1 / (1 + np.exp(-logits - gap * truth))).astype(np.float32), truth))
    for area in ("auc_roc", "average_precision"):
        found, turned = exchange_curves(good, poor, area), exchange_curves(poor, good, area)
        assert found[0] > 0
        assert find_p_value(found) == pytest.approx(2 / 256)
        assert turned[0] == pytest.approx(-found[0])
        assert find_p_value(turned) == find_p_value(found)


def test_the_first_exchange_is_the_observed_one_and_each_keeps_all_results() -> None:
    for cases in (3, 40):
        exchanges = draw_exchanges(cases, seed=0, permutations=100)
        assert exchanges.first[0].tolist() == [1.0] * cases + [0.0] * cases
        assert np.all(exchanges.first + exchanges.second == 1)
        assert np.all(exchanges.first.sum(axis=1) == cases)
        assert len(exchanges.first) == (8 if cases == 3 else 101)


def test_no_case_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no case to compare"):
        draw_exchanges(0, seed=0)


def test_an_undefined_difference_has_no_p_value() -> None:
    nothing = np.zeros((3, 4), dtype=int)
    assert np.isnan(find_p_value(exchange_pools(nothing, nothing)))
