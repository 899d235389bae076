"""A recipe is one TOML file that says everything that makes a model; these are its tables."""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from retseg.models import Inference, NetworkSpec
from retseg.preprocessing import Framing, Preprocessing
from retseg.toml_schema import SchemaError, nearest
from retseg.vocabulary import Modality
from train.config.stage import Stage


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
        with_lesion: leave out images that come without a mask of one of the tasks.
        optional: go on without it where the folder or the truth of all its images is absent; for tests only.
        healthy: the eyes have no lesion of any task: every truth is empty, and no mask is read.
    """

    folder: str
    challenge: str
    split: str = ""
    cases: tuple[str, ...] = ("*",)
    patient: str = ""
    with_lesion: bool = False
    optional: bool = False
    healthy: bool = False


@dataclass(frozen=True)
class Supplement:
    """Images with a truth for some of the tasks only: trained on, never held out, never scored.

    Attributes:
        folder: in the folder of data sets.
        challenge: whose layouts it follows, as in `Source`.
        tasks: that it has a truth for; nothing is learnt of the others there.
        eyes: the folder of a source whose image of the same name shows the same eye: while that one is held out, the
            image here is not trained on.
        diameter: the longer side of the region that is seen, in pixels after resizing, so that its scale is that of the
            sources; 0 where it is.
        grey_masks: masks are grey at the borders of lesions, and cut above 127; otherwise only two values will do.
        split: of the challenge; all images when empty.
        healthy: the eyes have no lesion of `tasks`: every truth is empty, and no mask is read.
    """

    folder: str
    challenge: str
    tasks: tuple[str, ...]
    eyes: str = ""
    diameter: int = 0
    grey_masks: bool = False
    split: str = ""
    healthy: bool = False


@dataclass(frozen=True)
class Tiles:
    """Images cut into tiles before they are dealt onto folds.

    Attributes:
        side: of a tile in pixels; what does not fill a tile at the border is left out. 0 keeps images whole.
        copies: of each tile, up to eight, each turned or mirrored in its own way.
        parted: deal single tiles and copies instead of patients, so that parts of one eye are on both sides of the
            split: a leak, for showing what it does to a score.
    """

    side: int = 0
    copies: int = 1
    parted: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.copies <= 8 or (not self.side and (self.copies > 1 or self.parted)):
            raise ValueError(
                f"tiles come in 1 to 8 copies and need a side, found side {self.side}, {self.copies} copies"
            )


@dataclass(frozen=True)
class Sampling:
    """How patches are drawn.

    Attributes:
        patch: side of a patch, in pixels of the working scale.
        batch: patches per step and device.
        margin: a window `margin` times the patch is cut, so that rotations do not see its border.
        positive_share: this share of the patches has a pixel of a random task in its middle half; the rest lie
            anywhere in the field of view.
        place: `random`, as above; or `whole`: a patch is centred on an image, so that a large one holds all of it.
    """

    patch: int = 256
    batch: int = 4
    margin: float = 1.4
    positive_share: float = 0.0
    place: Literal["random", "whole"] = "random"


@dataclass(frozen=True)
class Tone:
    """Random tone curves, as cameras differ in them: 255 x gain x (value / 255) ^ gamma, cut at 255.

    The curve is applied to a patch and to the brightness of its whole image, so that a patch is standardised as a
    photograph of that other camera would be.

    Attributes:
        gamma: range of the exponent, which all channels share; drawn uniformly on a log scale.
        gain: range of the factor of each channel; drawn uniformly on a log scale.
    """

    gamma: tuple[float, float] = (1.0, 1.0)
    gain: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if not (0 < self.gamma[0] <= self.gamma[1] and 0 < self.gain[0] <= self.gain[1]):
            raise ValueError(f"gamma and gain are ranges of positive numbers, found {self.gamma} and {self.gain}")


@dataclass(frozen=True)
class Transform:
    """One transform of albumentations, by name, with its arguments."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """How thresholds are chosen on out-of-fold predictions.

    Attributes:
        rule: by the Dice of pooled pixels; by the mean over data sets of their pooled Dice; or by the mean over images,
            where finding nothing in an image without the lesion counts 1 and finding anything 0.
        minimum_areas: to choose from, in pixels of the working scale: smaller connected parts are dropped from a mask.
        false_lesions: the most lesions that a healthy eye may show on average; among the thresholds and areas that keep
            to it, the rule chooses. Needs a healthy source. None for no limit.
    """

    rule: Literal["pooled_dice", "data_set_dice", "mean_dice"] = "mean_dice"
    minimum_areas: tuple[int, ...] = (0,)
    false_lesions: float | None = None


@dataclass(frozen=True)
class Recipe:
    """Everything that makes a model.

    Attributes:
        name: of the recipe and of the model.
        data: what the model was made from, in words; `terms` of use of the images.
        phantom: whether all images were drawn by this project.
        folds: a network is trained per fold, on the other folds' images; the model is the mean of all of them, unless
            there is a `refit`.
        parted_by: what a fold holds out: some patients of every data set, or one whole data set of `source`.
        round: optimiser steps between two checkpoints, log lines and validations.
        precision: of the arithmetic, in Lightning Fabric's words.
        variants: named sets of changes, chosen by `--set width=NAME`.
        supplement: images that only add to the training of some tasks.
        candidates: variants that `python -m train.select` trains, to keep the best of them.
        framing: what part of an image the network sees; masks are cut at one half where it has a size. Scores are
            always taken at the image's own size.
        tiles: that images are cut into beforehand.
        held_out: whether `each` fold is held out in turn, or only the `first`, so that one network is trained.
        refit: one more network is trained on all images, this many times as long as a fold's, and is the model; the
            folds give its threshold and its scores. 0 makes the mean of the folds' networks the model.
        encoder: a file of weights for the network's encoder, named by the user; none when empty.
        start: folders of models of this repository. A network begins with the weights of the first that was trained on
            none of the images that the network holds out, but for the modules of its tasks. The training images of that
            model count as this model's. Random weights when empty; several need a `refit`, which begins as the first.
        test: images that are scored at the end and never trained on; needs `folds = 1`.
        protocols: by which `--results` scores the test, or the folds that were held out, and by which the card does.
        family: of recipes that `--list` shows together; empty for the models that are shipped.
        variant: which `variants` were chosen, joined by `+`; `paper` for none.
    """

    name: str
    title: str
    modality: Modality
    tasks: tuple[str, ...]
    data: str
    terms: str
    source: tuple[Source, ...]
    network: NetworkSpec
    stage: tuple[Stage, ...]
    folds: int = 4
    phantom: bool = False
    seed: int = 0
    round: int = 200
    precision: Literal["bf16-mixed", "16-mixed", "32-true"] = "bf16-mixed"
    parted_by: Literal["patient", "data_set"] = "patient"
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    sampling: Sampling = field(default_factory=Sampling)
    tone: Tone = field(default_factory=Tone)
    augmentation: tuple[Transform, ...] = ()
    inference: Inference = field(default_factory=Inference)
    selection: Selection = field(default_factory=Selection)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    supplement: tuple[Supplement, ...] = ()
    framing: Framing = field(default_factory=Framing)
    tiles: Tiles = field(default_factory=Tiles)
    held_out: Literal["each", "first"] = "each"
    refit: float = 0.0
    encoder: str = ""
    start: tuple[str, ...] = ()
    test: tuple[Source, ...] = ()
    protocols: tuple[str, ...] = ()
    family: str = ""
    variant: str = "paper"

    def __post_init__(self) -> None:
        if self.test and self.folds != 1:
            raise SchemaError(f"the recipe '{self.name}' has a test, so it needs folds = 1, not {self.folds}")
        self._check_refit()
        self._check_healthy()
        if self.parted_by == "data_set" and self.folds != len(self.source):
            raise SchemaError(
                f"the recipe '{self.name}' holds out one data set at a time: it needs folds = {len(self.source)}, one "
                f"for each source, not {self.folds}"
            )
        if self.tiles.side and (self.framing != Framing("frame") or self.preprocessing.diameter):
            raise SchemaError(f"the recipe '{self.name}' cuts tiles: it needs framing.region = 'frame' unresized")
        if self.framing.size and self.preprocessing.diameter:
            raise SchemaError(f"the recipe '{self.name}' has a framing.size and a diameter: leave one of them out")
        for supplement in self.supplement:
            folders = [source.folder for source in self.source]
            if supplement.eyes and supplement.eyes not in folders:
                raise SchemaError(
                    f"the recipe '{self.name}' has no source '{supplement.eyes}'{nearest(supplement.eyes, folders)}"
                )
            for task in supplement.tasks:
                if task not in self.tasks:
                    raise SchemaError(f"the recipe '{self.name}' has no task '{task}'{nearest(task, self.tasks)}")
        for name in self.candidates:
            if name not in self.variants:
                raise SchemaError(
                    f"the recipe '{self.name}' has no variant '{name}' for a candidate{nearest(name, self.variants)}"
                )
        self._check_start()
        if any(source.optional for source in self.source):
            raise SchemaError(f"the recipe '{self.name}' calls a source of training images optional")

    def _check_healthy(self) -> None:
        healthy = [source.folder for source in self.source if source.healthy]
        limited = self.selection.false_lesions is not None
        if bool(healthy) != limited:
            found = f"the healthy sources {', '.join(healthy)}" if healthy else "no healthy source"
            raise SchemaError(
                f"the recipe '{self.name}' has {found} and {'a' if limited else 'no'} limit selection.false_lesions: "
                "give both or none"
            )

    def _check_start(self) -> None:
        if self.start and self.encoder:
            raise SchemaError(f"the recipe '{self.name}' has a start and an encoder: leave one of them out")
        if len(self.start) > 1 and not self.refit:
            raise SchemaError(
                f"the recipe '{self.name}' has several starts, which needs a refit: leave all but one out"
            )

    def _check_refit(self) -> None:
        if self.refit < 0 or (self.refit and self.folds == 1):
            raise SchemaError(
                f"the recipe '{self.name}' has refit = {self.refit:g}: it takes a number from 0 up, and folds above 1 "
                "to choose thresholds on"
            )
        if self.refit and self.candidates:
            raise SchemaError(f"the recipe '{self.name}' ships its best candidate as it was compared: leave out refit")
        if self.refit and not all(round(stage.steps * self.refit) for stage in self.stage):
            raise SchemaError(
                f"the recipe '{self.name}' has refit = {self.refit:g}, which leaves a stage without steps"
            )

    @property
    def steps(self) -> int:
        """Optimiser steps of all stages."""
        return sum(stage.steps for stage in self.stage)

    @property
    def networks(self) -> int:
        """How many networks are trained with images held out."""
        return self.folds if self.held_out == "each" else 1

    @property
    def network_names(self) -> tuple[str, ...]:
        """Of all networks that are trained, in their order: `fold-0` and so on, then `all` for the one of `refit`."""
        return (*(f"fold-{number}" for number in range(self.networks)), *(("all",) if self.refit else ()))

    @property
    def refitted(self) -> "Recipe":
        """The recipe of the network that is trained on all images: its stages are `refit` times as long."""
        stages = tuple(dataclasses.replace(stage, steps=round(stage.steps * self.refit)) for stage in self.stage)
        return dataclasses.replace(self, stage=stages)

    @property
    def held_out_words(self) -> str:
        """How a card names scores on held-out images: whose they are, where the model is another network."""
        return "out of fold" + (" by the networks of the cross-validation" if self.refit else "")

    @property
    def total_steps(self) -> int:
        """Optimiser steps of all networks that are trained."""
        return self.steps * self.networks + (self.refitted.steps if self.refit else 0)

    @property
    def essence(self) -> str:
        """What must not change between the start of a run and its resumption: all that shapes the weights."""
        values = dataclasses.asdict(self)
        passing = ("name", "title", "data", "terms", "phantom", "round", "inference", "selection", "variants")
        passing += ("test", "protocols", "family", "variant", "candidates", "refit")
        # checkpoints from before there were any go on
        unused = {"supplement": (), "start": (), "parted_by": "patient", "tone": dataclasses.asdict(Tone())}
        passing += tuple(key for key, value in unused.items() if values[key] == value)
        return json.dumps({key: value for key, value in values.items() if key not in passing}, sort_keys=True)
