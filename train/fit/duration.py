"""Fit the steps of a training to the available time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from train.config.stage import Stage


@dataclass(frozen=True)
class Speed:
    """The speed of a training, measured in its first steps.

    Attributes:
        step: seconds of an optimiser step.
        round: seconds of the validation and the checkpoint at the end of a round.
    """

    step: float
    round: float


def fit_steps(stages: Sequence[Stage], seconds: float, speed: Speed, steps_per_round: int) -> tuple[Stage, ...]:
    """The stages with as many steps as the time allows, in the same proportion; at least one each.

    Args:
        stages: of a recipe.
        seconds: for all steps and rounds.
        speed: of the training.
        steps_per_round: steps between two validations.
    """
    possible = seconds / (speed.step + speed.round / steps_per_round)
    factor = possible / sum(stage.steps for stage in stages)
    return tuple(replace(stage, steps=max(1, int(stage.steps * factor))) for stage in stages)


def set_steps(stages: Sequence[Stage], steps: Sequence[int]) -> tuple[Stage, ...]:
    """The stages with other numbers of steps, those of a checkpoint."""
    return tuple(replace(stage, steps=count) for stage, count in zip(stages, steps, strict=True))


def shorten(stages: Sequence[Stage], step: int, possible: int) -> tuple[Stage, ...]:
    """The stages with fewer steps: the remaining steps are reduced, in the same proportion, to the possible ones.

    Args:
        stages: as planned.
        step: the steps that are done.
        possible: the steps in the remaining time; with 0 the schedule ends here.
    """
    left = sum(stage.steps for stage in stages) - step
    if possible >= left:
        return tuple(stages)
    shortened = []
    for stage in stages:
        done = min(stage.steps, step)
        step -= done
        shortened.append(replace(stage, steps=done + (stage.steps - done) * max(possible, 0) // left))
    return tuple(shortened)
