"""Find the size of a pixel in millimetres: by the spacing of the file, if plausible, or by the angle of the view."""

from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from retseg.files import SPACED_SUFFIXES, has_suffix
from retseg.image import Geometry
from retseg.preprocessing import bounding_box

NARROWEST, WIDEST = 1.0, 30.0
"""Millimetres of retina that a field of view shows: OCT angiograms 3 to 26, photographs of 20 to 60 degrees 6 to 18.
A spacing outside these limits is not that of a retina. It may be that of a print, or a default of 1."""

MILLIMETRES_PER_DEGREE = 0.288
"""Of retina near the middle of an eye of average length (Drasdo and Fowler, 1974)."""

SQUARE = 0.01
"""The sides of a square pixel differ by this share at most."""


@dataclass(frozen=True)
class Millimetres:
    """The side of a pixel.

    Attributes:
        per_pixel: in millimetres; None where it is not known.
        warning: a sentence where the spacing of the file is not plausible; empty where it is or where there is none.
    """

    per_pixel: float | None
    warning: str = ""


def find_scale(
    geometry: Geometry, field_of_view: NDArray[np.bool_], name: str, degrees: float | None = None
) -> Millimetres:
    """The side of a pixel by the spacing of a file where it can be that of a retina, else by the angle of the view.

    Args:
        geometry: of the image.
        field_of_view: bool (H, W).
        name: of the file, for the sentence.
        degrees: that the longer side of the field of view shows; None where that is not known.
    """
    spaced = _read_spacing(geometry, field_of_view, name)
    rows, columns = bounding_box(field_of_view)
    pixels = max(columns.stop - columns.start, rows.stop - rows.start)
    if spaced.per_pixel is not None or degrees is None or pixels == 0:
        return spaced
    return Millimetres(MILLIMETRES_PER_DEGREE * degrees / pixels)


def _read_spacing(geometry: Geometry, field_of_view: NDArray[np.bool_], name: str) -> Millimetres:
    """The side of a pixel by the spacing of a file, where it can be that of a retina."""
    x, y = geometry.spacing
    rows, columns = bounding_box(field_of_view)
    side = max((columns.stop - columns.start) * x, (rows.stop - rows.start) * y)
    if (x, y) == (1.0, 1.0) or side == 0 or not has_suffix(PurePath(name), SPACED_SUFFIXES):
        return Millimetres(None)
    if abs(x - y) > SQUARE * max(x, y):
        return Millimetres(None, f"{name} has pixels of {x:g} x {y:g} mm: measures in mm are for square pixels only.")
    if not NARROWEST <= side <= WIDEST:
        reason = f"pixels of {x:g} mm, which makes the retina {side:.3g} mm wide"
        return Millimetres(None, f"{name} gives {reason}: that is no scale of a retina, so no measure is given in mm.")
    return Millimetres((x + y) / 2)
