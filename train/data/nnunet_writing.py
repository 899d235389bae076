"""Write the images and masks of a recipe as a `Dataset` folder of nnU-Net version 2, with the folds of the recipe."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.files import replacing_all
from retseg.image import Geometry, read_image, write_mask, write_picture
from train.data.cases import Case, DataSetError
from train.data.images import read_truth
from train.data.nnunet import DESCRIPTION, TEST, TRAINING


@dataclass(frozen=True)
class Labels:
    """How several masks become one label map.

    Attributes:
        combinations: the sets of tasks that occur together in a pixel; the label of each is its place, from 1 on.
        tasks: in the order of `dataset.json`.
    """

    combinations: tuple[frozenset[str], ...]
    tasks: tuple[str, ...]

    @property
    def overlap(self) -> bool:
        """Whether tasks occur together, so that they are regions."""
        return any(len(each) > 1 for each in self.combinations)

    def describe(self) -> dict[str, Any]:
        """The keys of `dataset.json` about labels."""
        values = {task: [n for n, each in enumerate(self.combinations, 1) if task in each] for task in self.tasks}
        if not self.overlap:
            return {"labels": {"background": 0, **{task: found[0] for task, found in values.items()}}}
        order = sorted(self.tasks, key=lambda task: -len(values[task]))
        sizes = {n: len(each) for n, each in enumerate(self.combinations, 1)}
        alone = {task: min(values[task], key=lambda n: sizes[n]) for task in order}
        regions = {task: values[task] for task in order}
        return {"labels": {"background": 0, **regions}, "regions_class_order": [alone[task] for task in order]}

    def paint(self, masks: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.uint8]:
        """The label map, uint8 (H, W), of masks, bool (H, W)."""
        codes = encode(masks, self.tasks)
        table = np.zeros(1 << len(self.tasks), np.uint8)
        for number, each in enumerate(self.combinations, 1):
            table[sum(1 << k for k, task in enumerate(self.tasks) if task in each)] = number
        return np.asarray(table[codes])


def encode(masks: Mapping[str, NDArray[np.bool_]], tasks: Sequence[str]) -> NDArray[np.int64]:
    """One number per pixel, (H, W), whose bits are the tasks that it belongs to."""
    return np.asarray(np.sum([masks[task].astype(np.int64) << k for k, task in enumerate(tasks)], axis=0), np.int64)


def plan_labels(cases: Sequence[Case], tasks: Sequence[str]) -> Labels:
    """The labels that the masks of all cases need: one for each set of tasks that occurs in a pixel.

    Raises:
        DataSetError: a mask does not fit its image, or there are more than 255 labels.
    """
    met: set[int] = set()
    for case in cases:
        met |= set(np.unique(encode(read_masks(case, tasks), tasks)).tolist())
    absent = {1 << k for k in range(len(tasks)) if not any(code >> k & 1 for code in met)}
    codes = sorted((met - {0}) | absent, key=lambda code: (code.bit_count(), code))
    if len(codes) > 255:
        raise DataSetError(f"the masks overlap in {len(codes)} ways, and a label map has 255 values: leave tasks out")
    together = (frozenset(task for k, task in enumerate(tasks) if code >> k & 1) for code in codes)
    return Labels(tuple(together), tuple(tasks))


def read_masks(case: Case, tasks: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """Task to mask, bool (H, W)."""
    height, width = read_image(case.image).pixels.shape[:2]
    return {task: read_truth(case, task, (height, width)) for task in tasks}


def write_nnunet(
    folder: Path,
    tasks: Sequence[str],
    training: Sequence[Case],
    test: Sequence[Case],
    folds: Sequence[Sequence[int]],
) -> None:
    """Write a `Dataset` folder with `splits_final.json`, which holds out the same images as our folds.

    Args:
        folder: is made; `nnUNet_preprocessed/` takes the splits of the same name.
        tasks: that become labels.
        training: images with their truth.
        test: images with their truth; may be empty.
        folds: the numbers of the training images that each fold holds out.

    Raises:
        DataSetError: the folder exists, or a mask does not fit its image.
        OutputError: it cannot be written.
    """
    if folder.exists():
        raise DataSetError(f"{folder} exists: remove it, or name another folder")
    labels = plan_labels([*training, *test], tasks)
    names = name_cases([*training, *test])
    description = {"channel_names": {"0": "R", "1": "G", "2": "B"}, **labels.describe()}
    description |= {"numTraining": len(training), "file_ending": ".png"}
    splits = describe_folds([names[case.data_set, case.name] for case in training], folds)
    with replacing_all(folder) as staging:
        for (images, truths), cases in ((TRAINING, training), (TEST, test)):
            for case in cases:
                image, name = read_image(case.image), names[case.data_set, case.name]
                write_picture(staging / images / f"{name}_0000.png", image.pixels)
                painted = labels.paint(read_masks(case, tasks))
                write_mask(staging / truths / f"{name}.png", painted, Geometry(painted.shape[::-1]))
        for file, content in ((DESCRIPTION, description), ("splits_final.json", splits)):
            (staging / file).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def describe_folds(names: Sequence[str], folds: Sequence[Sequence[int]]) -> list[dict[str, list[str]]]:
    """The content of `splits_final.json`: for each fold the names to train on, and those that are held out."""
    held_out = [set(fold) for fold in folds if fold]
    return [
        {"train": [name for k, name in enumerate(names) if k not in held], "val": [names[k] for k in sorted(held)]}
        for held in held_out
    ]


def name_cases(cases: Sequence[Case]) -> dict[tuple[str, str], str]:
    """Data set and name of each case to its name in the folder, with the data set in front where there are several."""
    several = len({case.data_set for case in cases}) > 1
    named: dict[tuple[str, str], str] = {}
    for case in cases:
        text = f"{case.data_set}_{case.name}" if several else case.name
        named[case.data_set, case.name] = re.sub(r"[^A-Za-z0-9_-]+", "-", text)
    if len(set(named.values())) < len(named):
        raise DataSetError("two images would have one name: give their files names of letters, digits, - and _")
    return named
