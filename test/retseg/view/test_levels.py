"""Bytes instead of probabilities: the mask at the model's own threshold stays what it was, pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retseg.view.levels import cut_masks, find_cut, quantise


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40), st.floats(0.01, 1))
def test_no_pixel_changes_its_side_of_the_threshold(values: list[float], threshold: float) -> None:
    probability = np.array([values], np.float32)
    levels = quantise(probability, threshold)
    assert ((levels >= find_cut(threshold)) == (probability >= threshold)).all()


@given(st.floats(0, 1, width=32), st.floats(0.01, 1))
def test_a_level_is_the_probability_to_one_255th(value: float, threshold: float) -> None:
    assert abs(int(quantise(np.array([[value]], np.float32), threshold)[0, 0]) / 255 - value) <= 1 / 255


def test_small_components_are_dropped_at_the_size_of_the_image() -> None:
    """A component of 4 pixels and one of 3, where 4 are needed."""
    plane = np.zeros((5, 9), np.uint8)
    plane[1:3, 1:3] = 200
    plane[1, 5:8] = 200
    mask = cut_masks({"haemorrhage": plane}, {"haemorrhage": 100}, {"haemorrhage": 4})["haemorrhage"]
    assert mask.sum() == 4 and mask[1, 1] and not mask[1, 5]


@pytest.mark.parametrize(("threshold", "cut"), [(0.5, 128), (1.0, 255), (1 / 255, 1), (0.0001, 1)])
def test_the_cut_is_the_first_level_at_or_above_the_threshold(threshold: float, cut: int) -> None:
    assert find_cut(threshold) == cut
