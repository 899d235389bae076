"""Metrics of lesions instead of pixels: how many lesions are found, how many predicted lesions are false, and FROC.

A lesion is an 8-connected component of a mask. It is found where the prediction covers at least the share `overlap` of
its pixels, one pixel at least. A predicted component is right where the truth covers as much of it, else it is false.
Several predicted components on one lesion find it once, and all of them are right.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.components import find_components
from retseg.metrics.counts import Mask, check_masks
from retseg.metrics.derived import divide

Floats = NDArray[np.float64]

RETINOPATHY_CHALLENGE_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False lesions per image at which the FROC score reads the curve (Niemeijer et al., IEEE TMI 2010)."""


@dataclass(frozen=True)
class LesionMatches:
    """Lesions of one image.

    Attributes:
        lesions: components of the truth.
        found: of these, the ones that the prediction covers.
        components: components of the prediction.
        right: of these, the ones that the truth covers.
    """

    lesions: int
    found: int
    components: int
    right: int

    def as_row(self) -> NDArray[np.int64]:
        """The (4,) row of a table: lesions, found ones, false ones, and images: 1. Rows of several images add up."""
        return np.array([self.lesions, self.found, self.components - self.right, 1], dtype=np.int64)


@dataclass(frozen=True)
class Froc:
    """A free-response ROC curve; all arrays (thresholds,), thresholds falling.

    Attributes:
        thresholds: of the probability.
        false_positives: false lesions per image.
        sensitivity: share of the lesions that are found; nan where there is no lesion.
    """

    thresholds: Floats
    false_positives: Floats
    sensitivity: Floats


def count_lesions(prediction: Mask, truth: Mask, overlap: float = 0.0) -> LesionMatches:
    """Count the lesions of two bool (H, W) masks; `overlap` in [0, 1], 0 meaning any pixel.

    Raises:
        ValueError: the masks are not bool or not of one shape, or the overlap is not in [0, 1].
    """
    check_masks(prediction=prediction, truth=truth)
    if not 0 <= overlap <= 1:
        raise ValueError(f"an overlap of {overlap} is not a share: give a number from 0 (any pixel) to 1 (every pixel)")
    lesions, found = _count_covered(truth, prediction, overlap)
    components, right = _count_covered(prediction, truth, overlap)
    return LesionMatches(lesions, found, components, right)


def _count_covered(mask: Mask, cover: Mask, overlap: float) -> tuple[int, int]:
    """The components of `mask`, and how many of them `cover` covers."""
    components = find_components(mask)
    covered = components.count_pixels(cover)
    return len(components), int(np.count_nonzero(covered >= np.maximum(overlap * components.sizes, 1)))


def lesion_sensitivity(counts: LesionMatches) -> float:
    """Share of the lesions that were found; nan where there is none."""
    return counts.found / counts.lesions if counts.lesions else float("nan")


def lesion_precision(counts: LesionMatches) -> float:
    """Share of the predicted components that are right; nan where nothing is predicted."""
    return counts.right / counts.components if counts.components else float("nan")


def count_lesions_at(
    probability: NDArray[np.float32], truth: Mask, thresholds: Floats, overlap: float = 0.0
) -> tuple[LesionMatches, ...]:
    """The lesion counts of one image at each threshold: the components of `probability >= threshold` in float32."""
    bounds = np.asarray(thresholds, dtype=np.float64).astype(np.float32)
    return tuple(count_lesions(probability >= bound, truth, overlap) for bound in bounds)


def froc(table: NDArray[np.integer] | Floats, thresholds: Floats) -> Froc:
    """The FROC of counts that are summed over images.

    Args:
        table: (thresholds, 4) rows lesions, found ones, false ones and images.
        thresholds: (thresholds,) in any order.

    Raises:
        ValueError: there is not one row for each threshold.
    """
    counts, levels = np.asarray(table, dtype=np.float64), np.asarray(thresholds, dtype=np.float64)
    if counts.shape != (len(levels), 4):
        raise ValueError(f"a table of {counts.shape} does not make a FROC of {len(levels)} points")
    order = np.argsort(-levels, kind="stable")
    lesions, found, false, images = counts[order].T
    return Froc(levels[order], divide(false, images), divide(found, lesions))


def froc_score(curve: Froc, rates: tuple[float, ...] = RETINOPATHY_CHALLENGE_RATES) -> float:
    """Mean sensitivity at `rates` false lesions per image, linear between the points and constant beyond them.

    The curve begins at (0, 0). At a low threshold components merge, so that the false lesions become fewer again; the
    best sensitivity at or below each rate counts. nan where there is no lesion.
    """
    rise = np.maximum.accumulate(curve.false_positives)
    best = np.maximum.accumulate(curve.sensitivity)
    return float(np.mean(np.interp(rates, np.append(0, rise), np.append(0, best))))
