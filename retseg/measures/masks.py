"""Measure all masks of one image, in pixels, and in millimetres too where the size of a pixel is known."""

import importlib.util
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.image import Image
from retseg.measures.fractal import measure_fractals
from retseg.measures.landmarks import Landmarks, Point, find_landmarks
from retseg.measures.lesions import measure_lesions, measure_quadrants
from retseg.measures.quality import Quality, judge_quality, measure_quality
from retseg.measures.scale import find_scale
from retseg.measures.segments import measure_segments
from retseg.measures.skeleton import VesselTree, trace_vessels
from retseg.measures.structures import measure_landmarks, measure_structure
from retseg.measures.table import Row, tabulate, tabulate_field
from retseg.measures.vessels import measure_vessels
from retseg.measures.zones import ZONE_B, draw_zone, measure_central_calibres, measure_zones
from retseg.vocabulary import Modality

Mask = NDArray[np.bool_]

VESSELS = ("vessel", "artery", "vein")
DISC, CUP = "optic_disc", "optic_cup"
"""Tasks that are not lesions."""


class MeasureError(RetsegError):
    """Masks cannot be measured here; the message says what is missing."""


@dataclass(frozen=True)
class Known:
    """What is known of an image besides its pixels.

    Attributes:
        fovea: its position; None where it is to be found.
        degrees: that the longer side of the field of view shows; None where that is not known.
        modality: only photographs have landmarks.
    """

    fovea: Point | None = None
    degrees: float | None = None
    modality: Modality = "cfp"


@dataclass(frozen=True)
class Measures:
    """The measures of one image.

    Attributes:
        rows: task to its rows; `field_of_view`, the first, has the area of the field of view. All but
            `quality` are nan where there is none.
        warnings: one sentence each.
        landmarks: the optic disc and the fovea that the measures refer to.
        quality: of a photograph; None of other images.
    """

    rows: Mapping[str, tuple[Row, ...]]
    warnings: tuple[str, ...] = ()
    landmarks: Landmarks = field(default_factory=Landmarks)
    quality: Quality | None = None


def refuse_unmeasurable(tasks: Iterable[str]) -> None:
    """Refuse to measure vessels without scikit-image, which inference does not need.

    Raises:
        MeasureError: it is not installed.
    """
    if set(VESSELS) & set(tasks) and importlib.util.find_spec("skimage") is None:
        raise MeasureError("vessels are measured by scikit-image, which is missing: install `retseg[evaluate]`")


def measure_masks(image: Image, masks: Mapping[str, Mask], field_of_view: Mask, known: Known = Known()) -> Measures:
    """Measure every mask of an image; docs/measures.md defines each measure.

    Args:
        image: whose geometry gives the size of a pixel.
        masks: task to bool (H, W).
        field_of_view: bool (H, W).
        known: the fovea, the angle of the field of view, the kind of image.

    Raises:
        MeasureError: vessels are to be measured and scikit-image is not installed.
    """
    refuse_unmeasurable(masks)
    scale = find_scale(image.geometry, field_of_view, image.name, known.degrees)
    known, complaint = _check_fovea(image, known)
    landmarks = _find_landmarks(image, masks, field_of_view, known)
    rows = {"field_of_view": tabulate_field(int(np.count_nonzero(field_of_view)), scale.per_pixel)}
    if known.modality == "cfp":
        rows["landmarks"] = tabulate(measure_landmarks(landmarks), scale.per_pixel)
    trees = {task: trace_vessels(masks[task]) for task in VESSELS if task in masks}
    for task, mask in masks.items():
        if task in trees:
            found = _list_vessels(mask, trees[task], field_of_view, landmarks if known.modality == "cfp" else None)
        elif task in (DISC, CUP):
            found = (measure_structure(mask, masks.get(DISC) if task == CUP else None),)
        else:
            found = _list_lesions(mask, field_of_view, landmarks, known.modality == "cfp")
        rows[task] = tuple(row for measures in found for row in tabulate(measures, scale.per_pixel))
    if {"artery", "vein"} <= set(trees):
        pairs = [(masks[task], trees[task]) for task in ("artery", "vein")]
        zone = draw_zone(field_of_view, landmarks.disc, ZONE_B)
        calibres = measure_central_calibres(pairs[0], pairs[1], zone, landmarks.disc, scale.per_pixel)
        rows["arteries_and_veins"] = tabulate(calibres, scale.per_pixel)
    if not field_of_view.any():
        rows = {task: tuple(replace(row, value=math.nan) for row in found) for task, found in rows.items()}
    quality = None
    if known.modality == "cfp":
        quality = judge_quality(image.pixels, field_of_view, landmarks, masks.get("vessel"))
        rows["quality"] = tabulate(measure_quality(quality), scale.per_pixel)
    return Measures(rows, tuple(filter(None, (scale.warning, complaint))), landmarks, quality)


def _check_fovea(image: Image, known: Known) -> tuple[Known, str]:
    """What is known, without a fovea outside of the image, and a sentence about that; empty where it is inside."""
    width, height = image.geometry.size
    if known.fovea is None or (0 <= known.fovea[0] < width and 0 <= known.fovea[1] < height):
        return known, ""
    sentence = f"the fovea of {image.name} is outside the image, at {known.fovea}: no distance to it is given."
    return replace(known, fovea=(math.nan, math.nan)), sentence


def _find_landmarks(image: Image, masks: Mapping[str, Mask], field_of_view: Mask, known: Known) -> Landmarks:
    """The disc and the fovea of a photograph; a fovea that is given is believed."""
    if known.modality != "cfp":
        return Landmarks(fovea=known.fovea)
    found = find_landmarks(image.pixels, field_of_view, masks.get("vessel"), masks.get(DISC))
    if known.fovea is None:
        return found
    return replace(found, fovea=None if math.isnan(known.fovea[0]) else known.fovea)


def _list_vessels(mask: Mask, tree: VesselTree, field_of_view: Mask, landmarks: Landmarks | None) -> tuple[object, ...]:
    """All measures of a vessel mask; those of zones around the disc for photographs only."""
    found = (
        measure_vessels(mask, field_of_view, tree),
        measure_segments(mask, tree, field_of_view),
        measure_fractals(mask, field_of_view),
    )
    return found if landmarks is None else (*found, measure_zones(mask, tree, field_of_view, landmarks.disc))


def _list_lesions(mask: Mask, field_of_view: Mask, landmarks: Landmarks, photograph: bool) -> tuple[object, ...]:
    """All measures of lesions; the rows about the fovea of a photograph are there, but empty, where it is not found."""
    found = measure_lesions(mask, field_of_view, landmarks.fovea)
    if not photograph:
        return (found,)
    if landmarks.fovea is None:
        found = replace(found, centroid_distance=math.nan, edge_distance=math.nan)
    return found, measure_quadrants(mask, landmarks)
