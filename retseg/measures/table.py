"""Turn measures into rows of a table: each has a name, a number and its unit."""

from collections.abc import Iterator
from dataclasses import dataclass

from retseg.measures.lesions import LesionMeasures
from retseg.measures.vessels import VesselMeasures


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        measure: its name in docs/measures.md.
        value: nan where it is not defined.
        unit: `px`, `px2`, `mm`, `mm2`, or `1` for counts and ratios.
    """

    measure: str
    value: float
    unit: str


def tabulate(measures: LesionMeasures | VesselMeasures, millimetres_per_pixel: float | None) -> tuple[Row, ...]:
    """The rows of one task, in pixels, and in millimetres too where their size is known."""
    rows = _list_lesions(measures) if isinstance(measures, LesionMeasures) else _list_vessels(measures)
    return tuple(scaled for row in rows for scaled in _scale(row, millimetres_per_pixel))


def tabulate_field(area: int, millimetres_per_pixel: float | None) -> tuple[Row, ...]:
    """The rows of the field of view: its area, by which fractions and densities are divided."""
    return tuple(_scale(Row("area", area, "px2"), millimetres_per_pixel))


def _list_lesions(measures: LesionMeasures) -> Iterator[Row]:
    yield Row("count", measures.count, "1")
    yield Row("area", measures.area, "px2")
    yield Row("area_fraction", measures.area_fraction, "1")
    if measures.centroid_distance is not None and measures.edge_distance is not None:
        yield Row("fovea_to_centroid", measures.centroid_distance, "px")
        yield Row("fovea_to_edge", measures.edge_distance, "px")


def _list_vessels(measures: VesselMeasures) -> Iterator[Row]:
    yield Row("density", measures.density, "1")
    yield Row("length", measures.length, "px")
    yield Row("calibre", measures.calibre, "px")
    yield Row("tortuosity", measures.tortuosity, "1")
    yield Row("branching_points", measures.branching_points, "1")
    yield Row("end_points", measures.end_points, "1")


def _scale(row: Row, millimetres_per_pixel: float | None) -> Iterator[Row]:
    yield row
    power = {"px": 1, "px2": 2}.get(row.unit)
    if power and millimetres_per_pixel is not None:
        yield Row(row.measure, row.value * millimetres_per_pixel**power, row.unit.replace("px", "mm"))
