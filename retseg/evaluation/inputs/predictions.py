"""Where the predictions of each case lie: a folder, a zip archive, a submission's stacks, or a platform's jobs.

Only names are looked at here; `checking` opens the files.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from retseg.challenge import Challenge
from retseg.errors import RetsegError
from retseg.evaluation.inputs.archives import Archive, open_archive
from retseg.evaluation.inputs.jobs import find_job_outputs
from retseg.evaluation.inputs.matching import find_case_name, order_naturally, split_suffix
from retseg.evaluation.inputs.sources import FileSource, MemberSource, SliceSource, Source, SourceError, Stack

NOT_PREDICTIONS = ("inputs.json", "metrics.json", "results.json")


class PredictionsError(RetsegError):
    """There are no usable predictions; the message names the place and what was looked for."""


@dataclass(frozen=True)
class Candidate:
    """A file that should hold the mask or the probabilities of one case and task."""

    case: str
    task: str
    source: Source


@dataclass(frozen=True)
class Predictions:
    """All that was found, and what is wrong with it, one sentence each."""

    candidates: tuple[Candidate, ...]
    problems: tuple[str, ...] = ()

    def keep_tasks(self, tasks: Iterable[str]) -> "Predictions":
        """The candidates of these tasks only."""
        kept = set(tasks)
        return replace(self, candidates=tuple(c for c in self.candidates if c.task in kept))


def find_predictions(challenge: Challenge, place: Path, cases: Iterable[str], tasks: Sequence[str] = ()) -> Predictions:
    """Find the predictions of a challenge in a folder or a zip archive.

    Args:
        challenge: names tasks, sockets, the layout of submissions and the endings of file names.
        place: a zip file, or a folder: of `retseg predict`, of `process.py`, or `/input` of an evaluation container.
        cases: the names of the cases of the truth; a stack has one slice for each, in natural order.
        tasks: the only ones that are wanted, where there is one alone a file need not tell its task; the challenge's
            when empty.

    Raises:
        PredictionsError: the place is missing or holds nothing.
        ArchiveError: the archive is broken or dangerous.
    """
    wanted = tuple(tasks) or challenge.tasks
    if (place / "predictions.json").is_file():
        outputs, problems = find_job_outputs(challenge, place)
        found = tuple(Candidate(output.case, output.task, FileSource(output.path)) for output in outputs)
        return Predictions(found, tuple(problems)).keep_tasks(wanted)
    if place.is_dir():
        names = [path.relative_to(place).as_posix() for path in sorted(place.rglob("*")) if path.is_file()]
        archive = None
    elif place.is_file():
        archive = open_archive(place)
        names = list(archive.members)
    else:
        raise PredictionsError(f"the predictions {place} do not exist: give a folder or a zip file")
    names = [name for name in names if split_suffix(name)[1] and not PurePosixPath(name).name.startswith(".")]
    stacks = _find_stacks(challenge, names)
    if stacks:
        return _open_stacks(place, archive, stacks, cases).keep_tasks(wanted)
    if not names:
        raise PredictionsError(f"{place} holds no image: predictions are png, tif, mha, nii.gz or the like")
    return _assign_files(challenge, place, archive, names, wanted).keep_tasks(wanted)


def _assign_files(
    challenge: Challenge, place: Path, archive: Archive | None, names: list[str], wanted: Sequence[str]
) -> Predictions:
    candidates, problems = [], []
    labels = challenge.submission.labels if challenge.submission else {}
    for name in names:
        source: Source = MemberSource(archive, name) if archive else FileSource(place / name)
        task = find_task(challenge, labels, name) or (wanted[0] if len(wanted) == 1 else None)
        if task is None:
            problems.append(
                f"{source.name}: shows no known task; put it into a folder named {' or '.join(challenge.tasks)}"
            )
        else:
            endings = (*challenge.case_suffixes, *(f"_{label}" for label in labels.values()))
            candidates.append(Candidate(find_case_name(name, endings), task, source))
    return Predictions(tuple(candidates), tuple(problems))


def find_task(challenge: Challenge, labels: dict[str, str], name: str) -> str | None:
    """The task that a relative file name tells by its folder, its socket or its ending; None where it does not."""
    path = PurePosixPath(name)
    folders = path.parts[:-1]
    stem = split_suffix(path.name)[0].removesuffix("_probability")
    for task in challenge.tasks:
        words = [task, *([labels[task]] if task in labels else [])]
        sockets = [socket.path for socket in challenge.socket if socket.task == task]
        if any(word in folders for word in words) or any(f"/{path.parent}".endswith(f"/{s}") for s in sockets):
            return task
    for task in challenge.tasks:
        words = [task, *([labels[task]] if task in labels else [])]
        if any(stem.lower().endswith(f"_{word.lower()}") for word in words):
            return task
    return None


def _find_stacks(challenge: Challenge, names: list[str]) -> dict[str, str]:
    """Task to the name of its stack; empty where the challenge has none or the folder holds no such file."""
    if challenge.submission is None or challenge.submission.kind != "stack":
        return {}
    wanted = {PurePosixPath(challenge.submission.file.replace("{label}", label)).name: task
              for task, label in challenge.submission.labels.items()}  # fmt: skip
    found = [(wanted[PurePosixPath(name).name], name) for name in names if PurePosixPath(name).name in wanted]
    return dict(sorted(found, key=lambda pair: -len(PurePosixPath(pair[1]).parts)))


def _open_stacks(place: Path, archive: Archive | None, stacks: dict[str, str], cases: Iterable[str]) -> Predictions:
    ordered = sorted(cases, key=order_naturally)
    candidates, problems = [], []
    for task, name in stacks.items():

        def open_stream(name: str = name) -> BinaryIO:
            return cast(BinaryIO, archive.open(name)) if archive else (place / name).open("rb")

        stack = Stack(f"{place.name}:{name}" if archive else str(place / name), open_stream)
        try:
            depth = stack.size[2]
        except SourceError as error:
            problems.append(str(error))
            continue
        if depth != len(ordered):
            problems.append(
                f"{stack.name}: has {depth} slices, the truth {len(ordered)} cases; slices follow their numbers"
            )
            continue
        candidates += [Candidate(case, task, SliceSource(stack, index)) for index, case in enumerate(ordered)]
    return Predictions(tuple(candidates), tuple(problems))
