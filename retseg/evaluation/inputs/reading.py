"""Read the pixels of predictions and truths, and tell masks from probability maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.layout import Part
from retseg.evaluation.inputs.parts import WHOLE, read_mask_part
from retseg.evaluation.inputs.predictions import Candidate
from retseg.evaluation.inputs.sources import Pixels, Source, SourceError
from retseg.metrics.counts import Mask

Kind = Literal["zero_one", "zero_255", "empty", "grey", "probability", "probability_16"]

MASK_KINDS = ("zero_one", "zero_255", "empty")

SCALES: Mapping[Kind, float] = {"grey": 255.0, "probability": 1.0, "probability_16": 65535.0}
"""The value that stands for a probability of 1. A mask that belongs to grey maps is read as a grey map."""


@dataclass(frozen=True)
class Reading:
    """A prediction whose kind is known.

    Attributes:
        source: where its pixels are.
        kind: how they are read.
    """

    source: Source
    kind: Kind

    def read_mask(self) -> Mask:
        """Bool (H, W), True where the lesion or vessel is predicted."""
        return np.asarray(self.source.read() != 0)

    def read_probability(self) -> NDArray[np.float32]:
        """Probability, float32, (H, W), in [0, 1]."""
        values = self.source.read()
        scale = SCALES[self.kind]
        if scale == 1.0:
            return values.astype(np.float32, copy=False)
        probability = values.astype(np.float32)
        probability /= np.float32(scale)
        return probability


def inspect(candidate: Candidate, grey_levels: bool) -> tuple[Kind, tuple[int, int]]:
    """Read a prediction once, and tell its kind and its (width, height).

    Args:
        candidate: the prediction.
        grey_levels: see `classify`.

    Raises:
        SourceError: it is unreadable, or neither a mask of {0, 1} or {0, 255} nor probabilities in [0, 1].
    """
    name, pixels = candidate.source.name, candidate.source.read()
    if pixels.size == 0:
        raise SourceError(f"{name} has no pixels")
    try:
        return classify(pixels, candidate.named_probability, grey_levels), (pixels.shape[1], pixels.shape[0])
    except SourceError as error:
        raise SourceError(f"{name} {error}") from error


def classify(pixels: Pixels, named_probability: bool, grey_levels: bool) -> Kind:
    """Tell masks from probabilities by the type and the values of the pixels.

    Args:
        pixels: (H, W) of any type.
        named_probability: whether the file is named as a map; this decides for a 16-bit map with low values only.
        grey_levels: 8-bit images with more than two values are maps of 256 levels, not errors.

    Raises:
        SourceError: the values are neither.
    """
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind == "f":
        if not (low >= 0 and high <= 1):  # also true for NaN
            raise SourceError(f"holds values from {low} to {high}: probabilities lie in [0, 1], without NaN")
        return "probability"
    if pixels.dtype == np.uint16 and (named_probability or high > 255 or high == 0):
        return "probability_16"
    if low == 0 and high == 0:
        return "empty"
    if low >= 0 and high == 1:
        return "zero_one"
    if low >= 0 and high == 255 and not np.logical_and(pixels > 0, pixels < 255).any():
        return "zero_255"
    if grey_levels and pixels.dtype == np.uint8:
        return "grey"
    values = np.unique(pixels)
    shown = ", ".join(map(str, values[:5])) + (" ..." if values.size > 5 else "")
    raise SourceError(f"holds the values {shown}: a mask is 0 and 1, or 0 and 255, a map 16-bit or float")


def read_truth(path: Path | None, size: tuple[int, int], part: Part = WHOLE) -> Mask:
    """The truth as bool (H, W); empty, of `size` (width, height), where there is no file.

    Raises:
        ImageError: the file is unreadable.
    """
    return np.zeros((size[1], size[0]), dtype=np.bool_) if path is None else np.asarray(read_mask_part(path, part) > 0)
