"""Confusion counts of one image: Dice, accuracy and similar metrics need nothing else."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

BLOCK = 1 << 18  # pixels per pass: the intermediate masks fit into the cache of the processor


@dataclass(frozen=True)
class Counts:
    """Pixels by truth and prediction; counts of several images add up to their pooled counts."""

    tp: int
    fp: int
    fn: int
    tn: int

    def __add__(self, other: Self) -> "Counts":
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    def as_row(self) -> NDArray[np.int64]:
        """The (4,) row tp, fp, fn, tn of a table of counts, as `derived` and `resampling` read them."""
        return np.array([self.tp, self.fp, self.fn, self.tn], dtype=np.int64)


def count_confusion(prediction: Mask, truth: Mask, region: Mask | None = None) -> Counts:
    """Count the pixels of `region` (everywhere when None) by truth and prediction.

    All three are bool arrays of one shape, as a rule (H, W).

    Raises:
        ValueError: an array is not bool, or the shapes differ.
    """
    check_masks(prediction=prediction, truth=truth, region=region)
    predicted, true = prediction.reshape(-1), truth.reshape(-1)
    inside = None if region is None else region.reshape(-1)
    both = positive = actual = total = 0
    for start in range(0, predicted.size, BLOCK):
        block = slice(start, start + BLOCK)
        marked, lesion = predicted[block], true[block]
        if inside is not None:
            here = inside[block]
            marked, lesion = marked & here, lesion & here
            total += int(np.count_nonzero(here))
        both += int(np.count_nonzero(marked & lesion))
        positive += int(np.count_nonzero(marked))
        actual += int(np.count_nonzero(lesion))
    total = predicted.size if inside is None else total
    return Counts(tp=both, fp=positive - both, fn=actual - both, tn=total - positive - actual + both)


def check_masks(**masks: Mask | None) -> None:
    """Refuse masks that are not bool or not of one shape; None is left out.

    Raises:
        ValueError: names the offending argument.
    """
    shapes = {}
    for name, mask in masks.items():
        if mask is None:
            continue
        if mask.dtype != np.bool_:
            raise ValueError(f"{name} is of type {mask.dtype}, not bool: compare it with a value, as in `mask > 0`")
        shapes[name] = mask.shape
    if len(set(shapes.values())) > 1:
        raise ValueError(f"the shapes differ: {shapes}; bring the masks to one grid before counting")
