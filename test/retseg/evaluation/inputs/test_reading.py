"""Masks and probability maps are told apart by type and values."""

import numpy as np
import pytest

from retseg.evaluation.inputs.reading import classify
from retseg.evaluation.inputs.sources import SourceError


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        ([0, 1], np.uint8, "zero_one"),
        ([1, 1], np.uint8, "zero_one"),
        ([0, 255], np.uint8, "zero_255"),
        ([0, 0], np.uint8, "empty"),
        ([0, 1], np.int16, "zero_one"),
        ([0, 255], np.uint16, "zero_255"),
        ([0, 0], np.uint16, "probability_16"),
        ([3, 60000], np.uint16, "probability_16"),
        ([0.0, 1.0], np.float32, "probability"),
        ([0.25, 0.5], np.float64, "probability"),
    ],
)
def test_masks_and_probabilities_are_told_by_type_and_values(values: list[float], dtype: type, kind: str) -> None:
    assert classify(np.array([values], dtype), named_probability=False, grey_levels=False) == kind


def test_a_name_decides_for_a_nearly_empty_16_bit_map() -> None:
    assert classify(np.array([[0, 1]], np.uint16), named_probability=True, grey_levels=False) == "probability_16"


def test_grey_levels_are_probabilities_only_where_the_challenge_asks_for_them() -> None:
    pixels = np.array([[0, 7, 255]], np.uint8)
    assert classify(pixels, named_probability=False, grey_levels=True) == "grey"
    with pytest.raises(SourceError, match="holds the values 0, 7, 255: a mask is 0 and 1, or 0 and 255"):
        classify(pixels, named_probability=False, grey_levels=False)


@pytest.mark.parametrize("value", [1.5, -0.1, np.nan, np.inf])
def test_numbers_that_are_no_probabilities_are_refused(value: float) -> None:
    with pytest.raises(SourceError, match=r"probabilities lie in \[0, 1\]"):
        classify(np.array([[0.5, value]], np.float32), named_probability=False, grey_levels=False)
