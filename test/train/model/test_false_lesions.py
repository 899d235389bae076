"""How many lesions a rule finds in an eye that has none."""

import numpy as np

from train.model.false_lesions import count_components, find_allowed

THRESHOLDS = np.array([0.2, 0.5, 0.8])


def test_components_are_counted_at_each_size_and_threshold() -> None:
    """A blot of 9 pixels at 0.9, a speck of one at 0.6, and one outside of the region: by hand."""
    probability = np.zeros((20, 20), np.float32)
    probability[2:5, 2:5] = 0.9
    probability[10, 10] = 0.6
    probability[18, 18] = 0.9
    region = np.ones((20, 20), bool)
    region[17:] = False
    assert count_components(probability, region, THRESHOLDS, (0, 2, 10)).tolist() == [[2, 2, 1], [1, 1, 1], [0, 0, 0]]


def test_allowed_is_where_most_eyes_show_none_and_the_mean_keeps_to_the_limit() -> None:
    counts = np.array([[[4, 0, 0]], [[4, 3, 0]], [[4, 0, 1]]])
    assert find_allowed(counts, 0.5).tolist() == [[False, False, True]]
    assert find_allowed(counts, 1.0).tolist() == [[False, True, True]]
    assert find_allowed(counts, 9.0).tolist() == [[False, True, True]], "half of the eyes must show none"


def test_where_nothing_keeps_to_the_limit_the_strictest_rule_is_left() -> None:
    assert find_allowed(np.full((3, 2, 3), 7), 0.5).tolist() == [[False] * 3, [False, False, True]]
