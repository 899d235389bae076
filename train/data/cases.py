"""Find the images and masks of a recipe, with the layouts that the evaluation uses for its ground truth."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from retseg.challenge import Challenge, load_challenge
from retseg.challenge.layout import Part
from retseg.errors import RetsegError
from retseg.evaluation.inputs.truth import TruthCase, find_truth
from retseg.files import IMAGE_SUFFIXES, has_suffix
from train.config.images import Source, Supplement
from train.config.recipe import Recipe
from train.data.nnunet import read_nnunet


class DataSetError(RetsegError):
    """A data set is absent, or its images and masks do not fit together; the message says what to do."""


class AbsentError(DataSetError):
    """A data set, or the truth of the wanted part of it, is not there.

    Attributes:
        reason: the message without the folder of the data sets, for results that are read on other machines.
    """

    def __init__(self, source: Source, data: Path, reason: str) -> None:
        self.reason = f"{source.folder} {reason}"
        super().__init__(f"{data / source.folder} {reason}")


@dataclass(frozen=True)
class Case:
    """One image to train on.

    Attributes:
        name: of the image, without its suffix and without endings that name its split.
        data_set: its folder in the folder of data sets; `name` is unique in it.
        image: its file.
        truth: task to the file of its mask; None where the image does not have the lesion. The image has no truth for a
            task that is not a key.
        field_of_view: the file of its field-of-view mask, where the data set has one.
        patient: all images of a patient are in one fold.
        supplement: that the image belongs to; None for an image of a source.
        healthy: whether the eye is known to have no lesion.
        parts: task to the part of its mask's file that shows it; the whole file where a task is no key.
    """

    name: str
    data_set: str
    image: Path
    truth: Mapping[str, Path | None]
    field_of_view: Path | None
    patient: str
    supplement: Supplement | None = None
    healthy: bool = False
    parts: Mapping[str, Part] = field(default_factory=dict)

    def has_truth(self, task: str) -> bool:
        """Whether the image has a truth for the task."""
        return task in self.truth

    @property
    def eye(self) -> tuple[str, str]:
        """The data set and the patient; an image of a supplement has those of the source that shows the same eye."""
        return (self.supplement.eyes if self.supplement and self.supplement.eyes else self.data_set, self.patient)


def gather_cases(recipe: Recipe, data: Path) -> tuple[Case, ...]:
    """The cases of all sources of a recipe, in the order of their names, then those of its supplements.

    Raises:
        DataSetError: a data set is absent, or images and masks do not pair; all of them are named.
    """
    sources = [case for source in recipe.source for case in list_cases(source, recipe.tasks, data)]
    patients = {(case.data_set, case.name): case.patient for case in sources}
    return (*sources, *(case for each in recipe.supplement for case in list_supplement(each, patients, data)))


def list_supplement(supplement: Supplement, patients: Mapping[tuple[str, str], str], data: Path) -> tuple[Case, ...]:
    """The cases of a supplement, with a truth for its tasks only.

    Args:
        supplement: of the recipe.
        patients: data set and name of each source's image, to its patient.
        data: the folder of the data sets.
    """
    source = Source(supplement.folder, supplement.challenge, supplement.split, healthy=supplement.healthy)
    return tuple(
        replace(
            case,
            truth={task: case.truth[task] for task in supplement.tasks},
            patient=patients.get((supplement.eyes, case.name), case.patient),
            supplement=supplement,
        )
        for case in list_cases(source, supplement.tasks, data)
    )


def gather_test_cases(recipe: Recipe, data: Path) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """The cases of a recipe's test, and a sentence for each optional source that is not there.

    Raises:
        DataSetError: a source that is not optional is absent, or images and masks do not pair.
    """
    found: list[Case] = []
    left_out = []
    for source in recipe.test:
        try:
            found += list_cases(source, recipe.tasks, data)
        except AbsentError as error:
            if not source.optional:
                raise
            left_out.append(error.reason)
    return tuple(found), tuple(left_out)


def find_challenge(source: Source, data: Path) -> Challenge | None:
    """The challenge that says how a source is laid out; None for a folder of nnU-Net, which says so itself."""
    if not source.challenge:
        return None
    own = source.challenge.endswith(".toml")
    return load_challenge(data / source.challenge if own else source.challenge)


def list_cases(source: Source, tasks: tuple[str, ...], data: Path) -> tuple[Case, ...]:
    """The cases of one source that belong to its split and fit its patterns."""
    challenge, folder = find_challenge(source, data), data / source.folder
    if not folder.is_dir():
        whence = f": put the official download in it, from {challenge.source}" if challenge else ""
        raise AbsentError(source, data, f"is not there{whence}")
    truth = find_truth(challenge, folder, tasks=tasks) if challenge else read_nnunet(folder, tasks, source.split)
    if source.healthy:  # masks of other structures may lie there
        no_lesion = dict.fromkeys(tasks)
        truth = replace(truth, cases=tuple(replace(case, masks=no_lesion) for case in truth.cases if case.image))
    problems = [*truth.problems, *([] if source.healthy else find_unpaired(truth.cases, tasks))]
    if problems:
        raise DataSetError(f"images and masks in {folder} do not fit together: {'; '.join(problems)}")
    patterns = (*challenge.split[source.split],) if challenge and source.split else source.cases
    kept = [case for case in truth.cases if any(Path(case.name).match(pattern) for pattern in patterns)]
    if source.with_lesion:
        kept = [case for case in kept if all(case.masks.get(task) for task in tasks)]
    if len(kept) < source.count:
        wanted = f"the split '{source.split}'" if source.split else ", ".join(patterns)
        whence = f", from {challenge.source}" if challenge else ""
        raise AbsentError(
            source,
            data,
            f"holds {len(kept)} of the {source.count} images of {wanted} with their truth: put the whole official "
            f"download in it{whence}",
        )
    if not kept:
        lesions = " and has a mask of each task" if source.with_lesion else ""
        wanted = f"none of which fits {', '.join(patterns)}{lesions}"
        raise AbsentError(source, data, f"holds {len(truth.cases)} images with a truth, {wanted}")
    return tuple(name_case(case, source) for case in kept)


def find_unpaired(cases: tuple[TruthCase, ...], tasks: tuple[str, ...]) -> list[str]:
    """A sentence for each mask without an image, image without a mask, and task that an image has no truth for."""
    images = {case.image for case in cases if case.image}
    folders = {(image.parent, image.suffix.lower()) for image in images}
    beside = {path for folder, _ in folders for path in folder.iterdir()}
    alone = sorted(path for path in beside - images if (path.parent, path.suffix.lower()) in folders)
    problems = [f"the image {path.name} has no mask" for path in alone]
    for case in cases:
        if not case.image:
            problems.append(f"the mask {next(str(mask) for mask in case.masks.values() if mask)} has no image")
        problems += [f"{case.name} has no truth for '{task}'" for task in tasks if task not in case.masks]
    return [*problems, *find_misnamed(cases, tasks)]


def find_misnamed(cases: tuple[TruthCase, ...], tasks: tuple[str, ...]) -> list[str]:
    """A sentence for each file among the masks whose name fits no image, and for each task without any mask.

    A missing mask may mean that the image does not have the lesion, so a misnamed mask must not count as missing.
    """
    masks = {path for case in cases for path in case.masks.values() if path}
    others = {path for case in cases for path in (case.image, case.field_of_view) if path}
    folders = sorted({path.parent for path in masks} - {path.parent for path in others})
    strays = [path for folder in folders for path in sorted(folder.iterdir()) if path not in masks]
    problems = [
        f"{path} lies among the masks but is not named like one" for path in strays if has_suffix(path, IMAGE_SUFFIXES)
    ]
    lacking = [task for task in tasks if cases and not any(case.masks.get(task) for case in cases)]
    return problems + [f"no image has a mask of '{task}'" for task in lacking]


def name_case(case: TruthCase, source: Source) -> Case:
    """A case with its patient: the first group of the source's expression in the name of the image."""
    found = re.search(source.patient, case.name) if source.patient else None
    patient = found.group(1) if found else case.name
    assert case.image is not None
    files = case.image, case.masks, case.field_of_view
    return Case(case.name, source.folder, *files, patient, healthy=source.healthy, parts=case.parts)
