"""Distances between the outlines of two masks: HD95 and the normalised surface distance.

The outline of a mask is its pixels with a 4-neighbour outside the mask or outside the image. Two empty masks have no
distance (nan); the distance of an empty mask from a filled one is infinite.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from retseg.metrics.counts import Mask, check_masks

Floats = NDArray[np.float64]
Spacing = tuple[float, float]  # (row, column): the height and the width of a pixel


@dataclass(frozen=True)
class SurfaceDistances:
    """(outline pixels of one mask,) distances to the nearest outline pixel of the other, in the unit of the spacing."""

    of_prediction: Floats
    of_truth: Floats


def measure_surfaces(prediction: Mask, truth: Mask, spacing: Spacing = (1.0, 1.0)) -> SurfaceDistances:
    """Distances between the outlines of two bool (H, W) masks; inf from a filled mask to an empty one.

    Raises:
        ValueError: the masks are not bool or not of one shape.
    """
    check_masks(prediction=prediction, truth=truth)
    predicted, true = _find_outline(prediction, spacing), _find_outline(truth, spacing)
    return SurfaceDistances(_measure(predicted, true), _measure(true, predicted))


def hd95(prediction: Mask, truth: Mask, spacing: Spacing = (1.0, 1.0)) -> float:
    """95th percentile Hausdorff distance: the larger of the two directions' percentiles, linearly interpolated.

    As in MONAI; grand-challenge-metrics takes the next lower distance instead of interpolating. nan where both masks
    are empty, inf where one is.
    """
    distances = measure_surfaces(prediction, truth, spacing)
    directions = [d for d in (distances.of_prediction, distances.of_truth) if d.size]
    if not directions:
        return float("nan")
    if any(np.isinf(d).any() for d in directions):
        return float("inf")
    return float(max(np.quantile(d, 0.95) for d in directions))


def normalised_surface_distance(
    prediction: Mask, truth: Mask, tolerance: float, spacing: Spacing = (1.0, 1.0)
) -> float:
    """Share of both outlines that lies within `tolerance` of the other (surface Dice, Nikolov et al. 2018), by pixels.

    In the unit of the spacing. nan where both masks are empty, 0 where one is.
    """
    distances = measure_surfaces(prediction, truth, spacing)
    together = np.concatenate([distances.of_prediction, distances.of_truth])
    return float(np.mean(together <= tolerance)) if together.size else float("nan")


def _find_outline(mask: Mask, spacing: Spacing) -> Floats:
    """(N, 2) the positions (row, column) of the outline, in the unit of the spacing."""
    outline = np.argwhere(mask & ~ndimage.binary_erosion(mask))
    return np.asarray(outline * spacing, dtype=np.float64)


def _measure(from_outline: Floats, to_outline: Floats) -> Floats:
    # a search tree of the outlines: a distance transform of 4288 x 2848 pixels would take half a gigabyte
    if not len(to_outline):
        return np.full(len(from_outline), np.inf)
    distances: Floats = KDTree(to_outline).query(from_outline)[0]
    return distances
