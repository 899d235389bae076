"""Find ground truth: in the official folder of a data set, in one split or one folder of it, or in plain folders.

Files are assigned to cases and tasks by their paths alone; `reading` opens them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from retseg.challenge import Challenge
from retseg.challenge.layout import GroundTruth, Part
from retseg.errors import RetsegError
from retseg.evaluation.inputs.matching import Match, Pattern, find_case_name, order_naturally
from retseg.files import IMAGE_SUFFIXES, has_suffix, split_suffix

TEST_CASES = "test cases with input/ and expected/"
"""The title of the layout of `retseg new case`."""


class GroundTruthError(RetsegError):
    """There is no usable ground truth; the message names the folder and what was looked for."""


@dataclass(frozen=True)
class TruthCase:
    """The files of one case.

    Attributes:
        name: the stem of the files, without the endings that say what a file shows.
        masks: task to its mask; None where a missing file means that the image has no such lesion. A task that is
            absent was not annotated.
        field_of_view: the data set's own mask of it.
        image: the photograph.
        parts: task to the part of its file that shows it; the whole file where a task is no key.
        values: slug of an output value to the JSON file with the true one.
    """

    name: str
    masks: Mapping[str, Path | None]
    field_of_view: Path | None
    image: Path | None
    parts: Mapping[str, Part] = field(default_factory=dict)
    values: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Truth:
    """All cases of a folder.

    Attributes:
        cases: in natural order.
        layout: the title of the layout that they were found in.
        problems: a sentence for each thing that is wrong with the folder.
    """

    cases: tuple[TruthCase, ...]
    layout: str
    problems: tuple[str, ...] = ()

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that any case was annotated for."""
        return tuple(dict.fromkeys(task for case in self.cases for task in case.masks))

    def keep_tasks(self, tasks: Iterable[str]) -> "Truth":
        """The same cases with the masks of these tasks only; cases without any of them are left out."""
        kept = set(tasks)
        cases = (replace(c, masks={t: path for t, path in c.masks.items() if t in kept}) for c in self.cases)
        return replace(self, cases=tuple(case for case in cases if case.masks))


def find_truth(challenge: Challenge, folder: Path, split: str = "", tasks: Sequence[str] = ()) -> Truth:
    """Find the cases of a challenge under `folder`.

    The first layout that fits any file is taken. The layouts of the challenge's file are tried first, then folders
    named after output sockets or tasks, then, where a single task is wanted, `masks/` or the folder itself.

    Args:
        challenge: names tasks, layouts and splits.
        folder: the whole data set, one split of it, or a folder of masks.
        split: keep only the cases of this split of the challenge; all when empty.
        tasks: that are wanted, all of the challenge when empty. Where there is one, a folder of masks is taken for it.

    Raises:
        GroundTruthError: the folder is missing, fits no layout, or the split is unknown or empty.
    """
    if not folder.is_dir():
        raise GroundTruthError(
            f"the ground truth {folder} is not a folder: give --ground-truth DIR, or upload a ground_truth.tar.gz"
        )
    files = list_images(folder)
    tried = (*challenge.ground_truth, *_plain_layouts(challenge, folder, tuple(tasks) or challenge.tasks))
    for layout in tried:
        truth = _read_layout(challenge, layout, files)
        if truth.cases:
            return _keep_split(truth, challenge, split)
    wanted = "; ".join(pattern for layout in tried for pattern in layout.masks.values())
    raise GroundTruthError(
        f"{folder} holds no ground truth of '{challenge.name}': none of its {len(files)} image files is laid out as "
        f"{wanted}; move them there, or choose another --challenge"
    )


def list_images(folder: Path) -> list[Path]:
    """All image files below a folder, sorted, without hidden ones."""
    paths = (path for path in folder.absolute().rglob("*") if has_suffix(path, IMAGE_SUFFIXES))
    return sorted(path for path in paths if not path.name.startswith(".") and path.is_file())


def _plain_layouts(challenge: Challenge, folder: Path, wanted: tuple[str, ...]) -> Iterable[GroundTruth]:
    missing = challenge.ground_truth[0].missing_mask if challenge.ground_truth else "error"
    images = ("images/{case}",)
    fields = ("field_of_view/{case}", "field-of-view/{case}", "fov/{case}", "mask/{case}")
    outputs = {task: challenge.find_output(task) for task in challenge.tasks}
    shown = {task: socket for task, socket in outputs.items() if socket is not None}
    sockets = {task: f"{socket.path}/{{case}}" for task, socket in shown.items()}
    labels = {task: shown[task].labels[task] for task in sockets if shown[task].labels}
    volumes = {task: shown[task].tasks.index(task) for task in sockets if shown[task].tasks}
    expected = {task: f"expected/{pattern}" for task, pattern in sockets.items()}
    given = tuple(f"input/{socket.path}/{{case}}" for socket in challenge.socket if socket.kind == "image")
    expected_fields = tuple(f"expected/{field}" for field in fields)
    tasks = challenge.tasks
    yield GroundTruth(TEST_CASES, expected, given, expected_fields, missing, labels, volumes)
    title = "folders named after output sockets"
    yield GroundTruth(title, sockets, images, fields, missing, labels, volumes)
    apart = {task: f"masks/{task}/{{case}}" for task in tasks}
    yield GroundTruth("masks/ with a folder for each task", apart, images, fields, missing)
    yield GroundTruth("folders named after tasks", {t: f"{t}/{{case}}" for t in tasks}, images, fields, missing)
    if len(wanted) == 1:
        yield GroundTruth("a folder of masks", {wanted[0]: "masks/{case}"}, images, fields)
        here = folder.absolute().name
        yield GroundTruth("masks alone", {wanted[0]: f"{here}/{{case}}"})


def _read_layout(challenge: Challenge, layout: GroundTruth, files: list[Path]) -> Truth:
    masks: dict[tuple[Match, str], list[Path]] = {}
    for task, text in layout.masks.items():
        pattern = Pattern(text)
        for path in files:
            match = pattern.match(path.as_posix())
            if match:
                name = find_case_name(match.case, challenge.case_suffixes)
                masks.setdefault((Match(match.root, match.split, name), task), []).append(path)
    roots = {(match.root, match.split) for match, _ in masks}
    images = _find_beside(layout.images, roots, challenge)
    fields = _find_beside(layout.field_of_view, roots, challenge)
    matches = {match for match, _ in masks} | (set(images) if layout.missing_mask == "empty" else set())
    problems = [
        f"{', '.join(map(str, paths))}: several masks of '{task}' for the case '{match.case}'; keep one"
        for (match, task), paths in masks.items()
        if len(paths) > 1
    ]
    cases = []
    for match in sorted(matches, key=lambda match: order_naturally(match.case)):
        found = {task: masks[match, task][0] for task in layout.masks if (match, task) in masks}
        absent = {task: None for task in layout.masks if layout.missing_mask == "empty"}
        parts = {task: layout.find_part(task) for task in found}
        values = _find_values(challenge, layout, match)
        cases.append(TruthCase(match.case, {**absent, **found}, fields.get(match), images.get(match), parts, values))
    names = Counter(case.name for case in cases)
    problems += [
        f"the case '{name}' is there more than once under {_list_roots(matches, name)}; give one split"
        for name, count in sorted(names.items())
        if count > 1
    ]
    return Truth(tuple(cases), layout.title, tuple(problems))


def _find_values(challenge: Challenge, layout: GroundTruth, match: Match) -> dict[str, Path]:
    """Slug to the file of the true value of a case, by the layout's patterns; in a test case, the file is expected."""
    root = Path(match.root or "/")
    named = {
        slug: root / pattern.replace("{split}", match.split).replace("{case}", match.case)
        for slug, pattern in layout.values.items()
    }
    if layout.title == TEST_CASES:
        named |= {socket.slug: root / "expected" / socket.path for socket in challenge.socket if socket.compute}
    return {slug: path for slug, path in named.items() if path.is_file()}


def _list_roots(matches: Iterable[Match], name: str) -> str:
    """The folders that hold a case of this name, for a message."""
    return " and ".join(sorted(f"{match.root}/{match.split}" for match in matches if match.case == name))


def _find_beside(patterns: tuple[str, ...], roots: set[tuple[str, str]], challenge: Challenge) -> dict[Match, Path]:
    """The files that fit a pattern in the same data set and split as the masks; the first pattern is preferred."""
    found: dict[Match, Path] = {}
    for text in patterns:
        pattern = Pattern(text)
        for root, split in sorted(roots):
            for path in sorted(Path(root or "/").glob(pattern.as_glob(split))):
                match = pattern.match(path.as_posix())
                if match and match.split in ("", split) and split_suffix(path.name)[1]:
                    name = find_case_name(match.case, challenge.case_suffixes)
                    found.setdefault(Match(root, split, name), path)
    return found


def _keep_split(truth: Truth, challenge: Challenge, split: str) -> Truth:
    if not split:
        return truth
    if split not in challenge.split:
        known = ", ".join(challenge.split) or "none"
        raise GroundTruthError(f"'{challenge.name}' has no split '{split}'; it has {known}")
    patterns = [Path(pattern) for pattern in challenge.split[split]]
    cases = tuple(case for case in truth.cases if any(Path(case.name).match(str(pattern)) for pattern in patterns))
    if not cases:
        raise GroundTruthError(f"none of the {len(truth.cases)} cases found is in the split '{split}'")
    return Truth(cases, truth.layout, truth.problems)
