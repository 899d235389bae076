"""Lesions instead of pixels: how many were found, how many finds were none, and FROC.

A lesion is an 8-connected component of a mask. It is found where a prediction covers at least `overlap` of its pixels,
one pixel at the least; a predicted component is right where as much of itself lies on the truth. Several predicted
components on one lesion find it once and are all right.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from retseg.metrics.counts import Mask, check_masks

Floats = NDArray[np.float64]

RETINOPATHY_CHALLENGE_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # Niemeijer et al., IEEE TMI 2010
_EIGHT = np.ones((3, 3), dtype=np.bool_)


@dataclass(frozen=True)
class LesionCounts:
    """Lesions of one image; those of several add up.

    Attributes:
        lesions: components of the truth.
        found: of these, the ones that the prediction covers.
        components: components of the prediction.
        right: of these, the ones that lie on the truth.
    """

    lesions: int
    found: int
    components: int
    right: int

    def __add__(self, other: Self) -> "LesionCounts":
        return LesionCounts(
            self.lesions + other.lesions,
            self.found + other.found,
            self.components + other.components,
            self.right + other.right,
        )


@dataclass(frozen=True)
class Froc:
    """Free-response ROC, thresholds falling: wrong components per image against the share of lesions found."""

    thresholds: Floats
    false_positives: Floats
    sensitivity: Floats


def count_lesions(prediction: Mask, truth: Mask, overlap: float = 0.0) -> LesionCounts:
    """Count the lesions of two bool (H, W) masks; `overlap` in [0, 1], 0 meaning any pixel.

    Raises:
        ValueError: the masks are not bool or not of one shape, or the overlap is not in [0, 1].
    """
    check_masks(prediction=prediction, truth=truth)
    if not 0 <= overlap <= 1:
        raise ValueError(f"an overlap of {overlap} is not a share: give a number from 0 (any pixel) to 1 (every pixel)")
    lesions, found = _count_covered(truth, prediction, overlap)
    components, right = _count_covered(prediction, truth, overlap)
    return LesionCounts(lesions, found, components, right)


def _count_covered(mask: Mask, cover: Mask, overlap: float) -> tuple[int, int]:
    """The components of `mask`, and how many of them `cover` covers."""
    labels, components = ndimage.label(mask, structure=_EIGHT)
    sizes = np.bincount(labels[mask], minlength=components + 1)[1:]
    covered = np.bincount(labels[mask & cover], minlength=components + 1)[1:]
    return components, int(np.count_nonzero(covered >= np.maximum(overlap * sizes, 1)))


def lesion_sensitivity(counts: LesionCounts) -> float:
    """Share of the lesions that were found; nan where there is none."""
    return counts.found / counts.lesions if counts.lesions else float("nan")


def lesion_precision(counts: LesionCounts) -> float:
    """Share of the predicted components that are right; nan where nothing is predicted."""
    return counts.right / counts.components if counts.components else float("nan")


def count_lesions_at(
    probability: NDArray[np.float32], truth: Mask, thresholds: Floats, overlap: float = 0.0
) -> tuple[LesionCounts, ...]:
    """The lesion counts of one image with `probability >= threshold` (in float32) labelled anew at each threshold."""
    bounds = np.asarray(thresholds, dtype=np.float64).astype(np.float32)
    return tuple(count_lesions(probability >= bound, truth, overlap) for bound in bounds)


def froc(pooled: tuple[LesionCounts, ...], images: int, thresholds: Floats) -> Froc:
    """The FROC of counts pooled over `images` images, one `LesionCounts` per threshold.

    Raises:
        ValueError: there is no image, or not one count per threshold.
    """
    if images < 1 or len(pooled) != len(thresholds):
        raise ValueError(
            f"{len(pooled)} pooled counts of {images} images do not make a FROC of {len(thresholds)} points"
        )
    order = np.argsort(-np.asarray(thresholds, dtype=np.float64), kind="stable")
    rows = [pooled[place] for place in order]
    return Froc(
        np.asarray(thresholds, dtype=np.float64)[order],
        np.array([(row.components - row.right) / images for row in rows]),
        np.array([lesion_sensitivity(row) for row in rows]),
    )


def froc_score(curve: Froc, rates: tuple[float, ...] = RETINOPATHY_CHALLENGE_RATES) -> float:
    """Mean sensitivity at `rates` false positives per image, linear between the points and flat beyond them.

    Left of the curve's first point the line starts at (0, 0). When components merge at a low threshold the false
    positives fall again; the best sensitivity at or below each rate counts. nan where there is no lesion.
    """
    rise = np.maximum.accumulate(curve.false_positives)
    best = np.maximum.accumulate(curve.sensitivity)
    return float(np.mean(np.interp(rates, np.append(0, rise), np.append(0, best))))
