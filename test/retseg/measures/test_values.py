"""Values of an image that are computed from its masks, each worked out by hand."""

import numpy as np
import pytest

from retseg.challenge.socket import FUNCTIONS
from retseg.image import Geometry
from retseg.measures.values import COMPUTATIONS, Findings, ValueComputationError, compute_value, read_points

GEOMETRY = Geometry((8, 6), (0.5, 2.0), (10.0, 20.0), (0.0, 1.0, 1.0, 0.0))


def make_findings(**masks):
    """Masks of 6 x 8 pixels, True in the given (rows, columns); probabilities are 0.6 there."""
    planes = {}
    for task, slices in masks.items():
        planes[task] = np.zeros((6, 8), bool)
        for rows, columns in slices:
            planes[task][slice(*rows), slice(*columns)] = True
    probabilities = {task: plane.astype(np.float32) * np.float32(0.6) for task, plane in planes.items()}
    view = np.zeros((6, 8), bool)
    view[:, :5] = True
    return Findings(planes, probabilities, view, GEOMETRY)


TWO_PARTS = make_findings(spot=[((0, 2), (0, 2)), ((3, 4), (4, 8))], disc=[((0, 5), (0, 3))], none=[])


def test_the_names_of_a_challenges_file_are_those_of_the_functions():
    assert set(FUNCTIONS) == set(COMPUTATIONS)


@pytest.mark.parametrize(
    ("function", "tasks", "wanted"),
    [
        ("present", ["spot"], True),
        ("present", ["none"], False),
        ("count", ["spot"], 2),
        ("area", ["spot"], 8),
        ("share", ["spot"], 5 / 30),  # four pixels and one lie in the first five columns
        ("score", ["spot"], 0.6),
        ("height_ratio", ["spot", "disc"], 4 / 5),
        ("height_ratio", ["spot", "none"], 0.0),
    ],
)
def test_a_value_is_what_was_worked_out(function, tasks, wanted):
    assert compute_value(function, tasks, (), TWO_PARTS) == pytest.approx(wanted)


def test_a_grade_counts_the_limits_that_are_reached():
    assert [compute_value("area", ["spot"], limits, TWO_PARTS) for limits in [(1, 8, 9), (9,), (8,)]] == [2, 0, 1]


def test_points_lie_in_the_space_of_the_image():
    """Pixel (0.5, 0.5) is 0.25 and 1.0 along the axes, which the direction exchanges."""
    value = compute_value("points", ["spot"], (), TWO_PARTS)
    assert value["type"] == "Multiple points"
    assert [point["point"] for point in value["points"]] == [[11.0, 20.25, 0.0], [16.0, 22.75, 0.0]]
    assert read_points(value).tolist() == [[11.0, 20.25], [16.0, 22.75]]


def test_a_truth_without_probabilities_scores_one_where_anything_is():
    truth = Findings(TWO_PARTS.masks, {}, TWO_PARTS.field_of_view, GEOMETRY)
    assert [compute_value("score", [task], (), truth) for task in ("spot", "none")] == [1.0, 0.0]


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, np.float32(2)])
def test_a_value_that_json_cannot_hold_is_refused(value):
    with pytest.raises(ValueComputationError, match=r"'mine.f' gives .*, which JSON cannot hold"):
        compute_value("mine.f", [], (), TWO_PARTS, lambda _: value)


@pytest.mark.parametrize("value", [{}, {"points": 3}, {"points": [{"point": [1]}]}, {"points": [[1, 2]]}, [1, 2]])
def test_what_are_no_points_is_told_from_points(value):
    assert read_points(value) is None
