"""Check all files before anything is scored: list everything that is wrong, and pair what can be scored.

Files are opened one after the other. Only the kind and the size of each are kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from retseg.challenge.layout import Part
from retseg.errors import RetsegError
from retseg.evaluation.inputs.parts import WHOLE, read_mask_part
from retseg.evaluation.inputs.predictions import Candidate, Predictions
from retseg.evaluation.inputs.reading import MASK_KINDS, Reading, inspect
from retseg.evaluation.inputs.sources import SourceError
from retseg.evaluation.inputs.truth import Truth, TruthCase
from retseg.evaluation.inputs.values import ScorableValue, pair_values
from retseg.image import ImageError

Key = tuple[str, str]
"""The name of a case, and a task."""

SHOWN = 10
"""The number of files without a counterpart that a warning names."""


class InputError(RetsegError):
    """Predictions and truth do not fit together; the message lists all problems, one per line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class ScorableTask:
    """One case and task that can be scored.

    Attributes:
        truth: its file; None where the image has no such lesion.
        mask: the predicted mask, if there is one.
        probability: the predicted probabilities, if there are any.
        part: of the truth's file that shows the task.
    """

    truth: Path | None
    mask: Reading | None
    probability: Reading | None
    part: Part = WHOLE


@dataclass(frozen=True)
class ScorableCase:
    """One case that can be scored.

    Attributes:
        name: of the case.
        tasks: by name.
        field_of_view: the data set's own mask of it, where there is one.
        image: the photograph, where it is beside the truth.
    """

    name: str
    tasks: Mapping[str, ScorableTask]
    field_of_view: Path | None
    image: Path | None


@dataclass(frozen=True)
class Checked:
    """What can be scored, and what was left out.

    Attributes:
        cases: in the order of the truth.
        missing: one phrase for each prediction or truth that has no counterpart.
        values: the predicted values of these cases.
    """

    cases: tuple[ScorableCase, ...]
    missing: tuple[str, ...] = ()
    values: tuple[ScorableValue, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """A sentence that names what was left out; none where the set is complete."""
        if not self.missing:
            return ()
        more = f"; and {len(self.missing) - SHOWN} more" if len(self.missing) > SHOWN else ""
        return (
            f"Incomplete: {len(self.missing)} predictions or truths have no counterpart and were left out: "
            f"{'; '.join(self.missing[:SHOWN])}{more}.",
        )


def check_input(truth: Truth, predictions: Predictions, grey_levels: bool, allow_missing: bool) -> Checked:
    """Open every file, compare predictions with truth, and pair them.

    Args:
        truth: the cases.
        predictions: the candidates for them.
        grey_levels: 8-bit images with more than two values are maps of 256 levels, not errors.
        allow_missing: cases without truth or without prediction are left out, with a warning; otherwise they are
            problems.

    Raises:
        InputError: anything is wrong; all of it is listed.
    """
    problems = [*truth.problems, *predictions.problems]
    readings: dict[Key, list[Reading]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    missing = _find_missing(truth, predictions.candidates)
    wanted = {(case.name, task) for case in truth.cases for task in case.masks}
    for case in truth.cases:
        problems += _check_truth(case, sizes)
    for candidate in predictions.candidates:
        if (candidate.case, candidate.task) not in wanted:
            continue
        try:
            kind, size = inspect(candidate, grey_levels)
        except SourceError as error:
            problems.append(f"case '{candidate.case}', {candidate.task}: {error}")
            continue
        if size != sizes.setdefault(candidate.case, size):
            expected = sizes[candidate.case]
            problems.append(
                f"case '{candidate.case}', {candidate.task}: {candidate.source.name} is {size[0]} x {size[1]} pixels, "
                f"its truth {expected[0]} x {expected[1]}"
            )
        readings.setdefault((candidate.case, candidate.task), []).append(Reading(candidate.source, kind))
    cases, doubled = _pair(truth.cases, readings)
    problems += doubled + ([] if allow_missing else missing)
    if not problems and not cases:
        problems = [*missing, "no case has both a truth and a prediction: check the names of the files"]
    if problems:
        raise InputError(problems)
    truths = {(case.name, slug): path for case in truth.cases for slug, path in case.values.items()}
    return Checked(cases, tuple(missing), pair_values(predictions.values, truths, [case.name for case in cases]))


def _check_truth(case: TruthCase, sizes: dict[str, tuple[int, int]]) -> list[str]:
    """What is wrong with the masks of a case, one sentence each; notes their (width, height) in `sizes`."""
    problems = []
    for task, path in case.masks.items():
        if path is None:
            continue
        about = f"case '{case.name}', {task}:"
        try:
            mask = read_mask_part(path, case.parts.get(task, WHOLE))
        except ImageError as error:
            problems.append(f"{about} {error}")
            continue
        size = (mask.shape[1], mask.shape[0])
        if size != sizes.setdefault(case.name, size):
            problems.append(f"{about} {path} is {size[0]} x {size[1]} pixels, other truths of this case are not")
        values = np.flatnonzero(cv2.calcHist([mask], [0], None, [256], [0, 256]))  # needs no 64-bit copy
        if values.size > 2 or (values.size and (values[0] != 0 and values.size > 1)):
            problems.append(
                f"{about} {path}, the truth, holds the values {values[:6].tolist()}: wanted 0 and one other"
            )
    return problems


def _find_missing(truth: Truth, candidates: Iterable[Candidate]) -> list[str]:
    """A phrase for each prediction without truth, then for each truth without prediction."""
    predicted: dict[Key, list[str]] = {}
    for candidate in candidates:
        predicted.setdefault((candidate.case, candidate.task), []).append(candidate.source.name)
    known = {(case.name, task): path for case in truth.cases for task, path in case.masks.items()}
    surplus = [
        f"case '{case}', {task}: a prediction without truth, {', '.join(names)}"
        for (case, task), names in predicted.items()
        if (case, task) not in known
    ]
    lacking = [
        f"case '{case}', {task}: a truth without prediction" + (f", {path}" if path else "")
        for (case, task), path in known.items()
        if (case, task) not in predicted
    ]
    return surplus + lacking


def _pair(
    cases: Iterable[TruthCase], readings: Mapping[Key, list[Reading]]
) -> tuple[tuple[ScorableCase, ...], list[str]]:
    """The cases with their predictions, and a sentence for each case and task with two masks or two maps.

    Where one file of a task has grey levels, all 8-bit files of this task are grey maps, those of {0, 255} too.
    """
    grey_tasks = {task for (_, task), found in readings.items() if any(reading.kind == "grey" for reading in found)}
    paired, problems = [], []
    for case in cases:
        tasks = {}
        for task, path in case.masks.items():
            found = readings.get((case.name, task), [])
            masks = [r for r in found if r.kind in MASK_KINDS and task not in grey_tasks]
            maps = [Reading(r.source, "grey") if r.kind in MASK_KINDS else r for r in found if r not in masks]
            for group, noun in ((masks, "masks"), (maps, "probability maps")):
                if len(group) > 1:
                    names = ", ".join(reading.source.name for reading in group)
                    problems.append(f"case '{case.name}', {task}: several {noun}, keep one of {names}")
            if found:
                chosen = (masks[0] if masks else None, maps[0] if maps else None)
                tasks[task] = ScorableTask(path, *chosen, case.parts.get(task, WHOLE))
        if tasks:
            paired.append(ScorableCase(case.name, tasks, case.field_of_view, case.image))
    return tuple(paired), problems
