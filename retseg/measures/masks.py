"""Measure all masks of one image, in pixels, and in millimetres too where the size of a pixel is known."""

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.image import Image
from retseg.measures.lesions import measure_lesions
from retseg.measures.scale import find_scale
from retseg.measures.table import Row, tabulate, tabulate_field
from retseg.measures.vessels import measure_vessels

Point = tuple[float, float]
"""x and y in pixels; (0, 0) is the centre of the first pixel."""


class MeasureError(RetsegError):
    """Masks cannot be measured here; the message says what is missing."""


@dataclass(frozen=True)
class Measures:
    """The measures of one image.

    Attributes:
        rows: task to its rows; `field_of_view`, the first, has the area of the field of view.
        warnings: one sentence each.
    """

    rows: Mapping[str, tuple[Row, ...]]
    warnings: tuple[str, ...] = ()


def refuse_unmeasurable(tasks: Iterable[str]) -> None:
    """Refuse to measure vessels without scikit-image, which inference does not need.

    Raises:
        MeasureError: it is not installed.
    """
    if "vessel" in tasks and importlib.util.find_spec("skimage") is None:
        raise MeasureError("vessels are measured by scikit-image, which is missing: install `retseg[evaluate]`")


def measure_masks(
    image: Image,
    masks: Mapping[str, NDArray[np.bool_]],
    field_of_view: NDArray[np.bool_],
    fovea: Point | None = None,
) -> Measures:
    """Measure every mask of an image; docs/measures.md defines each measure.

    Args:
        image: whose geometry gives the size of a pixel.
        masks: task to bool (H, W).
        field_of_view: bool (H, W).
        fovea: its position, where it is known; lesions then have a distance to it.

    Raises:
        MeasureError: vessels are to be measured and scikit-image is not installed.
    """
    refuse_unmeasurable(masks)
    scale = find_scale(image.geometry, field_of_view, image.name)
    warnings = [scale.warning] if scale.warning else []
    width, height = image.geometry.size
    if fovea is not None and not (0 <= fovea[0] < width and 0 <= fovea[1] < height):
        warnings.append(f"the fovea of {image.name} is outside the image, at {fovea}: no distance to it is given.")
        fovea = None
    rows = {"field_of_view": tabulate_field(int(np.count_nonzero(field_of_view)), scale.per_pixel)}
    for task, mask in masks.items():
        vessels = task == "vessel"
        measures = measure_vessels(mask, field_of_view) if vessels else measure_lesions(mask, field_of_view, fovea)
        rows[task] = tabulate(measures, scale.per_pixel)
    return Measures(rows, tuple(warnings))
