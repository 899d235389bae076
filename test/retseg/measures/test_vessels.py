"""Length, calibre and tortuosity of vessels whose answers follow from how they were drawn."""

import math

import cv2
import numpy as np
import pytest

from retseg.measures import measure_vessels
from retseg.measures.skeleton import trace_vessels
from retseg.measures.vessels import measure_calibre
from retseg.phantom import draw_fundus

SIDE = 301
WHOLE = np.ones((SIDE, SIDE), np.bool_)
Y, X = np.mgrid[:SIDE, :SIDE] - SIDE // 2


def draw_line(degrees: float, width: float, length: float = 240) -> np.ndarray:
    """A straight vessel through the middle."""
    angle = math.radians(degrees)
    along, across = X * math.cos(angle) + Y * math.sin(angle), Y * math.cos(angle) - X * math.sin(angle)
    return (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)


def draw_arc(radius: float, degrees: float, width: float = 4) -> np.ndarray:
    """A vessel along a circle around the middle."""
    return (np.abs(np.hypot(X, Y) - radius) <= width / 2) & (np.abs(np.arctan2(Y, X)) <= math.radians(degrees) / 2)


@pytest.mark.parametrize("degrees", [0, 13, 22.5, 31, 45, 67.5, 80])
def test_a_straight_line_is_as_long_and_straight_in_every_direction(degrees: float) -> None:
    """240 pixels, less up to half a width, 2.5, at each end; counting steps would give 8 % more at 22.5 degrees."""
    found = measure_vessels(draw_line(degrees, 5), WHOLE)
    assert found.length == pytest.approx(237.5, abs=3.5)
    assert 1 <= found.tortuosity < 1.01
    assert (found.branching_points, found.end_points) == (0, 2)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 12])
def test_a_band_is_as_wide_as_it_was_drawn(width: int) -> None:
    mask = np.zeros_like(WHOLE)
    mask[100 : 100 + width, 20:280] = True
    assert measure_vessels(mask, WHOLE).calibre == pytest.approx(width, abs=0.15)


@pytest.mark.parametrize("degrees", [20, 70])
@pytest.mark.parametrize("width", [3.5, 6, 9])
def test_a_slanting_vessel_is_as_wide_to_half_a_pixel(degrees: float, width: float) -> None:
    assert measure_vessels(draw_line(degrees, width), WHOLE).calibre == pytest.approx(width, abs=0.6)


@pytest.mark.parametrize("degrees", [90, 180])
def test_an_arc_of_a_circle_has_the_tortuosity_of_its_angle(degrees: float) -> None:
    """Arc over chord of an angle t is t / (2 sin(t / 2)): 1.1107 for a quarter of a circle, 1.5708 for a half.

    The free ends that thinning takes away, half a width each, make the angle a little smaller.
    """
    radius = 110
    t = math.radians(degrees) - 4 / radius
    found = measure_vessels(draw_arc(radius, degrees), WHOLE)
    assert found.tortuosity == pytest.approx(t / (2 * math.sin(t / 2)), rel=0.005)
    assert found.length == pytest.approx(radius * t, rel=0.02)


def test_tortuosity_is_weighted_by_length() -> None:
    """A half circle of radius 40, arc 125.7 and ratio pi / 2, and a line of 240: (125.7 x pi / 2 + 240 x 1) / 365.7."""
    line = np.roll(draw_line(0, 4), 100, axis=0)
    found = measure_vessels(draw_arc(40, 180) | line, WHOLE)
    assert found.tortuosity == pytest.approx((125.7 * math.pi / 2 + 240) / 365.7, rel=0.015)


def test_a_ring_adds_to_the_length_but_has_no_tortuosity() -> None:
    found = measure_vessels(np.abs(np.hypot(X, Y) - 60) <= 2, WHOLE)
    assert found.length == pytest.approx(2 * math.pi * 60, rel=0.01)
    assert math.isnan(found.tortuosity)


def test_density_is_the_share_of_the_field_of_view() -> None:
    """A band of 4 x 250 pixels in a view of 100,000."""
    mask, view = np.zeros((400, 400), np.bool_), np.zeros((400, 400), np.bool_)
    mask[100:104, 20:270] = True
    view[:250] = True
    assert measure_vessels(mask, view).density == 0.01


def test_no_vessels_have_no_calibre_and_no_tortuosity() -> None:
    found = measure_vessels(np.zeros_like(WHOLE), WHOLE)
    assert (found.density, found.length, found.branching_points, found.end_points) == (0, 0, 0, 0)
    assert math.isnan(found.calibre) and math.isnan(found.tortuosity)
    assert math.isnan(measure_vessels(np.zeros_like(WHOLE), np.zeros_like(WHOLE)).density)


def test_the_calibre_is_that_of_the_distances_in_the_whole_image_at_twice_its_size() -> None:
    """The definition, written out: the distance of every pixel of the doubled mask, the largest of four for each."""
    phantom = draw_fundus(5)
    mask, tree = phantom.masks["vessel"], trace_vessels(phantom.masks["vessel"])
    doubled = np.repeat(np.repeat(mask.astype(np.uint8), 2, axis=0), 2, axis=1)
    width = cv2.distanceTransform(doubled, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    widest = width.reshape(mask.shape[0], 2, mask.shape[1], 2).max(axis=(1, 3))
    assert measure_calibre(mask, tree) == pytest.approx(widest[tree.skeleton].mean(dtype=np.float64), rel=1e-6)


def test_a_mask_without_background_has_no_width() -> None:
    assert math.isnan(measure_vessels(WHOLE, WHOLE).calibre)
