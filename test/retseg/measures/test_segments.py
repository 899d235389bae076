"""Bends, lengths and angles of vessels whose answers follow from how they were drawn."""

import math

import cv2
import numpy as np
import pytest

from retseg.measures import SegmentMeasures, measure_segments, measure_vessels, trace_vessels

SIDE = 401
WHOLE = np.ones((SIDE, SIDE), np.bool_)


def draw(points: list[tuple[float, float]], width: int = 5) -> np.ndarray:
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    places = np.round(np.array(points) * 16).astype(np.int32)
    cv2.polylines(canvas, [places], False, 1, width, cv2.LINE_8, 4)
    return canvas > 0


def measure(mask: np.ndarray) -> SegmentMeasures:
    return measure_segments(mask, trace_vessels(mask), WHOLE)


@pytest.mark.parametrize("radius", [40, 80, 120])
def test_an_arc_of_a_circle_has_the_curvature_of_its_radius(radius: int) -> None:
    turn = np.radians(np.arange(0, 181, 2))
    found = measure(draw([(200 + radius * math.cos(t), 200 + radius * math.sin(t)) for t in turn]))
    assert found.curvature == pytest.approx(1 / radius, rel=0.08)
    assert (found.segments, found.inflections, found.bifurcations) == (1, 0, 0)
    assert found.segment_length == pytest.approx(math.pi * radius, rel=0.05)


def test_a_straight_line_hardly_bends_in_any_direction() -> None:
    """Less than a circle with a radius of 200 pixels: what the grid leaves after the smoothing."""
    for degrees in (0, 10, 22.5, 37, 45, 80):
        way = np.array([math.cos(math.radians(degrees)), math.sin(math.radians(degrees))])
        found = measure(draw([tuple(200 - 150 * way), tuple(200 + 150 * way)]))
        assert found.curvature < 0.005, degrees
        assert found.inflections == 0, degrees


@pytest.mark.parametrize("waves", [1, 2, 3])
def test_a_wave_changes_its_side_at_every_zero_but_the_first_and_the_last(waves: int) -> None:
    points = [(x, 200 + 25 * math.sin(2 * math.pi * waves * (x - 20) / 360)) for x in np.arange(20, 381, 2.0)]
    assert measure(draw(points)).inflections == 2 * waves - 1


@pytest.mark.parametrize("degrees", [40, 60, 90])
def test_a_fork_has_the_angle_between_its_daughters(degrees: int) -> None:
    half = math.radians(degrees / 2)
    mask = draw([(40, 200), (200, 200)])
    for side in (-1, 1):
        mask |= draw([(200, 200), (200 + 150 * math.cos(half), 200 + side * 150 * math.sin(half))])
    found = measure(mask)
    assert (found.segments, found.bifurcations) == (3, 1)
    assert found.bifurcation_angle == pytest.approx(degrees, abs=5)


def test_a_crossing_is_no_bifurcation() -> None:
    found = measure(draw([(40, 80), (360, 320)]) | draw([(40, 320), (360, 80)]))
    assert found.bifurcations == 0
    assert math.isnan(found.bifurcation_angle)


def test_nothing_has_no_lengths_no_bends_and_no_angles() -> None:
    found = measure(~WHOLE)
    assert (found.segments, found.bifurcations) == (0, 0)
    values = (found.segment_length, found.curvature, found.inflections, found.bifurcation_angle)
    assert all(map(math.isnan, values))


def test_sparsity_is_the_mean_distance_to_the_nearest_vessel() -> None:
    """Between two lines of 101 and 200 pixels at the rows 0 and 100 the distances are 1 to 49, 50, 49 to 1: 25.25."""
    mask = np.zeros((101, 200), np.bool_)
    mask[[0, 100]] = True
    found = measure_vessels(mask, np.ones_like(mask))
    assert found.sparsity == pytest.approx((2 * sum(range(1, 50)) + 50) / 99)
    assert found.length_density == pytest.approx(2 * 199 / 20200)
    assert math.isnan(measure_vessels(~mask & False, np.ones_like(mask)).sparsity)
