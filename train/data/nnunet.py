"""Read a `Dataset` folder of nnU-Net (version 1 or 2, two-dimensional images) as a source.

An nnU-Net case is `imagesTr/NAME_0000.png` with its label map `labelsTr/NAME.png`; `dataset.json` names the labels. A
label may be a region, a list of values, so that tasks may overlap.
"""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from retseg.challenge.layout import Part
from retseg.errors import RetsegError
from retseg.evaluation.inputs.matching import order_naturally
from retseg.evaluation.inputs.truth import Truth, TruthCase

DESCRIPTION = "dataset.json"
TRAINING, TEST = ("imagesTr", "labelsTr"), ("imagesTs", "labelsTs")
"""The folders of images and labels."""


class NnunetError(RetsegError):
    """A folder cannot be read as one of nnU-Net; the message names the file and the remedy."""


def read_nnunet(folder: Path, tasks: Sequence[str], split: str = "") -> Truth:
    """The cases of an nnU-Net folder.

    Args:
        folder: holds `dataset.json`.
        tasks: that are wanted; each is a label, with `_` for every other sign than letters and digits.
        split: `test` for `imagesTs` and `labelsTs`; otherwise the training images.

    Raises:
        NnunetError: the folder is not one, has not these labels, or has images of several files.
    """
    description = _read_description(folder)
    labels = read_labels(description, folder)
    lacking = [task for task in tasks if task not in labels]
    if lacking:
        raise NnunetError(f"{folder} has no label {', '.join(lacking)}: its labels are {', '.join(labels)}")
    ending = str(description.get("file_ending", ".nii.gz"))
    pictures, truths = TEST if split == "test" else TRAINING
    parts = {task: Part(labels[task]) for task in tasks}
    cases = []
    for image in sorted((folder / pictures).glob(f"*_0000{ending}")):
        name = image.name.removesuffix(f"_0000{ending}")
        if (folder / pictures / f"{name}_0001{ending}").exists():
            raise NnunetError(f"{image} has further channels in files of their own: save each image as one RGB file")
        label = folder / truths / f"{name}{ending}"
        if not label.is_file():
            raise NnunetError(f"the image {image} has no label map {label}: add it, or leave the image out")
        cases.append(TruthCase(name, dict.fromkeys(tasks, label), None, image, parts))
    if not cases:
        raise NnunetError(f"{folder / pictures} holds no file named NAME_0000{ending}: nnU-Net names images so")
    return Truth(tuple(sorted(cases, key=lambda case: order_naturally(case.name))), "an nnU-Net folder")


def read_labels(description: Mapping[str, Any], folder: Path) -> dict[str, tuple[int, ...]]:
    """Task to the values of the label map that belong to it, without the background.

    Raises:
        NnunetError: there are no labels, or one is to be ignored.
    """
    given = description.get("labels")
    if not isinstance(given, Mapping):
        raise NnunetError(f"{folder / DESCRIPTION} has no table 'labels': write label to value, as nnU-Net does")
    pairs = [(key, value) if not str(key).isdigit() else (value, int(key)) for key, value in given.items()]
    found = {}
    for name, value in pairs:
        values = tuple(int(each) for each in value) if isinstance(value, list) else (int(value),)
        word = re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")
        if word == "ignore":
            raise NnunetError(f"{folder} has a label 'ignore', and every pixel counts here: give these pixels a label")
        if values != (0,):
            found[word] = values
    return found


def _read_description(folder: Path) -> Mapping[str, Any]:
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NnunetError(f"{path} cannot be read ({error}): it must be the dataset.json of nnU-Net") from error
    if not isinstance(description, Mapping):
        raise NnunetError(f"{path} is no JSON object: it must be the dataset.json of nnU-Net")
    return description
