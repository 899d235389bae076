"""The tables of a recipe that say how its weights are trained: stages, their loss, and rates of single weights."""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Loss:
    """A loss by its name in `train.losses`, with its arguments."""

    name: str = "bce_dice"
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class WeightGroup:
    """Weights that are trained at their own rate.

    Attributes:
        names: a pattern of their names, such as `encoder.stages.4.*` or `*.bias`; where several groups fit, their
            factors multiply.
        rate: factor on the stage's learning rate.
        decay: factor on its weight decay.
    """

    names: str
    rate: float = 1.0
    decay: float = 1.0


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
        groups: of weights with a rate or decay of their own.
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
    groups: tuple[WeightGroup, ...] = ()
