"""Measure the masks that the page shows, at the thresholds that its user chose."""

import math
from collections.abc import Mapping
from typing import Any

from retseg.measures import Known, MeasureError, Row, measure_masks, refuse_unmeasurable
from retseg.view.desk import DeskError, Photograph
from retseg.view.levels import cut_masks


def measure_photograph(photograph: Photograph, cuts: Mapping[str, int]) -> dict[str, Any]:
    """The rows and the warnings of the measures, and a sentence on the quality, as JSON writes them.

    Vessels are left out, with a warning, where scikit-image is not installed.

    Args:
        photograph: whose tasks are measured.
        cuts: task to the smallest level that belongs to its mask; these tasks are measured.

    Raises:
        DeskError: no model is done with it.
    """
    if photograph.image is None or photograph.region is None:
        raise DeskError(f"{photograph.name} is not segmented yet")
    levels = {task: photograph.levels[task] for task in cuts}
    masks = cut_masks(levels, cuts, photograph.smallest)
    warnings: tuple[str, ...] = ()
    try:
        refuse_unmeasurable(masks)
    except MeasureError as error:
        warnings = (f"{error}.",)
        masks = {task: mask for task, mask in masks.items() if task != "vessel"}
    measures = measure_masks(photograph.image, masks, photograph.region, Known(modality=photograph.modality))
    rows = [describe_row(task, row) for task, found in measures.rows.items() for row in found]
    quality = measures.quality.sentence if measures.quality else ""
    return {"rows": rows, "warnings": [*warnings, *measures.warnings], "quality": quality}


def describe_row(task: str, row: Row) -> dict[str, str]:
    """One number, with the digits that `retseg predict --measure` writes."""
    whole = isinstance(row.value, int)
    value = str(row.value) if whole else "" if math.isnan(row.value) else f"{row.value:.6g}"
    return {"task": task, "measure": row.measure, "value": value, "unit": row.unit}
