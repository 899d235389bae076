"""A recipe: one TOML file with everything that makes a model. The other modules of this folder are its tables."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from retseg.models import Inference, NetworkSpec
from retseg.preprocessing import Framing, Preprocessing
from retseg.toml_schema import SchemaError, nearest
from retseg.vocabulary import Modality, ViewRule, choose_view_rule
from train.config.images import Source, Supplement, Tiles
from train.config.patches import Sampling, Tone, Transform
from train.config.selection import SelectionRule
from train.config.stage import Restarts, Stage


@dataclass(frozen=True)
class Recipe:
    """Everything that makes a model.

    Attributes:
        name: of the recipe and of the model.
        data: a sentence about the images; `terms` are the terms of use of the images.
        folds: a network is trained for each fold, on the images of the other folds. The model is the mean of all of
            them, unless there is a `refit`.
        parted_by: what a fold holds out: some patients of every data set, or one whole data set of `source`.
        round: optimiser steps between two checkpoints, log lines and validations.
        precision: of the arithmetic, as Lightning Fabric names it.
        variants: named sets of changes, chosen by `--set width=NAME`.
        supplement: more images, for the training of some tasks alone.
        candidates: variants that `python -m train select` trains, to keep the best of them.
        framing: what part of an image the network sees. If it has a size, the resized truth is cut at one half. Scores
            are always taken at the image's own size.
        grey_truth: sizes (width, height). Instead of cutting the truth at one half, it is resized bilinearly to each of
            these in turn and stays grey, as the files of some published data sets are. The last is the framing's size.
        tiles: images are first cut into these.
        held_out: hold out `each` fold in turn, or only the `first`, so that one network is trained.
        keep: the weights of the `last` step, or the `best`: those of the round with the highest validation Dice.
        restarts: how often the training of a network is started, and whether the held-out images change.
        refit: one more network is trained on all images; its steps are those of a fold times this number. It is the
            model, and the folds give its threshold and its scores. With 0 the model is the mean of the networks of the
            folds.
        encoder: a file of weights for the encoder of the network, given by the user; `none` says aloud that its weights
            are random; empty says nothing.
        published_encoder: what the published network is initialised from, in words. Then a training needs an `encoder`
            or `initial_models`. Empty if the published network has random weights.
        initial_models: folders of models of this repository. A network is initialised from the first of them that was
            trained on none of the images that the network holds out. The modules of its tasks keep random weights. The
            training images of that model count as training images of this one. Random weights when empty. Several
            models need a `refit`, which is initialised from the first.
        test: images that are scored at the end and never trained on; needs `folds = 1`.
        protocols: of the scores on the card, and of `--results`, which scores the test or the held-out folds.
        score_training: `--results` also scores the images that the network was trained on, as some publications do;
            needs held-out images and a single network.
        family: recipes of one family are listed together; empty for the models that are shipped.
        field_of_view: how it is found in an image; None for the default of the modality. A mask of the data set comes
            before it, unless it is the whole frame.
        variant: the `variants` that were chosen, joined by `+`; `paper` for none.
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
    selection: SelectionRule = field(default_factory=SelectionRule)
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    supplement: tuple[Supplement, ...] = ()
    framing: Framing = field(default_factory=Framing)
    grey_truth: tuple[tuple[int, int], ...] = ()
    tiles: Tiles = field(default_factory=Tiles)
    held_out: Literal["each", "first"] = "each"
    keep: Literal["last", "best"] = "last"
    restarts: Restarts = field(default_factory=Restarts)
    refit: float = 0.0
    encoder: str = ""
    published_encoder: str = ""
    initial_models: tuple[str, ...] = ()
    test: tuple[Source, ...] = ()
    protocols: tuple[str, ...] = ()
    score_training: bool = False
    family: str = ""
    variant: str = "paper"
    field_of_view: ViewRule | None = None

    def __post_init__(self) -> None:
        choose_view_rule(self.modality, self.field_of_view)
        self._check_folds()
        self._check_refit()
        self._check_restarts()
        self._check_scale()
        self._check_supplements()
        self._check_healthy()
        self._check_initial_models()
        for name in self.candidates:
            if name not in self.variants:
                raise SchemaError(
                    f"the recipe '{self.name}' has no variant '{name}' for a candidate{nearest(name, self.variants)}"
                )

    def _check_folds(self) -> None:
        if self.test and self.folds != 1:
            raise SchemaError(f"the recipe '{self.name}' has a test, so it needs folds = 1, not {self.folds}")
        if self.parted_by == "data_set" and self.folds != len(self.source):
            raise SchemaError(
                f"the recipe '{self.name}' holds out one data set at a time: it needs folds = {len(self.source)}, one "
                f"for each source, not {self.folds}"
            )
        if self.score_training and (self.test or self.networks != 1 or self.folds == 1):
            raise SchemaError(
                f"the recipe '{self.name}' has score_training: it needs folds above 1, held_out = 'first' and no test"
            )
        if any(source.optional for source in self.source):
            raise SchemaError(f"the recipe '{self.name}' calls a source of training images optional")

    def _check_scale(self) -> None:
        if self.tiles.side and (self.framing != Framing("frame") or self.preprocessing.diameter):
            raise SchemaError(f"the recipe '{self.name}' cuts tiles: it needs framing.region = 'frame' unresized")
        if self.framing.size and self.preprocessing.diameter:
            raise SchemaError(f"the recipe '{self.name}' has a framing.size and a diameter: leave one of them out")
        if self.grey_truth and self.grey_truth[-1] != self.framing.size:
            raise SchemaError(
                f"the recipe '{self.name}' has a grey_truth of {list(self.grey_truth[-1])} px, its framing.size is "
                f"{list(self.framing.size)}: the last size of grey_truth must be that of the framing"
            )

    def _check_supplements(self) -> None:
        folders = [source.folder for source in self.source]
        for supplement in self.supplement:
            if supplement.eyes and supplement.eyes not in folders:
                raise SchemaError(
                    f"the recipe '{self.name}' has no source '{supplement.eyes}'{nearest(supplement.eyes, folders)}"
                )
            for task in supplement.tasks:
                if task not in self.tasks:
                    raise SchemaError(f"the recipe '{self.name}' has no task '{task}'{nearest(task, self.tasks)}")

    def _check_healthy(self) -> None:
        healthy = [source.folder for source in self.source if source.healthy]
        limited = self.selection.false_lesions is not None
        if bool(healthy) != limited:
            found = f"the healthy sources {', '.join(healthy)}" if healthy else "no healthy source"
            raise SchemaError(
                f"the recipe '{self.name}' has {found} and {'a' if limited else 'no'} limit selection.false_lesions: "
                "give both or none"
            )

    def _check_initial_models(self) -> None:
        if self.initial_models and self.encoder_file:
            raise SchemaError(f"the recipe '{self.name}' has initial_models and an encoder: leave one of them out")
        if len(self.initial_models) > 1 and not self.refit:
            raise SchemaError(
                f"the recipe '{self.name}' has several initial_models, which needs a refit: leave all but one out"
            )

    def _check_restarts(self) -> None:
        starts = self.restarts.starts
        if (self.keep == "best" or starts > 1) and (self.folds == 1 or self.refit):
            raise SchemaError(
                f"the recipe '{self.name}' keeps the best weights or restarts from them: it needs folds above 1 and no "
                "refit, so that every network has images to validate on"
            )
        if self.restarts.redraw and not 1 < starts <= self.folds:
            raise SchemaError(
                f"the recipe '{self.name}' redraws its validation images at each of {starts} starts: it has only "
                f"{self.folds} folds for them"
            )
        if any(stage.steps % starts for stage in self.stage):
            raise SchemaError(
                f"the recipe '{self.name}' has {starts} starts: the steps of each stage must be a multiple of it"
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
    def view_rule(self) -> ViewRule:
        """How the field of view is found in an image."""
        return choose_view_rule(self.modality, self.field_of_view)

    @property
    def encoder_file(self) -> str:
        """The file of the encoder's weights; empty if they are random."""
        return "" if self.encoder == "none" else self.encoder

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
        """The names of all networks that are trained, in order: `fold-0` and so on, then `all` for the refit."""
        return (*(f"fold-{number}" for number in range(self.networks)), *(("all",) if self.refit else ()))

    @property
    def refitted(self) -> "Recipe":
        """The recipe of the network that is trained on all images: its stages are `refit` times as long."""
        stages = tuple(dataclasses.replace(stage, steps=round(stage.steps * self.refit)) for stage in self.stage)
        return dataclasses.replace(self, stage=stages)

    @property
    def one_start(self) -> "Recipe":
        """The recipe of one start of a training: its stages have the steps of that start."""
        starts = self.restarts.starts
        stages = tuple(dataclasses.replace(stage, steps=stage.steps // starts) for stage in self.stage)
        return dataclasses.replace(self, stage=stages, restarts=Restarts())

    @property
    def held_out_description(self) -> str:
        """How a card names scores on held-out images. After a refit they belong to other networks than the model."""
        return "out of fold" + (" by the networks of the cross-validation" if self.refit else "")

    @property
    def total_steps(self) -> int:
        """Optimiser steps of all networks that are trained."""
        return self.steps * self.networks + (self.refitted.steps if self.refit else 0)
