"""Count the lesions of one case in a table, and derive the lesion metrics of all cases together.

A table has one row for the mask, then one for each threshold of the FROC where there are probabilities. Its columns are
the lesions of the truth, those that are found, the false ones of the prediction, and the images: 1. Tables of several
cases add up. Images without a lesion count too, because the false lesions in healthy eyes matter.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import LESION_POOL
from retseg.metrics.counts import Mask
from retseg.metrics.derived import divide
from retseg.metrics.lesions import Froc, count_lesions, count_lesions_at, froc, froc_score

Floats = NDArray[np.float64]
Table = NDArray[np.int64]

FROC_THRESHOLDS: Floats = np.arange(1, 20) / 20


def count_lesion_table(
    mask: Mask, probability: NDArray[np.float32] | None, truth: Mask, region: Mask | None, wanted: Collection[str]
) -> Table | None:
    """The table of one case, inside the region; None where no metric of `LESION_POOL` is wanted.

    Args:
        mask: bool (H, W), predicted.
        probability: float32 (H, W), or None where there is only a mask.
        truth: bool (H, W).
        region: bool (H, W), or None for the whole frame.
        wanted: names of metrics. The thresholds are counted only where `froc` is among them, because they are slow.

    Returns:
        int64, (1, 4) or (1 + thresholds, 4).
    """
    if not set(LESION_POOL) & set(wanted):
        return None
    if region is not None:
        mask, truth = mask & region, truth & region
        probability = None if probability is None else np.where(region, probability, np.float32(0))
    counts = [count_lesions(mask, truth)]
    if probability is not None and "froc" in wanted:
        counts += count_lesions_at(probability, truth, FROC_THRESHOLDS)
    return np.stack([each.as_row() for each in counts])


def derive_lesions(metric: str, table: NDArray[np.integer] | Floats) -> Floats:
    """A metric of `LESION_POOL` of each summed table (..., rows, 4): (...), nan where it is undefined."""
    tables = np.asarray(table, dtype=np.float64)
    if metric == "lesions_found":
        return divide(tables[..., 0, 1], tables[..., 0, 0])
    if metric == "false_lesions_per_image":
        return divide(tables[..., 0, 2], tables[..., 0, 3])
    if tables.shape[-2] == 1:
        return np.full(tables.shape[:-2], np.nan)
    flat = tables.reshape(-1, *tables.shape[-2:])
    return np.array([froc_score(draw_froc(each)) for each in flat]).reshape(tables.shape[:-2])


def draw_froc(table: NDArray[np.integer] | Floats) -> Froc:
    """The FROC of a summed table (1 + thresholds, 4)."""
    return froc(np.asarray(table)[1:], FROC_THRESHOLDS)
