"""A recipe is one TOML file that says everything that makes a model; this reads it, strictly."""

import dataclasses
import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from retseg.declaration import DeclarationError, declare, nearest, read_toml
from retseg.models import Inference, Network
from retseg.preprocessing import Preprocessing
from retseg.vocabulary import Modality

RECIPES_DIRECTORY = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Source:
    """Images to train on.

    Attributes:
        folder: of the official download, in the folder of data sets.
        challenge: whose `[[ground_truth]]` layouts and splits it follows; `fundus` also reads a plain folder with
            `images/`, `masks/` and, where there is one, `fov/`.
        split: of the challenge.
        cases: patterns of the names that are used where no split is named.
        patient: a regular expression whose first group is the patient in the name of an image; without one, each
            image is a patient's only one.
    """

    folder: str
    challenge: str
    split: str = ""
    cases: tuple[str, ...] = ("*",)
    patient: str = ""


@dataclass(frozen=True)
class Sampling:
    """How patches are drawn.

    Attributes:
        patch: side of a patch, in pixels of the working scale.
        batch: patches per step and device.
        margin: a window `margin` times the patch is cut, so that rotations do not see its border.
        positive_share: this share of the patches is centred on a pixel of a random task; the rest lie anywhere in
            the field of view.
    """

    patch: int = 256
    batch: int = 4
    margin: float = 1.4
    positive_share: float = 0.0


@dataclass(frozen=True)
class Transform:
    """One transform of albumentations, by name, with its arguments."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loss:
    """A loss by its name in `train.losses`, with its arguments."""

    name: str = "bce_dice"
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """One stretch of training with one loss, one optimiser and one schedule.

    Attributes:
        steps: optimiser steps.
        optimiser: its name; `momentum` is SGD's, `weight_decay` everybody's.
        rate: the highest learning rate.
        schedule: how the rate falls from there; `milestones` are shares of the stage, `decay` the factor at each.
        final_rate: where `cosine` and `polynomial` end, as a share of `rate`.
        warm_up: share of the stage in which the rate climbs from zero.
        clip: the largest norm of the gradient; 0 for no limit.
        accumulate: batches per step.
        outputs: the weights of the losses of a network's side outputs, in the words of `DeepSupervision`.
        average: decay of the exponential moving average of the weights, which is what is kept; 0 for none.
    """

    steps: int
    rate: float
    loss: Loss = field(default_factory=Loss)
    optimiser: Literal["sgd", "adam", "adamw"] = "adamw"
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "polynomial", "steps"] = "cosine"
    milestones: tuple[float, ...] = ()
    decay: float = 0.1
    final_rate: float = 0.0
    warm_up: float = 0.0
    clip: float = 0.0
    accumulate: int = 1
    outputs: Literal["sum", "mean", "halving"] = "sum"
    average: float = 0.0


@dataclass(frozen=True)
class Selection:
    """How thresholds are chosen on out-of-fold predictions: by the Dice of pooled pixels, or the mean over images."""

    rule: Literal["pooled_dice", "mean_dice"] = "mean_dice"


@dataclass(frozen=True)
class Recipe:
    """Everything that makes a model.

    Attributes:
        name: of the recipe and of the model.
        data: what the model was made from, in words; `terms` of use of the images.
        folds: a network is trained per fold, on the other folds' images, and the model is the mean of all of them.
        round: optimiser steps between two checkpoints, log lines and validations.
        precision: of the arithmetic, in Lightning Fabric's words.
        variants: named sets of changes, chosen by `--set width=NAME`.
    """

    name: str
    title: str
    modality: Modality
    tasks: tuple[str, ...]
    data: str
    terms: str
    source: tuple[Source, ...]
    network: Network
    stage: tuple[Stage, ...]
    folds: int = 4
    seed: int = 0
    round: int = 200
    precision: Literal["bf16-mixed", "16-mixed", "32-true"] = "bf16-mixed"
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    sampling: Sampling = field(default_factory=Sampling)
    augmentation: tuple[Transform, ...] = ()
    inference: Inference = field(default_factory=Inference)
    selection: Selection = field(default_factory=Selection)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Optimiser steps of all stages."""
        return sum(stage.steps for stage in self.stage)

    @property
    def essence(self) -> str:
        """What must not change between the start of a run and its resumption: all that shapes the weights."""
        values = dataclasses.asdict(self)
        passing = ("name", "title", "data", "terms", "round", "inference", "selection", "variants")
        return json.dumps({key: value for key, value in values.items() if key not in passing}, sort_keys=True)


def list_recipes(directory: Path = RECIPES_DIRECTORY) -> tuple[str, ...]:
    """The names of the recipes at hand, sorted."""
    return tuple(sorted(path.stem for path in directory.glob("*.toml")))


def load_recipe(name: str, changes: Sequence[str] = (), directory: Path = RECIPES_DIRECTORY) -> Recipe:
    """Read a recipe by name and apply changes.

    Args:
        name: of the file in `directory`.
        changes: `KEY=VALUE` each; a key is dotted (`stage.0.steps=100`), a value is TOML or a bare word, and
            `width=NAME` applies the recipe's variant of that name.
        directory: of the recipes.

    Raises:
        DeclarationError: there is no such recipe, or a key is not one of a recipe's.
    """
    known = list_recipes(directory)
    if name not in known:
        raise DeclarationError(f"there is no recipe '{name}'{nearest(name, known)}")
    path = directory / f"{name}.toml"
    values = {"name": name, **read_toml(path)}
    for change in changes:
        key, found, text = change.partition("=")
        if not found:
            raise DeclarationError(f"--set {change}: wanted KEY=VALUE")
        if key == "width":
            variants = values.get("variants", {})
            if text not in variants:
                raise DeclarationError(f"--set {change}: {path} has no such variant{nearest(text, variants)}")
            for dotted, value in variants[text].items():
                _assign(values, dotted, value, f"{path} [variants.{text}]")
        else:
            _assign(values, key, _parse(text), f"--set {change}")
    return declare(Recipe, values, str(path))


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _assign(values: dict[str, Any], dotted: str, value: Any, where: str) -> None:
    *parents, last = dotted.split(".")
    table: Any = values
    for parent in parents:
        if isinstance(table, list):
            if not parent.isdigit() or int(parent) >= len(table):
                raise DeclarationError(f"{where}: '{parent}' of '{dotted}' is not one of 0 to {len(table) - 1}")
            table = table[int(parent)]
        elif isinstance(table, dict):
            table = table.setdefault(parent, {})
        else:
            raise DeclarationError(f"{where}: '{parent}' of '{dotted}' is not a table")
    if not isinstance(table, dict):
        raise DeclarationError(f"{where}: '{parents[-1]}' of '{dotted}' is not a table")
    table[last] = value
