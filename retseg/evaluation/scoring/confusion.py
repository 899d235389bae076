"""Metrics of confusion counts under a protocol: its smoothing, its rule for an empty truth, and its pooling.

Every function takes a table (..., 4) of rows tp, fp, fn, tn, so that one image, all images, and all images at many
thresholds are scored by the same rules.
"""

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import EmptyTruth, Protocol
from retseg.metrics.derived import DERIVED

Table = NDArray[np.integer] | NDArray[np.float64]
Floats = NDArray[np.float64]

NEEDS_TRUTH = ("sensitivity", "mcc", "kappa", "balanced_accuracy")
"""Metrics that have no value if the truth is empty, whatever the rule."""

OVERLAPS = ("dice", "iou", "f1", "mean_iou", "precision")
"""Metrics whose value depends on the rule if the truth is empty."""


def derive_metric(metric: str, table: Table, smoothing: float = 0.0) -> Floats:
    """A metric of `DERIVED` for each row: (...), nan where it is undefined.

    Args:
        metric: its name.
        table: (..., 4) counts tp, fp, fn, tn.
        smoothing: added to numerator and denominator of Dice and IoU.
    """
    if not smoothing or metric not in ("dice", "iou"):
        return DERIVED[metric].over(table)
    tp, fp, fn, _ = np.moveaxis(np.asarray(table, dtype=np.float64), -1, 0)
    weight = 2 if metric == "dice" else 1
    return np.asarray((weight * tp + smoothing) / (weight * tp + fp + fn + smoothing))


def score_empty_truth(metric: str, table: Table, rule: EmptyTruth) -> Floats:
    """A metric of `DERIVED` for rows whose truth is empty, by the rule of a protocol: (...).

    Under `one` and `zero`, Dice, IoU and F1 are 1 or 0, and the mean IoU is the mean of that and of the background's
    IoU. Precision is 0 where anything is predicted. Under the other rules these metrics are undefined: nan.

    Args:
        metric: its name.
        table: (..., 4) counts with tp = fn = 0.
        rule: see `Protocol.empty_truth`.
    """
    values = DERIVED[metric].over(table)
    if metric in NEEDS_TRUTH or (metric in OVERLAPS and rule not in ("one", "zero")):
        return np.full_like(values, np.nan)
    if metric not in OVERLAPS or metric == "precision":
        return values
    overlap = np.where(np.asarray(table)[..., 1] == 0, float(rule == "one"), 0.0)
    return (overlap + DERIVED["specificity"].over(table)) / 2 if metric == "mean_iou" else overlap


def score_with_protocol(metric: str, table: Table, protocol: Protocol) -> Floats:
    """One number for all images, by the pooling of a protocol and its rule for an empty truth.

    Args:
        metric: a metric of `DERIVED`.
        table: (images, ..., 4) counts tp, fp, fn, tn; the axes between may be thresholds or component sizes.
        protocol: `pooling`, `empty_truth` and `smoothing` are used.

    Returns:
        (...) the metric of the pooled counts, or the mean over the images that have a value; nan where none has.
    """
    counts = np.asarray(table, dtype=np.float64)
    empty = counts[..., 0] + counts[..., 2] == 0
    if protocol.pooling == "pooled":
        kept = counts if protocol.empty_truth == "count" else np.where(empty[..., None], 0, counts)
        return derive_metric(metric, kept.sum(axis=0), protocol.smoothing)
    values = np.where(
        empty,
        score_empty_truth(metric, counts, protocol.empty_truth),
        derive_metric(metric, counts, protocol.smoothing),
    )
    present = np.isfinite(values)
    total = np.where(present, values, 0).sum(axis=0)
    return np.where(present.any(axis=0), total / np.maximum(present.sum(axis=0), 1), np.nan)
