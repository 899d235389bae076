import numpy as np
import pytest
from scipy import stats

from retseg.metrics.derived import dice
from retseg.metrics.histograms import count_probabilities
from retseg.metrics.permutation import (
    draw_exchanges,
    permutation_test,
    permutation_test_curves,
    permutation_test_pooled,
)


def test_sign_flips_of_a_crafted_pair_are_counted_exactly() -> None:
    """Differences 1, 2, 3: of the 8 sign patterns only +++ and --- reach |6/3|, so p = 2/8."""
    result = permutation_test(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0]), seed=0)
    assert result.exact
    assert result.difference == pytest.approx(2.0)
    assert result.p_value == 0.25


def test_exchanges_of_a_crafted_pool_are_counted_exactly() -> None:
    """Two cases. First system (tp 4, fn 0), (tp 1, fn 3); second (tp 2, fn 2), (tp 1, fn 3).

    Pooled Dice 10/13 against 6/11. The second case is the same in both: of the four exchanges two keep the difference
    and two turn its sign, so each reaches it: p = 1.
    """
    first = np.array([[4, 0, 0, 9], [1, 0, 3, 9]])
    second = np.array([[2, 0, 2, 9], [1, 0, 3, 9]])
    result = permutation_test_pooled(first, second, dice.over, seed=0)
    assert result.difference == pytest.approx(10 / 13 - 6 / 11)
    assert (result.p_value, result.exact) == (1.0, True)


def test_the_p_value_agrees_with_scipy_exact_and_drawn() -> None:
    rng = np.random.default_rng(0)
    for cases, exact in ((9, True), (30, False)):
        first = rng.normal(0.02, 0.05, cases)
        ours = permutation_test(first, np.zeros(cases), seed=1)
        theirs = stats.permutation_test(
            (first, np.zeros(cases)),
            lambda a, b: np.mean(a - b),
            permutation_type="samples",
            n_resamples=np.inf if exact else 9_999,
            rng=2,
        )
        assert ours.exact is exact
        assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-12 if exact else 0.02)


def test_two_equal_systems_are_not_told_apart() -> None:
    values = np.random.default_rng(0).random(20)
    result = permutation_test(values, values, seed=0)
    assert (result.difference, result.p_value) == (0.0, 1.0)


def test_curves_of_a_better_system_differ_and_exchanging_the_systems_turns_the_sign() -> None:
    rng = np.random.default_rng(0)
    good, poor = [], []
    for _ in range(8):
        truth = rng.random(5_000) < 0.1
        logits = rng.normal(-3, 1, truth.size)
        for cases, gap in ((good, 4), (poor, 2)):
            cases.append(count_probabilities((1 / (1 + np.exp(-logits - gap * truth))).astype(np.float32), truth))
    one, other = permutation_test_curves(good, poor, seed=0), permutation_test_curves(poor, good, seed=0)
    for result, turned in ((one.auc_roc, other.auc_roc), (one.average_precision, other.average_precision)):
        assert result.difference > 0
        assert result.p_value == pytest.approx(2 / 256)
        assert turned.difference == pytest.approx(-result.difference)
        assert turned.p_value == result.p_value


def test_the_first_exchange_is_the_observed_one_and_each_keeps_all_results() -> None:
    for cases in (3, 40):
        exchanges = draw_exchanges(cases, seed=0, permutations=100)
        assert exchanges.first[0].tolist() == [1.0] * cases + [0.0] * cases
        assert np.all(exchanges.first + exchanges.second == 1)
        assert np.all(exchanges.first.sum(axis=1) == cases)
        assert len(exchanges.first) == (8 if cases == 3 else 101)


def test_systems_on_different_cases_are_refused() -> None:
    with pytest.raises(ValueError, match="3 cases cannot be paired with 2"):
        permutation_test(np.zeros(3), np.zeros(2), seed=0)


def test_an_undefined_difference_has_no_p_value() -> None:
    nothing = np.zeros((3, 4), dtype=int)
    assert np.isnan(permutation_test_pooled(nothing, nothing, dice.over, seed=0).p_value)
