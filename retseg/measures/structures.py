"""Measure the optic disc and its cup, and say where disc and fovea were found."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.measures.landmarks import Landmarks
from retseg.measures.values import measure_height


@dataclass(frozen=True)
class StructureMeasures:
    """The optic disc or the optic cup, in pixels; nan where its mask is empty.

    Attributes:
        area: of its mask.
        height: rows from its first to its last pixel.
        vertical_cup_to_disc: height of the cup / height of the disc; None of the disc itself.
    """

    area: float
    height: float
    vertical_cup_to_disc: float | None = None


@dataclass(frozen=True)
class LandmarkMeasures:
    """Where the landmarks are, in pixels; nan where one was not found.

    Attributes:
        disc_x, disc_y: the centre of the disc.
        disc_diameter: of the circle that stands for it.
        fovea_x, fovea_y: the fovea.
        disc_to_fovea: from centre to centre.
    """

    disc_x: float
    disc_y: float
    disc_diameter: float
    fovea_x: float
    fovea_y: float
    disc_to_fovea: float


def measure_structure(mask: NDArray[np.bool_], disc: NDArray[np.bool_] | None = None) -> StructureMeasures:
    """Measure a disc or, with the mask of its disc, a cup; both bool (H, W). A disc without a cup has the ratio 0."""
    height = measure_height(mask)
    if disc is None:
        return StructureMeasures(int(mask.sum()), height) if height else StructureMeasures(math.nan, math.nan)
    below = measure_height(disc)
    return StructureMeasures(int(mask.sum()), height, height / below if below else math.nan)


def measure_landmarks(landmarks: Landmarks) -> LandmarkMeasures:
    """The landmarks as numbers."""
    disc, fovea = landmarks.disc, landmarks.fovea
    disc_values = (disc.x, disc.y, 2 * disc.radius) if disc else (math.nan,) * 3
    fovea_values = fovea or (math.nan,) * 2
    away = math.hypot(disc.x - fovea[0], disc.y - fovea[1]) if disc and fovea else math.nan
    return LandmarkMeasures(*disc_values, *fovea_values, away)
