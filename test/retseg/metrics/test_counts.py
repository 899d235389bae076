import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from retseg.metrics.counts import BLOCK, Counts, count_confusion

masks = hnp.arrays(np.bool_, (7, 5))


def test_counts_of_a_crafted_image_inside_and_outside_its_region() -> None:
    """Prediction and truth on 2 x 4 pixels, region the first three columns.

    prediction 1 1 0 1   truth 1 0 1 1   region 1 1 1 0
               0 0 0 0         0 0 0 1          1 1 1 0
    In the frame: tp (0,0) (0,3); fp (0,1); fn (0,2) (1,3); tn 3. In the region: tp 1, fp 1, fn 1, tn 3.
    """
    prediction = np.array([[1, 1, 0, 1], [0, 0, 0, 0]], dtype=bool)
    truth = np.array([[1, 0, 1, 1], [0, 0, 0, 1]], dtype=bool)
    region = np.array([[1, 1, 1, 0], [1, 1, 1, 0]], dtype=bool)
    assert count_confusion(prediction, truth) == Counts(tp=2, fp=1, fn=2, tn=3)
    assert count_confusion(prediction, truth, region) == Counts(tp=1, fp=1, fn=1, tn=3)


@settings(deadline=None, max_examples=50)
@given(masks, masks, masks)
def test_counts_equal_the_definition(prediction: np.ndarray, truth: np.ndarray, region: np.ndarray) -> None:
    expected = [
        int(np.sum(region & marked & lesion))
        for marked, lesion in ((prediction, truth), (prediction, ~truth), (~prediction, truth), (~prediction, ~truth))
    ]
    assert count_confusion(prediction, truth, region).as_row().tolist() == expected


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_images_larger_than_a_block_are_counted_whole(seed: int) -> None:
    prediction, truth, region = np.random.default_rng(seed).random((3, 2, BLOCK // 2 + 17)) < 0.3
    counts = count_confusion(prediction, truth, region)
    assert counts.tp == np.sum(prediction & truth & region)
    assert counts.tp + counts.fp + counts.fn + counts.tn == region.sum()


@settings(deadline=None, max_examples=30)
@given(masks, masks)
def test_pooled_counts_are_the_counts_of_the_images_side_by_side(one: np.ndarray, other: np.ndarray) -> None:
    together = count_confusion(np.hstack([one, other]), np.hstack([other, one]))
    assert count_confusion(one, other) + count_confusion(other, one) == together


def test_a_mask_that_is_not_bool_or_of_another_size_is_refused_by_name() -> None:
    mask = np.zeros((2, 3), dtype=bool)
    with pytest.raises(ValueError, match="prediction is of type uint8"):
        count_confusion(mask.astype(np.uint8), mask)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"shapes differ.*truth"):
        count_confusion(mask, mask.T)
