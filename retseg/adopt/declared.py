"""What is said of a foreign network: what it sees, and what its outputs mean."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retseg.adopt.error import AdoptError
from retseg.models import Inference
from retseg.preprocessing import CAFFE_MEAN, IMAGENET_MEAN, IMAGENET_SD, Channels, Framing, Preprocessing
from retseg.toml_schema import nearest
from retseg.vocabulary import Modality, ViewRule

Activation = Literal["sigmoid", "softmax"]

DYNAMIC = ("field_of_view", "image")
"""Normalisations whose numbers follow from each image."""

CONSTANT: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "none": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": (tuple(IMAGENET_MEAN.tolist()), tuple(IMAGENET_SD.tolist())),
    "caffe": (tuple((CAFFE_MEAN / 255).tolist()), (1 / 255, 1 / 255, 1 / 255)),
}
"""Mean and deviation of red, green and blue, where pixels lie from 0 to 1: what is subtracted, what is divided by."""

NORMALISATIONS = (*CONSTANT, *DYNAMIC)


@dataclass(frozen=True)
class Standard:
    """How pixels are standardised, in the order of the network's channels, where pixels lie from 0 to 1.

    Attributes:
        name: one of `NORMALISATIONS`, or `own`.
        mean, deviation: of each channel; 0 and 1 for those that follow from each image.
    """

    name: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def is_dynamic(self) -> bool:
        """Whether the numbers follow from each image; then they are no part of the graph."""
        return self.name in DYNAMIC


def make_standard(name: str, channels: Channels) -> Standard:
    """The normalisation of that name, for the channels that the network sees.

    Raises:
        AdoptError: the name is not known.
    """
    if name not in NORMALISATIONS:
        raise AdoptError(f"there is no normalisation '{name}'{nearest(name, NORMALISATIONS)}")
    count = 3 if channels in ("rgb", "bgr") else 1
    if name in DYNAMIC:
        return Standard(name, (0.0,) * count, (1.0,) * count)
    chosen = {"rgb": (0, 1, 2), "bgr": (2, 1, 0), "green": (1,), "grey": (1,)}[channels]
    mean, deviation = CONSTANT[name]
    return Standard(name, tuple(mean[k] for k in chosen), tuple(deviation[k] for k in chosen))


@dataclass(frozen=True)
class Readout:
    """What the outputs of a network mean.

    Attributes:
        classes: task to the numbers of the outputs that show it, from 0.
        activation: `sigmoid`, each output for itself; `softmax`, the outputs of a pixel compete.
        count: how many outputs there are for a pixel.
        inside: whether the network applies the activation itself, so that its outputs are probabilities.
    """

    classes: dict[str, tuple[int, ...]]
    activation: Activation
    count: int
    inside: bool = False

    def to_probabilities(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """The probabilities of the tasks from what a network gives: (classes, H, W) to (tasks, H, W)."""
        values = scores.astype(np.float64)
        if not self.inside and self.activation == "softmax":
            values = np.exp(values - values.max(axis=0))
            values /= values.sum(axis=0)
        elif not self.inside:
            values = 1 / (1 + np.exp(-np.clip(values, -60, 60)))
        join = np.sum if self.activation == "softmax" else np.max
        return np.stack([join(values[list(chosen)], axis=0) for chosen in self.classes.values()])


@dataclass(frozen=True)
class Declared:
    """All that is said of a network, by the user or by its files.

    Attributes:
        channels: that it sees, in their order.
        standard: how pixels are standardised.
        readout: what its outputs mean.
        diameter: the longer side of what it sees, in pixels; 0 for images at their own scale.
        framing: what part of an image it sees.
        inference: flips and tiles.
        scalable: whether the network takes images of other sizes.
        modality, field_of_view: the kind of image, and how its field of view is found.
    """

    channels: Channels
    standard: Standard
    readout: Readout
    diameter: int = 0
    framing: Framing = field(default_factory=lambda: Framing("frame"))
    inference: Inference = field(default_factory=Inference)
    scalable: bool = True
    modality: Modality = "cfp"
    field_of_view: ViewRule | None = None

    @property
    def preprocessing(self) -> Preprocessing:
        """The part that is done before the graph; constant numbers are in the graph."""
        normalise: Literal["field_of_view", "image", "unit"] = "unit"
        if self.standard.name == "field_of_view":
            normalise = "field_of_view"
        elif self.standard.name == "image":
            normalise = "image"
        return Preprocessing(self.channels, normalise, self.diameter)

    def with_multiple(self, multiple: int) -> "Declared":
        """The same, with tiles whose sides are multiples of a number of pixels."""
        tiling = self.inference.tiling
        size = -(-tiling.size // multiple) * multiple
        return replace(self, inference=replace(self.inference, tiling=replace(tiling, multiple=multiple, size=size)))
