"""Which outputs of a network belong to which task, by what is declared and by the number of outputs."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retseg.adopt.declared import Activation, Readout
from retseg.adopt.error import AdoptError
from retseg.vocabulary import WORD

ROUNDING = 1e-3
"""Outputs that are probabilities stay in [0, 1], and those of a softmax add up to 1, up to this."""


def parse_tasks(given: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """`vessel` or `optic_disc=1,2`: each task with the outputs that show it; none where they are not said.

    Raises:
        AdoptError: a name is no word, a number is none, or a task is named twice.
    """
    tasks: dict[str, tuple[int, ...]] = {}
    for text in given:
        name, _, numbers = text.partition("=")
        if not WORD.fullmatch(name):
            raise AdoptError(f"the task '{name}' is no word of small letters, digits and _: write one, such as vessel")
        if name in tasks:
            raise AdoptError(f"the task '{name}' is named twice: name it once, as --task {name}=1,2")
        try:
            tasks[name] = tuple(sorted({int(number) for number in numbers.split(",") if numbers}))
        except ValueError as error:
            raise AdoptError(f"--task {text} is not NAME or NAME=NUMBERS: write it as --task {name}=1,2") from error
    return tasks


def choose_readout(
    tasks: Mapping[str, tuple[int, ...]], count: int, activation: Activation | None, inside: bool
) -> Readout:
    """What each output means.

    As many outputs as tasks are taken for one each; one more is taken for a background at the beginning, whose classes
    compete.

    Args:
        tasks: from `parse_tasks`.
        count: how many outputs the network has.
        activation: as declared; None where it follows from the numbers.
        inside: whether the network applies it.

    Raises:
        AdoptError: the numbers do not fit together.
    """
    names, numbered = ", ".join(tasks), all(tasks.values())
    if not numbered and any(tasks.values()):
        raise AdoptError(f"outputs are given for some of the tasks {names} only: give all or none, as --task NAME=1")
    if activation is None:
        one_each = count == len(tasks) or count == 1
        activation = "sigmoid" if one_each else "softmax"
    wanted = len(tasks) + (activation == "softmax")
    if not numbered and count != wanted:
        raise AdoptError(
            f"the network gives {count} outputs for a pixel, and {names} by {activation} needs {wanted}: "
            f"{_advise(count, tasks, activation)}"
        )
    first = 1 if activation == "softmax" else 0
    classes = {task: chosen or (first + k,) for k, (task, chosen) in enumerate(tasks.items())}
    for task, chosen in classes.items():
        if not all(0 <= number < count for number in chosen):
            raise AdoptError(f"{task} is said to be output {max(chosen)}, and there are 0 to {count - 1}: give others")
        if activation == "softmax" and len(chosen) == count:
            raise AdoptError(
                f"{task} is said to be all outputs of a softmax, so it would be everywhere: leave some out"
            )
    return Readout(classes, activation, count, inside)


def _advise(count: int, tasks: Mapping[str, tuple[int, ...]], activation: Activation) -> str:
    if activation == "sigmoid" and count == len(tasks) + 1:
        return "a background among them means --activation softmax; otherwise give each task its output, --task NAME=0"
    if activation == "softmax" and count == len(tasks):
        return "without a background among them it is --activation sigmoid"
    return "name a task for each class, or give each task its outputs, as --task optic_disc=1,2 --task optic_cup=2"


def check_scores(scores: Sequence[NDArray[np.float32]], readout: Readout) -> None:
    """Compare what a network gives on several images, (classes, H, W) each, with what is declared.

    Raises:
        AdoptError: it gives probabilities and not logits, or the reverse; or classes compete and are declared not to.
    """
    if not all(np.isfinite(each).all() for each in scores):
        raise AdoptError(
            "the network gives values that are not finite: its weights are damaged, or --normalise is wrong"
        )
    low, high = min(float(each.min()) for each in scores), max(float(each.max()) for each in scores)
    bounded = low >= -ROUNDING and high <= 1 + ROUNDING
    if bounded and not readout.inside:
        raise AdoptError(
            f"the network gives values from {low:.3g} to {high:.3g} only, whatever it sees, so a sigmoid or softmax is "
            "inside it: add --probabilities"
        )
    if readout.inside and not bounded:
        raise AdoptError(
            f"the network is said to give probabilities, and gives values from {low:.3g} to {high:.3g}: "
            "leave --probabilities out"
        )
    competing = readout.count > 1 and readout.inside
    adds_up = competing and all(float(np.abs(each.sum(axis=0) - 1).max()) < ROUNDING for each in scores)
    if adds_up and readout.activation == "sigmoid":
        raise AdoptError(
            "the outputs of every pixel add up to 1, so they are a softmax: give --activation softmax, and each task "
            "its outputs, as --task NAME=1"
        )
    if competing and not adds_up and readout.activation == "softmax":
        raise AdoptError(
            "the outputs of a pixel do not add up to 1, so they are no softmax: give --activation sigmoid, and each "
            "task its output, as --task NAME=0"
        )
    if not readout.inside and readout.activation == "sigmoid" and readout.count > 1:
        _refuse_partition(scores)


def _refuse_partition(scores: Sequence[NDArray[np.float32]]) -> None:
    """Logits of a softmax, read as sigmoids, give every pixel exactly one class; lesions leave most pixels without."""
    winners = np.mean([((each > 0).sum(axis=0) == 1).mean() for each in scores])
    every = np.concatenate([each.reshape(each.shape[0], -1) for each in scores], axis=1)
    largest = every.max(axis=0)
    if winners > 0.98 and float((largest > 0).mean()) > 0.98:
        raise AdoptError(
            "exactly one output of nearly every pixel is above 0, as if the classes competed: give --activation "
            "softmax, and each task its outputs, as --task NAME=1"
        )
