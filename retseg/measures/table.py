"""Turn measures into rows of a table: each has a name, a number and its unit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass

PARTS = ("superior_nasal", "superior_temporal", "inferior_nasal", "inferior_temporal", "central")

UNITS: Mapping[str, str] = {
    "area": "px2",
    "centroid_distance": "px",
    "edge_distance": "px",
    "length": "px",
    "calibre": "px",
    "length_density": "1/px",
    "sparsity": "px",
    "segment_length": "px",
    "curvature": "1/px",
    "bifurcation_angle": "degree",
    "height": "px",
    "crae_knudtson": "px",
    "crve_knudtson": "px",
    "crae_hubbard": "mm",
    "crve_hubbard": "mm",
    "disc_x": "pixel",
    "disc_y": "pixel",
    "disc_diameter": "px",
    "fovea_x": "pixel",
    "fovea_y": "pixel",
    "disc_to_fovea": "px",
    **{f"zone_{zone}_calibre": "px" for zone in "bc"},
    **{f"area_{part}": "px2" for part in PARTS},
}
"""Attribute of a dataclass of measures to its unit; the others have `1`."""

NAMES: Mapping[str, str] = {"centroid_distance": "fovea_to_centroid", "edge_distance": "fovea_to_edge"}
"""Attribute to the name of its row, where the two differ."""

POWERS: Mapping[str, int] = {"px": 1, "px2": 2, "1/px": -1}
"""Unit to the power of the length in it."""


@dataclass(frozen=True)
class Row:
    """One number.

    Attributes:
        measure: its name in docs/measures.md.
        value: nan where it is not defined.
        unit: `px`, `px2`, `1/px`, the same with `mm`; `degree`; `pixel` for a place in the image; `1` for counts and
            ratios.
    """

    measure: str
    value: float
    unit: str


def tabulate(measures: object, millimetres_per_pixel: float | None) -> tuple[Row, ...]:
    """The rows of one task, in pixels, and in millimetres too where their size is known.

    Args:
        measures: a dataclass of numbers; its attributes are rows, those that are None are not.
        millimetres_per_pixel: the side of a pixel; None where it is not known.
    """
    if not is_dataclass(measures) or isinstance(measures, type):
        raise TypeError(f"{measures!r} is no dataclass of measures")
    values = ((each.name, getattr(measures, each.name)) for each in fields(measures))
    rows = (Row(NAMES.get(name, name), value, UNITS.get(name, "1")) for name, value in values if value is not None)
    return tuple(scaled for row in rows for scaled in _scale(row, millimetres_per_pixel))


def tabulate_field(area: int, millimetres_per_pixel: float | None) -> tuple[Row, ...]:
    """The rows of the field of view: its area, by which fractions and densities are divided."""
    return tuple(_scale(Row("area", area, "px2"), millimetres_per_pixel))


def _scale(row: Row, millimetres_per_pixel: float | None) -> Iterator[Row]:
    yield row
    power = POWERS.get(row.unit)
    if power and millimetres_per_pixel is not None:
        yield Row(row.measure, row.value * millimetres_per_pixel**power, row.unit.replace("px", "mm"))
