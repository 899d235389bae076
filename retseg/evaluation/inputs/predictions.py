"""Find the predictions of each case: in a folder, a zip archive, the stacks of a submission, or the jobs of a platform.

Files are assigned to cases and tasks by their names alone; `reading` opens them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from retseg.challenge import Challenge
from retseg.challenge.layout import Part
from retseg.errors import RetsegError
from retseg.evaluation.inputs.archives import Archive, open_archive
from retseg.evaluation.inputs.jobs import find_job_outputs, find_job_values
from retseg.evaluation.inputs.matching import find_case_name, order_naturally
from retseg.evaluation.inputs.sources import FileSource, MemberSource, SliceSource, Source, SourceError, Stack
from retseg.evaluation.inputs.values import Key, find_value_files
from retseg.files import find_stem, leaves_folder, split_suffix

PROBABILITY_ENDING = "_probability"
"""The end of the stem of a map beside a mask, as `retseg predict` writes it."""

BESIDE_MASKS = ("overlay", "measures")
"""Folders that `retseg predict` and `retseg cohort` write beside those of the tasks; they hold no prediction."""


class PredictionsError(RetsegError):
    """There are no usable predictions; the message names the path and what was looked for."""


@dataclass(frozen=True)
class Candidate:
    """A file that should hold the mask or the probabilities of one case and task.

    Attributes:
        case: its name.
        task: that it should show.
        source: where its pixels are.
        named_probability: whether the name of the file says that it is a probability map.
    """

    case: str
    task: str
    source: Source
    named_probability: bool = False


@dataclass(frozen=True)
class Predictions:
    """The files that were found, those of output values by case and slug, and a sentence for each problem."""

    candidates: tuple[Candidate, ...]
    problems: tuple[str, ...] = ()
    values: Mapping[Key, Path] = field(default_factory=dict)

    def keep_tasks(self, tasks: Iterable[str]) -> "Predictions":
        """The candidates of these tasks only."""
        kept = set(tasks)
        return replace(self, candidates=tuple(c for c in self.candidates if c.task in kept))

    def leave_out(self, cases: Collection[str]) -> "tuple[Predictions, tuple[str, ...]]":
        """The candidates of all cases but these, and the names of those of these that had one."""
        kept = tuple(c for c in self.candidates if c.case not in cases)
        dropped = tuple(dict.fromkeys(c.case for c in self.candidates if c.case in cases))
        return replace(self, candidates=kept), dropped


def find_predictions(challenge: Challenge, path: Path, cases: Iterable[str], tasks: Sequence[str] = ()) -> Predictions:
    """Find the predictions of a challenge in a folder or a zip archive.

    Args:
        challenge: names tasks, sockets, the layout of submissions and the endings of file names.
        path: a zip file, or a folder: of `retseg predict`, of `process.py`, or `/input` of an evaluation container.
        cases: the names of the cases of the truth; a stack has one slice for each, in natural order.
        tasks: only these are kept; those of the challenge when empty. Where there is one, the names of the files need
            not show it.

    Raises:
        PredictionsError: the path does not exist, holds no image, or a link in it leads out of it.
        ArchiveError: the archive is broken or dangerous.
        JobsError: `predictions.json` is no list of jobs.
    """
    wanted = tuple(tasks) or challenge.tasks
    if (path / "predictions.json").is_file():
        outputs, problems = find_job_outputs(challenge, path)
        found = tuple(
            Candidate(each.case, each.task, FileSource(each.path, each.part), is_named_probability(each.path.name))
            for each in outputs
        )
        return Predictions(found, tuple(problems), find_job_values(challenge, path)).keep_tasks(wanted)
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file()]
        leaving = next((file for file in files if leaves_folder(file, path)), None)
        if leaving is not None:
            raise PredictionsError(f"{leaving} is a link that leaves {path}: put the file itself there")
        names = [file.relative_to(path).as_posix() for file in files]
        archive = None
    elif path.is_file():
        archive = open_archive(path)
        names = list(archive.members)
    else:
        raise PredictionsError(f"the predictions {path} do not exist: give a folder or a zip file")
    names = [name for name in names if split_suffix(name)[1] and not _is_beside(PurePosixPath(name))]
    stacks = _find_stacks(challenge, names)
    if stacks:
        return _open_stacks(path, archive, stacks, cases).keep_tasks(wanted)
    if not names:
        raise PredictionsError(f"{path} holds no image: predictions are png, tif, mha, nii.gz or the like")
    return _assign_files(challenge, path, archive, names, wanted).keep_tasks(wanted)


def _is_beside(name: PurePosixPath) -> bool:
    """Whether a file is hidden, or a picture of masks and no mask."""
    return name.name.startswith(".") or any(folder in BESIDE_MASKS for folder in name.parts[:-1])


def _assign_files(
    challenge: Challenge, path: Path, archive: Archive | None, names: list[str], wanted: Sequence[str]
) -> Predictions:
    candidates, problems = [], []
    labels = challenge.submission.labels if challenge.submission else {}
    for name in names:
        several = find_parts(challenge, name)
        for each, part in (several or {}).items():
            shown: Source = MemberSource(archive, name, part) if archive else FileSource(path / name, part)
            candidates.append(Candidate(find_case_name(name, challenge.case_suffixes), each, shown))
        if several is not None:
            continue
        source: Source = MemberSource(archive, name) if archive else FileSource(path / name)
        task = find_task(challenge, labels, name) or (wanted[0] if len(wanted) == 1 else None)
        if task is None:
            problems.append(
                f"{source.name}: shows no known task; put it into a folder named {' or '.join(challenge.tasks)}"
            )
        else:
            endings = (*challenge.case_suffixes, *(f"_{label}" for label in labels.values()))
            candidates.append(Candidate(find_case_name(name, endings), task, source, is_named_probability(name)))
    images = {path / name: find_case_name(name, challenge.case_suffixes) for name in names}
    values = {} if archive else find_value_files(challenge, path, images)
    return Predictions(tuple(candidates), tuple(problems), values)


def is_named_probability(name: str) -> bool:
    """Whether the name of a file says that it is a probability map."""
    return PROBABILITY_ENDING in PurePosixPath(name).name


def find_task(challenge: Challenge, labels: dict[str, str], name: str) -> str | None:
    """The task of a file by a folder that is named after it, by its socket, or by its ending; None where none is.

    Args:
        challenge: names tasks and sockets.
        labels: task to the short name that submissions use, such as `MA`.
        name: of the file, relative to the folder of all predictions.
    """
    path = PurePosixPath(name)
    folders = path.parts[:-1]
    stem = find_stem(path).removesuffix(PROBABILITY_ENDING).lower()
    names = {task: (task, *([labels[task]] if task in labels else [])) for task in challenge.tasks}
    for task in challenge.tasks:
        sockets = [socket.path for socket in challenge.socket if socket.task == task]
        in_socket = any(f"/{path.parent}".endswith(f"/{socket}") for socket in sockets)
        if in_socket or any(each in folders for each in names[task]):
            return task
    return next((task for task in names if any(stem.endswith(f"_{each.lower()}") for each in names[task])), None)


def find_parts(challenge: Challenge, name: str) -> dict[str, Part] | None:
    """The tasks that a file in the folder of a label map or a stack is scored for, with their parts; None elsewhere.

    Args:
        challenge: names the sockets.
        name: of the file, relative to the folder of all predictions.
    """
    folder = f"/{PurePosixPath(name).parent}"
    for socket in challenge.socket:
        if socket.kind in ("label_map", "stack") and folder.endswith(f"/{socket.path}"):
            return {task: socket.find_part(task) for task in challenge.list_shown(socket)}
    return None


def _find_stacks(challenge: Challenge, names: list[str]) -> dict[str, str]:
    """Task to the name of its stack; empty where the challenge has none or the folder holds no such file."""
    if challenge.submission is None or challenge.submission.kind != "stack":
        return {}
    wanted = {PurePosixPath(challenge.submission.file.replace("{label}", label)).name: task
              for task, label in challenge.submission.labels.items()}  # fmt: skip
    found = [(wanted[PurePosixPath(name).name], name) for name in names if PurePosixPath(name).name in wanted]
    return dict(sorted(found, key=lambda pair: -len(PurePosixPath(pair[1]).parts)))


def _open_stacks(path: Path, archive: Archive | None, stacks: dict[str, str], cases: Iterable[str]) -> Predictions:
    ordered = sorted(cases, key=order_naturally)
    candidates, problems = [], []
    for task, name in stacks.items():

        def open_stream(name: str = name) -> BinaryIO:
            return cast(BinaryIO, archive.open(name)) if archive else (path / name).open("rb")

        stack = Stack(f"{path.name}:{name}" if archive else str(path / name), open_stream)
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
