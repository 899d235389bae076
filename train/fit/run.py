"""The settings of one training, and how it may end before its last step."""

from dataclasses import dataclass
from pathlib import Path

from retseg.errors import RetsegError


class TrainingError(RetsegError):
    """A training cannot go on; the message gives the step, the images, and what is kept."""


class OutOfTimeError(RetsegError):
    """The time of a training is over before its last step; its checkpoint is kept."""


@dataclass(frozen=True)
class Run:
    """One network's training.

    Attributes:
        directory: of its checkpoint and log.
        seed: of its random weights and of its patches.
        workers: processes that draw patches; with 0 this process draws them.
        resume: go on from the checkpoint in `directory`, where there is one.
        deadline: in seconds of `time.monotonic`. The steps of the schedule are fitted to the time until then, and the
            training ends then; None trains the steps of the recipe.
        stop: in seconds of `time.monotonic`. The training ends with an error before the round that would end later;
            its schedule stays as it is, and it can go on from its checkpoint. None for no limit.
    """

    directory: Path
    seed: int
    workers: int = 1
    resume: bool = False
    deadline: float | None = None
    stop: float | None = None
