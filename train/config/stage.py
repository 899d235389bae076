"""The tables of a recipe about its training: stages, their loss, factors for single weights, and warm restarts."""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class LossSettings:
    """A loss by its name in `train.fit.losses`, with its arguments."""

    name: str = "bce_dice"
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WeightGroup:
    """Weights that have a learning rate or a weight decay of their own.

    Attributes:
        names: a pattern of their names, such as `encoder.stages.4.*` or `*.bias`. Where several groups fit a weight,
            their factors multiply.
        learning_rate_factor: multiplies the learning rate of the stage.
        weight_decay_factor: multiplies its weight decay.
    """

    names: str
    learning_rate_factor: float = 1.0
    weight_decay_factor: float = 1.0


@dataclass(frozen=True)
class Stage:
    """A part of the training with one loss, one optimiser and one schedule.

    Attributes:
        steps: optimiser steps.
        learning_rate: the highest one.
        loss: its name and arguments.
        optimiser: `momentum` is for `sgd` alone; `weight_decay` is for all.
        schedule: of the learning rate. `steps` multiplies it by `milestone_factor` at each of the `milestones`, which
            are shares of the stage.
        final_fraction: `cosine` and `polynomial` end at this share of `learning_rate`.
        warmup_fraction: share of the stage in which the learning rate rises from zero.
        clip: the largest norm of the gradient; 0 for no limit.
        accumulate: batches per step.
        outputs: how the losses of a network's side outputs are weighted, see `DeepSupervision`.
        ema_decay: of the exponential moving average (EMA) of the weights. The model gets the EMA; with 0 it gets the
            weights of the last step.
        groups: of weights with a factor of their own.
    """

    steps: int
    learning_rate: float
    loss: LossSettings = field(default_factory=LossSettings)
    optimiser: Literal["sgd", "adam", "adamw"] = "adamw"
    momentum: float = 0.9
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine", "polynomial", "steps"] = "cosine"
    milestones: tuple[float, ...] = ()
    milestone_factor: float = 0.1
    final_fraction: float = 0.0
    warmup_fraction: float = 0.0
    clip: float = 0.0
    accumulate: int = 1
    outputs: Literal["sum", "mean", "halving"] = "sum"
    ema_decay: float = 0.0
    groups: tuple[WeightGroup, ...] = ()


@dataclass(frozen=True)
class Restarts:
    """A training is started several times, each time from the weights that the start before has kept.

    Optimiser and schedule begin anew at each start. The steps of a stage are divided equally among the starts.

    Attributes:
        starts: of the training; 1 is a training without restarts.
        redraw: each start validates on another fold and trains on all images outside of it. The last one validates on
            the fold that is held out. Its images have been trained on by then. This is a leak; it shows how a leak
            changes a score.
    """

    starts: int = 1
    redraw: bool = False

    def __post_init__(self) -> None:
        if self.starts < 1 or (self.redraw and self.starts == 1):
            raise ValueError(f"wanted one start or more, two or more with redraw, found {self.starts}")
