"""Lesions counted, weighed and placed, with answers that are worked out beside them."""

import math

import numpy as np
import pytest

from retseg.measures import measure_lesions

WHOLE = np.ones((40, 50), np.bool_)


def test_two_pixels_that_touch_at_a_corner_are_one_lesion() -> None:
    """Three pixels, two of them touching by a corner: two lesions of 3 pixels on 2,000, 0.0015 of the view."""
    mask = np.zeros_like(WHOLE)
    mask[5, 5] = mask[6, 6] = mask[20, 30] = True
    found = measure_lesions(mask, WHOLE, None)
    assert (found.count, found.area, found.area_fraction) == (2, 3, 0.0015)
    assert (found.centroid_distance, found.edge_distance) == (None, None)


def test_a_disc_has_the_area_of_a_disc_as_a_share_of_what_is_visible() -> None:
    """Radius 12 in a view of half the frame: pi 144 = 452.4 pixels; a digital disc comes within 3 % of that."""
    y, x = np.mgrid[:40, :50]
    half = x < 25
    disc = (y - 20) ** 2 + (x - 12) ** 2 <= 144
    found = measure_lesions(disc, half, None)
    assert found.area == pytest.approx(math.pi * 144, rel=0.03)
    assert found.area_fraction == found.area / 1000


def test_distances_are_those_of_the_nearest_lesion() -> None:
    """A bar of rows 10 to 12 in column 30 has its centroid at (30, 11); the fovea at (27, 7) is 3 and 4, so 5, away.

    Its nearest pixel, (30, 10), is hypot(3, 3) away. The other lesion is further off.
    """
    mask = np.zeros_like(WHOLE)
    mask[10:13, 30] = True
    mask[35, 2] = True
    found = measure_lesions(mask, WHOLE, (27.0, 7.0))
    assert found.centroid_distance == pytest.approx(5)
    assert found.edge_distance == pytest.approx(math.hypot(3, 3))


def test_a_fovea_inside_a_lesion_is_at_no_distance_from_it() -> None:
    mask = np.zeros_like(WHOLE)
    mask[10:20, 10:20] = True
    found = measure_lesions(mask, WHOLE, (12.3, 11.8))
    assert found.edge_distance == 0
    assert found.centroid_distance == pytest.approx(math.hypot(14.5 - 12.3, 14.5 - 11.8))


def test_without_a_lesion_there_is_no_distance_and_without_a_view_no_share() -> None:
    empty = np.zeros_like(WHOLE)
    found = measure_lesions(empty, WHOLE, (1.0, 1.0))
    assert (found.count, found.area, found.area_fraction) == (0, 0, 0)
    assert found.centroid_distance is not None and math.isnan(found.centroid_distance)
    assert found.edge_distance is not None and math.isnan(found.edge_distance)
    assert math.isnan(measure_lesions(empty, empty, None).area_fraction)
