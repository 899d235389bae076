"""Values are compared with true ones as by hand, and as by scikit-learn."""

import numpy as np
import pytest

from retseg.metrics.values import agree, match_points, rank_cases, weigh_kappa


def test_numbers_agree_within_the_tolerance_and_other_values_when_equal():
    assert agree(0.5, 0.6, 0.11) and not agree(0.5, 0.6) and agree("a", "a") and not agree(True, 1.5, 1)


def test_points_are_matched_one_to_one():
    """Two found points near one true one are one match; the second true point is too far from both."""
    found, wanted = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.5, 0.0], [9.0, 9.0]])
    assert match_points(found, wanted, 1.0) == 1
    assert match_points(found, np.array([[0.0, 0.0], [1.0, 0.0]]), 1.0) == 2
    assert match_points(np.empty((0, 2)), wanted, 1.0) == 0


def test_ranks_and_grades_are_those_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(4)
    truths = random.random(40) > 0.6
    scores = np.round(truths * 0.3 + random.random(40), 1)
    assert rank_cases(scores, truths) == pytest.approx(metrics.roc_auc_score(truths, scores))
    found, wanted = random.integers(0, 5, (2, 40))
    kappa = metrics.cohen_kappa_score(found, wanted, weights="quadratic")
    assert weigh_kappa(found, wanted) == pytest.approx(kappa)
    assert np.isnan(rank_cases(scores, np.ones(40, bool))) and np.isnan(weigh_kappa(found * 0, found * 0))
