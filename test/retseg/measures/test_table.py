"""Numbers with units, and millimetres only where a file's spacing can be that of a retina."""

import numpy as np
import pytest

from retseg.image import Geometry
from retseg.measures import LesionMeasures, Row, VesselMeasures, find_scale, tabulate, tabulate_field

VIEW = np.ones((400, 600), np.bool_)


def make_geometry(x: float, y: float) -> Geometry:
    return Geometry((600, 400), (x, y))


def test_lengths_and_areas_are_given_in_millimetres_too_where_the_pixel_is_known() -> None:
    rows = tabulate(LesionMeasures(2, 100, 0.5, 30.0, 20.0), 0.01)
    assert rows == (
        Row("count", 2, "1"),
        Row("area", 100, "px2"),
        Row("area", 100 * 0.01**2, "mm2"),
        Row("area_fraction", 0.5, "1"),
        Row("fovea_to_centroid", 30.0, "px"),
        Row("fovea_to_centroid", 0.3, "mm"),
        Row("fovea_to_edge", 20.0, "px"),
        Row("fovea_to_edge", 0.2, "mm"),
    )
    assert tabulate_field(50, None) == (Row("area", 50, "px2"),)


def test_without_a_fovea_there_are_no_rows_of_it() -> None:
    rows = tabulate(LesionMeasures(2, 100, 0.5, None, None), None)
    assert [row.measure for row in rows] == ["count", "area", "area_fraction"]


def test_lengths_of_vessels_and_what_is_divided_by_them_have_a_length_for_a_unit() -> None:
    rows = tabulate(VesselMeasures(0.1, 500.0, 4.0, 1.1, 3, 5, 0.01, 8.0), 0.5)
    assert {row.measure: row.value for row in rows if row.unit == "mm"} == {
        "length": 250.0,
        "calibre": 2.0,
        "sparsity": 4.0,
    }
    assert [row.value for row in rows if row.unit == "1/mm"] == [0.02]
    assert {row.measure for row in rows if row.unit == "1"} == {
        "density",
        "tortuosity",
        "branching_points",
        "end_points",
    }


def test_a_spacing_that_makes_a_retina_is_believed() -> None:
    assert find_scale(make_geometry(0.02, 0.02), VIEW, "a.mha").per_pixel == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("name", "spacing", "warning"),
    [
        ("a.mha", (1.0, 1.0), ""),
        ("a.png", (0.02, 0.02), ""),
        ("a.mha", (0.353, 0.353), "a.mha gives pixels of 0.353 mm, which makes the retina 212 mm wide"),
        ("a.mha", (0.00002, 0.00002), "a.mha gives pixels of 2e-05 mm"),
        ("a.nii.gz", (0.02, 0.03), "a.nii.gz has pixels of 0.02 x 0.03 mm"),
    ],
)
def test_other_spacings_give_no_millimetres(name: str, spacing: tuple[float, float], warning: str) -> None:
    scale = find_scale(make_geometry(*spacing), VIEW, name)
    assert scale.per_pixel is None
    assert scale.warning.startswith(warning) and bool(scale.warning) == bool(warning)


def test_an_image_without_a_field_of_view_has_no_scale() -> None:
    assert find_scale(make_geometry(0.02, 0.02), ~VIEW, "a.mha").per_pixel is None
