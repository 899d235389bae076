"""Measure how a vessel mask fills its field of view at several scales: three fractal dimensions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.preprocessing import bounding_box

HALVINGS = range(2, 8)
"""Boxes have the side of the field of view, halved so many times, in whole pixels: a quarter to a 128th of it. The
smallest is about as wide as a large vein, so that no box lies inside a vessel; and an image of another size gets the
same boxes."""


@dataclass(frozen=True)
class Fractals:
    """Fractal dimensions; 1 of a line, 2 of an area; nan without vessels.

    Attributes:
        fractal_box: by the number of boxes that hold a vessel.
        fractal_information: by the entropy of the shares of vessel pixels in the boxes.
        fractal_correlation: by the chance that two vessel pixels lie in one box.
    """

    fractal_box: float
    fractal_information: float
    fractal_correlation: float


def measure_fractals(mask: NDArray[np.bool_], field_of_view: NDArray[np.bool_]) -> Fractals:
    """The dimensions of a mask in the square around its field of view, both bool (H, W)."""
    rows, columns = bounding_box(field_of_view)
    side = max(rows.stop - rows.start, columns.stop - columns.start)
    points = np.argwhere(mask & field_of_view) - (rows.start, columns.start)
    if len(points) < 2 or side < 2 ** (HALVINGS.stop - 1):
        return Fractals(float("nan"), float("nan"), float("nan"))
    return fit_dimensions(points, [round(side / 2**halving) for halving in HALVINGS])


def fit_dimensions(points: NDArray[np.intp], sides: Sequence[int]) -> Fractals:
    """The dimensions by least squares over logarithms.

    Args:
        points: rows and columns (n, 2) of the vessel pixels, from the corner of the grid.
        sides: of the boxes, in pixels.
    """
    entropies = np.array([measure_entropies(share_boxes(points, side)) for side in sides])
    slopes = -np.polyfit(np.log(sides), entropies, 1)[0]
    return Fractals(*(float(slope) for slope in slopes))


def share_boxes(points: NDArray[np.intp], side: int) -> NDArray[np.float64]:
    """The shares of the points in the boxes that hold any: they sum up to 1."""
    boxes = points // side
    counts = np.bincount(boxes[:, 0] * (boxes[:, 1].max() + 1) + boxes[:, 1])
    return np.asarray(counts[counts > 0] / len(points))


def measure_entropies(shares: NDArray[np.float64]) -> tuple[float, float, float]:
    """Renyi's entropies of the orders 0, 1 and 2."""
    return float(np.log(len(shares))), float(-(shares * np.log(shares)).sum()), float(-np.log((shares**2).sum()))
