"""The card of a model: `card.toml` beside the weights holds all that is needed to use, judge and remake it."""

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from retseg.files import replacing
from retseg.preprocessing import Framing, Preprocessing
from retseg.tiling import Tiling
from retseg.vocabulary import Modality, ViewRule, choose_view_rule

CARD_FORMAT = 1
"""The version of the card that this code writes and reads."""

PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""A file name that means the same everywhere, and no folder."""


@dataclass(frozen=True)
class NetworkSpec:
    """Which network the weights belong to: a name in `retseg.networks` and its arguments."""

    architecture: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Inference:
    """How the network is used.

    Attributes:
        flips: average the logits over the image and its mirror image (`horizontal`), over the image and all three
            mirror images (`mirror`), or not at all (`none`).
        tiling: how a large image is cut.
        scales: factors on the working diameter, rising. The network sees the image at each of them, and the logits are
            averaged. A photograph does not say how many degrees it shows, so vessels may be half or twice as wide.
        growth: how much of its size a larger photograph keeps: its working diameter is multiplied by
            (diameter in pixels / working diameter) ^ growth. 0 gives all photographs one diameter, 1 leaves them as
            they are. Photographs of more pixels show more degrees, or finer vessels.
    """

    flips: Literal["none", "horizontal", "mirror"] = "none"
    tiling: Tiling = field(default_factory=Tiling)
    scales: tuple[float, ...] = (1.0,)
    growth: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.growth <= 1:
            raise ValueError(f"growth lies from 0 to 1, found {self.growth:g}")
        rising = list(self.scales) == sorted(self.scales) and all(map(math.isfinite, self.scales))
        if not self.scales or not rising or self.scales[0] <= 0:
            raise ValueError(f"scales are rising positive factors, found {list(self.scales)}")


@dataclass(frozen=True)
class MaskRule:
    """How the probabilities of one task become a mask.

    Attributes:
        threshold: a pixel belongs to the mask from this probability on.
        minimum_component_size: connected parts (8-neighbours) of fewer pixels of the working scale are dropped.
    """

    threshold: float
    minimum_component_size: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"a threshold is a probability above 0 and up to 1, found {self.threshold:g}")
        if self.minimum_component_size < 0:
            raise ValueError(f"minimum_component_size is a number of pixels, found {self.minimum_component_size}")


@dataclass(frozen=True)
class Selection:
    """How a task's threshold was chosen: the score at each candidate, on predictions for held-out images."""

    rule: str
    thresholds: tuple[float, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class Training:
    """What the weights were made from.

    Attributes:
        recipe: its name in `train/recipes/`.
        commit: of this repository, when the card was written.
        seed: of every random choice.
        data: which images, as a sentence.
        terms: of use, of the images.
        images: name to SHA-256 of every image file, validation folds and those of `start` included.
        steps: optimiser steps in all.
        hours: wall-clock time of the training.
        machine: where it ran.
        size: (width, height) of every training image, in pixels; (0, 0) where they differ or it was not noted.
        start: the model whose weights initialised it, and the SHA-256 of their file then; none when empty.
        phantom: whether every image was drawn by this project, so that the model was trained on no real one.
    """

    recipe: str
    commit: str
    seed: int
    data: str
    terms: str
    images: dict[str, str]
    steps: int = 0
    hours: float = 0.0
    machine: str = ""
    size: tuple[int, int] = (0, 0)
    start: str = ""
    phantom: bool = False


@dataclass(frozen=True)
class Score:
    """One measured number: the metric's value with the 95 % interval of a bootstrap over images."""

    task: str
    metric: str
    value: float
    low: float
    high: float
    protocol: str


@dataclass(frozen=True)
class HeldOut:
    """One number on images that a network was not trained on: what a user can expect on other images.

    Attributes:
        task: that was scored; `any` where a number belongs to all tasks of the model together.
        way: `data set left out` (no image of that data set in training, threshold chosen without it), `out of fold`
            (other images of the same data sets in training) or `healthy eyes` (out of fold, no lesion to find).
        images: names of the data sets.
        count: how many images.
        metric: `f1`, `auc_roc`, `ap` and `ece` of the pixels of all fields of view together; `false_lesions` and
            `false_lesions_median`, an eye; `auc_roc_eyes`, the area under the ROC of the number of lesions found,
            between eyes with and without lesions.
        value, low, high: with the 95 % interval of a bootstrap over images.
    """

    task: str
    way: Literal["data set left out", "out of fold", "healthy eyes"]
    images: str
    count: int
    metric: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Candidate:
    """One of the networks that were compared for a task, and its score on the held-out images.

    Attributes:
        name: in the recipe.
        architecture: as in `NetworkSpec`.
        parameters: how many weights it has.
        task: for which it was compared.
        metric: that chose the best; measured at the candidate's own threshold and minimum component size.
        value, low, high: with the 95 % interval of a bootstrap over images.
        threshold, minimum_component_size: its own.
        steps, hours: of its training.
        chosen: whether the model has the weights of this candidate.
    """

    name: str
    architecture: str
    parameters: int
    task: str
    metric: str
    value: float
    low: float
    high: float
    threshold: float
    minimum_component_size: int
    steps: int
    hours: float
    chosen: bool


@dataclass(frozen=True)
class Origin:
    """Where a model comes from that other people made.

    Attributes:
        kind: what was adopted, such as `ONNX` or `state dict of smp:Unet`.
        files: name to SHA-256 of every file that was adopted.
        licence: of these files, as the user states it.
        agreement: the largest difference of a probability between the source and the `model.onnx` beside the card.
        notes: what was found, and what could not be tested.
    """

    kind: str
    files: dict[str, str]
    licence: str
    agreement: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """Everything about one model; its folder is `directory`.

    `field_of_view` says how it is found in an image; None stands for the default of the modality. `origin` is for
    models that other people made.
    """

    format: int
    name: str
    version: str
    modality: Modality
    tasks: dict[str, MaskRule]
    network: NetworkSpec
    preprocessing: Preprocessing
    inference: Inference
    training: Training
    files: dict[str, str]
    selection: dict[str, Selection] = field(default_factory=dict)
    score: tuple[Score, ...] = ()
    held_out: tuple[HeldOut, ...] = ()
    comparison: tuple[Candidate, ...] = ()
    framing: Framing = field(default_factory=Framing)
    field_of_view: ViewRule | None = None
    origin: Origin | None = None
    directory: Path = Path()

    def __post_init__(self) -> None:
        choose_view_rule(self.modality, self.field_of_view)
        if (self.inference.scales != (1.0,) or self.inference.growth) and not self.preprocessing.diameter:
            raise ValueError("scales and growth need a working diameter, and preprocessing.diameter is 0")
        strange = [name for name in self.files if not PLAIN_NAME.fullmatch(name) or name == "card.toml"]
        if strange:
            raise ValueError(f"files lists {strange[0]!r}, wanted are names of files beside the card, without a folder")

    @property
    def view_rule(self) -> ViewRule:
        """How the field of view is found in an image."""
        return choose_view_rule(self.modality, self.field_of_view)

    @property
    def unchosen(self) -> tuple[str, ...]:
        """The tasks of a model of other people whose thresholds were not chosen on data."""
        return tuple(task for task in self.tasks if self.origin is not None and task not in self.selection)

    @property
    def is_phantom(self) -> bool:
        """Whether the model was trained on drawn images only."""
        return self.training.phantom


def write_card(card: Card) -> None:
    """Write `card.toml` into the card's folder. Tables and keys with their default values are left out.

    Raises:
        OutputError: the folder cannot be written.
    """
    values = dataclasses.asdict(card)
    del values["directory"]
    if card.framing == Framing():
        del values["framing"]
    for key in ("field_of_view", "origin"):
        if values[key] is None:
            del values[key]
    for table in ("held_out", "comparison"):
        if not values[table]:
            del values[table]
    for key, nothing in (("scales", (1.0,)), ("growth", 0.0)):
        if values["inference"][key] == nothing:
            del values["inference"][key]
    if card.training.size == (0, 0):
        del values["training"]["size"]
    if not card.training.start:
        del values["training"]["start"]
    with replacing(card.directory / "card.toml") as beside:
        beside.write_text("\n".join(_table(values, "")) + "\n", encoding="utf-8")


def _table(values: Mapping[str, Any], prefix: str) -> list[str]:
    """The lines of one TOML table: plain keys first, then tables, then lists of tables."""
    lines = [f"{_key(key)} = {_value(value)}" for key, value in values.items() if not _is_table(value)]
    for key, value in values.items():
        path = f"{prefix}{_key(key)}"
        if isinstance(value, Mapping):
            lines += ["", f"[{path}]", *_table(value, f"{path}.")]
        elif isinstance(value, tuple | list) and _is_table(value):
            for item in value:
                lines += ["", f"[[{path}]]", *_table(item, f"{path}.")]
    return lines


def _is_table(value: Any) -> bool:
    rows = isinstance(value, tuple | list) and len(value) > 0 and all(isinstance(item, Mapping) for item in value)
    return rows or isinstance(value, Mapping)


def _key(key: str) -> str:
    return key if key.replace("_", "").replace("-", "").isalnum() and key.isascii() else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, float):
        return repr(round(value, 6) or value)
    return json.dumps(value, ensure_ascii=False)
