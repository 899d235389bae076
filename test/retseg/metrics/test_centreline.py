import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from retseg.metrics.centreline import cldice
from retseg.metrics.counts import count_confusion
from retseg.metrics.derived import dice

masks = hnp.arrays(np.bool_, (12, 12))


def test_cldice_of_crafted_lines() -> None:
    """Truth: a line of 10 pixels. Prediction: its first 5 and a second line of 3 elsewhere.

    One pixel thin, each is its own skeleton: precision 5/8, sensitivity 5/10, harmonic mean 10/18.
    """
    truth, prediction = np.zeros((9, 14), dtype=bool), np.zeros((9, 14), dtype=bool)
    truth[2, 2:12] = prediction[2, 2:7] = prediction[6, 2:5] = True
    assert cldice(prediction, truth) == pytest.approx(10 / 18)


def test_width_does_not_count_as_long_as_the_centrelines_are_covered() -> None:
    """A vessel drawn three times as thick scores Dice 1/2, but clDice 48/49.

    Zhang's thinning leaves 25 pixels of the thick one, the last bent into a corner: precision 24/25, sensitivity 1.
    """
    thin, thick = np.zeros((15, 30), dtype=bool), np.zeros((15, 30), dtype=bool)
    thin[7, 2:28] = True
    thick[6:9, 2:28] = True
    assert dice(count_confusion(thick, thin)) == 1 / 2
    assert cldice(thick, thin) == pytest.approx(48 / 49)


def test_lines_apart_score_zero_and_so_does_one_empty_mask() -> None:
    one, other, empty = (np.zeros((9, 9), dtype=bool) for _ in range(3))
    one[1, 1:8] = other[6, 1:8] = True
    assert cldice(one, other) == cldice(one, empty) == cldice(empty, one) == 0
    assert math.isnan(cldice(empty, empty))


@settings(deadline=None, max_examples=40)
@given(masks, masks)
def test_cldice_is_symmetric_bounded_and_one_for_a_mask_with_itself(one: np.ndarray, other: np.ndarray) -> None:
    value = cldice(one, other)
    assert value == pytest.approx(cldice(other, one), nan_ok=True)
    assert math.isnan(value) or 0 <= value <= 1
    assert not one.any() or cldice(one, one) == 1
