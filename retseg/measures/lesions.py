"""Measure lesions: their number, their area, and their distance from the fovea."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.measures.landmarks import Landmarks
from retseg.metrics.components import find_components, trace_components


@dataclass(frozen=True)
class LesionMeasures:
    """The lesions of one task in one image, in pixels.

    Attributes:
        count: 8-connected components.
        area: pixels of all of them.
        area_fraction: area / area of the field of view; nan where that is empty.
        centroid_distance: from the fovea to the nearest centroid of a lesion; nan without a lesion, None without a
            fovea.
        edge_distance: the same to the nearest pixel of a lesion; 0 where the fovea lies in one.
    """

    count: int
    area: int
    area_fraction: float
    centroid_distance: float | None
    edge_distance: float | None


def measure_lesions(
    mask: NDArray[np.bool_], field_of_view: NDArray[np.bool_], fovea: tuple[float, float] | None
) -> LesionMeasures:
    """Measure one task's lesions.

    Args:
        mask: bool (H, W).
        field_of_view: bool (H, W).
        fovea: x and y in pixels, (0, 0) being the centre of the first pixel; None where it is not known.
    """
    area, visible = int(np.count_nonzero(mask)), int(np.count_nonzero(field_of_view))
    fraction = area / visible if visible else float("nan")
    if fovea is None:
        return LesionMeasures(len(trace_components(mask)), area, fraction, None, None)
    components = find_components(mask)
    rows, columns = np.nonzero(mask)
    pixels = np.stack([columns, rows], axis=1).astype(np.float64)
    row, column = round(fovea[1]), round(fovea[0])
    inside = 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1] and bool(mask[row, column])
    edge = 0.0 if inside else _find_nearest(pixels, fovea)
    centroid = _find_nearest(components.centroids, fovea)
    return LesionMeasures(len(components), area, fraction, centroid, edge)


@dataclass(frozen=True)
class QuadrantMeasures:
    """Where the lesions of one task lie around the fovea, in pixels; nan where fovea or disc is not known.

    The nasal side of the fovea is that of the disc; superior is above the line through both.

    Attributes:
        area_superior_nasal, area_superior_temporal, area_inferior_nasal, area_inferior_temporal: pixels of lesions.
        area_central: pixels of lesions within one diameter of the disc from the fovea.
    """

    area_superior_nasal: float
    area_superior_temporal: float
    area_inferior_nasal: float
    area_inferior_temporal: float
    area_central: float


def measure_quadrants(mask: NDArray[np.bool_], landmarks: Landmarks) -> QuadrantMeasures:
    """Divide the area of a mask, bool (H, W), among the quadrants around the fovea."""
    disc, fovea = landmarks.disc, landmarks.fovea
    if disc is None or fovea is None:
        return QuadrantMeasures(*[float("nan")] * 5)
    nasal = np.array([disc.x - fovea[0], disc.y - fovea[1]])
    nasal /= max(1e-9, float(np.hypot(*nasal)))
    superior = np.array([nasal[1], -nasal[0]])
    superior *= -1 if superior[1] > 0 else 1
    rows, columns = np.nonzero(mask)
    offsets = np.stack([columns, rows], axis=1) - np.array(fovea)
    above, beside = offsets @ superior >= 0, offsets @ nasal >= 0
    parts = (above & beside, above & ~beside, ~above & beside, ~above & ~beside)
    near = np.hypot(*offsets.T) <= 2 * disc.radius
    return QuadrantMeasures(*(int(part.sum()) for part in (*parts, near)))


def _find_nearest(points: NDArray[np.float64], fovea: tuple[float, float]) -> float:
    """The smallest distance of points, (n, 2) as x and y, from the fovea; nan without points."""
    return float(np.hypot(*(points - fovea).T).min()) if len(points) else float("nan")
