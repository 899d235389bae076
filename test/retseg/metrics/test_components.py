"""The components of a mask, worked out by hand on a few pixels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from retseg.metrics.components import drop_small, find_components, trace_components

MASK = np.zeros((5, 6), bool)
MASK[0, 0] = MASK[1, 1] = True
MASK[3:5, 3:6] = True
"""A diagonal pair of pixels, and a block of 2 x 3."""


def test_pixels_that_share_a_corner_are_one_component() -> None:
    found = find_components(MASK)
    assert len(found) == 2 and found.sizes.tolist() == [2, 6]
    assert found.centroids.tolist() == [[0.5, 0.5], [4.0, 3.5]]
    assert found.labels[1, 1] == 1 and found.labels[4, 5] == 2 and found.labels[0, 5] == 0


def test_the_pixels_of_each_component_in_another_mask_are_counted() -> None:
    """Of the pair one pixel is covered, of the block the two rows of its first column; one pixel hits nothing."""
    other = np.zeros_like(MASK)
    other[0, 0] = other[:, 3] = other[2, 5] = True
    assert find_components(MASK).count_pixels(other).tolist() == [1, 2]
    assert find_components(MASK).count_pixels(np.zeros_like(MASK)).tolist() == [0, 0]


def test_the_components_that_are_kept_make_a_mask() -> None:
    found = find_components(MASK)
    kept = found.keep(found.sizes > 2)
    assert kept.dtype == bool and kept.sum() == 6 and not kept[:2].any()


def test_an_empty_mask_has_no_component() -> None:
    empty = find_components(np.zeros((3, 4), bool))
    assert len(empty) == 0 and not empty.keep(empty.sizes > 0).any() and empty.centroids.shape == (0, 2)


MASKS = st.tuples(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 30), st.sampled_from([0.1, 0.4, 0.6, 0.9]))


def draw_mask(seed: int, height: int, width: int, share: float) -> NDArray[np.bool_]:
    """Noise: components with holes, and components in holes."""
    return np.random.default_rng(seed).random((height, width)) < share


@settings(max_examples=200, deadline=None)
@given(MASKS)
def test_the_sizes_by_outlines_are_those_by_labels(words: tuple[int, int, int, float]) -> None:
    mask = draw_mask(*words)
    outlines = trace_components(mask)
    assert sorted(outlines.sizes.tolist()) == sorted(find_components(mask).sizes.tolist())
    assert len(outlines) == len(outlines.holes) == len(find_components(mask))


@settings(max_examples=200, deadline=None)
@given(MASKS, st.integers(0, 12))
def test_dropping_small_components_leaves_what_labels_would(words: tuple[int, int, int, float], smallest: int) -> None:
    mask = draw_mask(*words)
    found = find_components(mask)
    before = mask.copy()
    assert np.array_equal(drop_small(mask, smallest), found.keep(found.sizes >= smallest))
    assert np.array_equal(mask, before)


def test_a_large_part_inside_a_hole_of_a_small_ring_cannot_be_but_a_small_one_in_a_large_ring_is_dropped() -> None:
    """A ring of 56 pixels around a hole with a dot: the dot goes, ring and hole stay."""
    mask = np.ones((15, 15), bool)
    mask[1:-1, 1:-1] = False
    ring = mask.copy()
    mask[7, 7] = True
    assert np.array_equal(drop_small(mask, 2), ring)
    assert not drop_small(mask, 57).any()


def test_small_parts_are_dropped_by_eight_neighbours() -> None:
    """A diagonal pair is one part of 2 pixels; a lone pixel is one of 1."""
    mask = np.zeros((5, 5), bool)
    mask[0, 0] = mask[1, 1] = mask[4, 4] = True
    assert drop_small(mask, 2).sum() == 2
    assert drop_small(mask, 3).sum() == 0
    assert drop_small(mask, 0) is mask
