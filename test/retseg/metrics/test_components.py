"""The components of a mask, worked out by hand on a few pixels."""

import numpy as np

from retseg.metrics.components import find_components

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
