"""Everything that is wrong with the input, found before anything is scored, and what is left to score.

Every file is opened once, one at a time; what remains in memory is a few words about each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.evaluation.inputs.predictions import Candidate, Predictions
from retseg.evaluation.inputs.sources import Pixels, Source, SourceError
from retseg.evaluation.inputs.truth import Truth, TruthCase
from retseg.image import ImageError, read_mask

Kind = Literal["zero_one", "zero_255", "empty", "grey", "probability", "probability_16"]
MASK_KINDS = ("zero_one", "zero_255", "empty")
SCALES: Mapping[Kind, float] = {"grey": 255.0, "probability": 1.0, "probability_16": 65535.0}


class InputError(RetsegError):
    """Predictions and truth do not fit; the message lists all problems, one per line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Reading:
    """A prediction whose pixels have been looked at."""

    source: Source
    kind: Kind

    def read_mask(self) -> NDArray[np.bool_]:
        """(H, W), True where the lesion or vessel is predicted."""
        return np.asarray(self.source.read() != 0)

    def read_probability(self) -> NDArray[np.float32]:
        """(H, W) in [0, 1]."""
        values = self.source.read()
        scale = SCALES.get(self.kind, 255.0)
        if scale == 1.0:
            return values.astype(np.float32, copy=False)
        probability = values.astype(np.float32)
        probability /= np.float32(scale)
        return probability


@dataclass(frozen=True)
class ScorableTask:
    """One case and task, complete: the truth (None: no such lesion) and a mask, probabilities, or both."""

    truth: Path | None
    mask: Reading | None
    probability: Reading | None


@dataclass(frozen=True)
class ScorableCase:
    """One case that can be scored."""

    name: str
    tasks: Mapping[str, ScorableTask]
    field_of_view: Path | None
    image: Path | None


@dataclass(frozen=True)
class Checked:
    """What can be scored, and what a reader must know about it."""

    cases: tuple[ScorableCase, ...]
    warnings: tuple[str, ...]


def check_input(truth: Truth, predictions: Predictions, grey_levels: bool, allow_missing: bool) -> Checked:
    """Hold predictions against truth, and open every file.

    Args:
        truth: the cases.
        predictions: the candidates for them.
        grey_levels: 8-bit images with more than two values are maps of 256 levels, not errors.
        allow_missing: cases without truth or without prediction are left out, with a warning, instead of refused.

    Raises:
        InputError: anything is wrong; all of it is listed.
    """
    problems = [*truth.problems, *predictions.problems]
    readings: dict[tuple[str, str], list[Reading]] = {}
    sizes: dict[str, tuple[int, int]] = {}
    missing = _find_missing(truth, predictions.candidates)
    wanted = {(case.name, task) for case in truth.cases for task in case.masks}
    for case in truth.cases:
        problems += _check_truth(case, sizes)
    for candidate in predictions.candidates:
        if (candidate.case, candidate.task) not in wanted:
            continue
        try:
            kind, size = inspect(candidate.source, grey_levels)
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
    grey_tasks = {task for (_, task), found in readings.items() if any(reading.kind == "grey" for reading in found)}
    cases, doubled = _pair(truth.cases, readings, grey_tasks)
    problems += doubled + ([] if allow_missing else missing)
    if not problems and not cases:
        problems = [*missing, "no case has both a truth and a prediction: check the names of the files"]
    if problems:
        raise InputError(problems)
    return Checked(cases, _describe_missing(missing))


def inspect(source: Source, grey_levels: bool) -> tuple[Kind, tuple[int, int]]:
    """What a prediction's pixels are, and its (width, height).

    Raises:
        SourceError: unreadable, or neither a mask of {0, 1} or {0, 255} nor probabilities in [0, 1].
    """
    pixels = source.read()
    size = (pixels.shape[1], pixels.shape[0])
    if pixels.size == 0:
        raise SourceError(f"{source.name} has no pixels")
    try:
        return classify(pixels, "_probability" in PurePosixPath(source.name).name, grey_levels), size
    except SourceError as error:
        raise SourceError(f"{source.name} {error}") from error


def classify(pixels: Pixels, named_probability: bool, grey_levels: bool) -> Kind:
    """Tell masks from probabilities by type and values; the file's name decides for a nearly empty 16-bit map.

    Raises:
        SourceError: the values are neither.
    """
    low, high = pixels.min(), pixels.max()
    if pixels.dtype.kind == "f":
        if not (low >= 0 and high <= 1):  # also true for NaN
            raise SourceError(f"holds values from {low} to {high}: probabilities lie in [0, 1], without NaN")
        return "probability"
    if pixels.dtype == np.uint16 and (named_probability or high > 255 or high == 0):
        return "probability_16"
    if low == 0 and high == 0:
        return "empty"
    if low >= 0 and high == 1:
        return "zero_one"
    if low >= 0 and high == 255 and not np.logical_and(pixels > 0, pixels < 255).any():
        return "zero_255"
    if grey_levels and pixels.dtype == np.uint8:
        return "grey"
    values = np.unique(pixels)
    shown = ", ".join(map(str, values[:5])) + (" ..." if values.size > 5 else "")
    raise SourceError(f"holds the values {shown}: a mask is 0 and 1, or 0 and 255, a map 16-bit or float")


def read_truth(path: Path | None, size: tuple[int, int]) -> NDArray[np.bool_]:
    """The truth as (H, W) bool; empty, of `size` (width, height), where there is no file.

    Raises:
        ImageError: unreadable.
    """
    return np.zeros((size[1], size[0]), dtype=np.bool_) if path is None else np.asarray(read_mask(path) > 0)


def _check_truth(case: TruthCase, sizes: dict[str, tuple[int, int]]) -> list[str]:
    problems = []
    for task, path in case.masks.items():
        if path is None:
            continue
        about = f"case '{case.name}', {task}:"
        try:
            mask = read_mask(path)
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
    predicted: dict[tuple[str, str], list[str]] = {}
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


def _describe_missing(missing: list[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    shown = "; ".join(missing[:10]) + (f"; and {len(missing) - 10} more" if len(missing) > 10 else "")
    return (f"Incomplete: {len(missing)} predictions or truths have no counterpart and were left out: {shown}.",)


def _pair(
    cases: Iterable[TruthCase], readings: Mapping[tuple[str, str], list[Reading]], grey_tasks: set[str]
) -> tuple[tuple[ScorableCase, ...], list[str]]:
    paired, problems = [], []
    for case in cases:
        tasks = {}
        for task, path in case.masks.items():
            found = readings.get((case.name, task), [])
            masks = [r for r in found if r.kind in MASK_KINDS and task not in grey_tasks]
            maps = [Reading(r.source, "grey") if r.kind in MASK_KINDS else r for r in found if r not in masks]
            for group, word in ((masks, "masks"), (maps, "probability maps")):
                if len(group) > 1:
                    names = ", ".join(reading.source.name for reading in group)
                    problems.append(f"case '{case.name}', {task}: several {word}, keep one of {names}")
            if found:
                tasks[task] = ScorableTask(path, masks[0] if masks else None, maps[0] if maps else None)
        if tasks:
            paired.append(ScorableCase(case.name, tasks, case.field_of_view, case.image))
    return tuple(paired), problems
