"""What does not fit together in a download of lesions is named before the first step, all of it at once."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.phantom.data_sets import write_idrid
from train.config.images import Source
from train.config.recipe import Recipe
from train.data.cases import DataSetError, gather_cases, list_cases
from train.data.images import load_training_images

TASKS = ("microaneurysm", "soft_exudate")
TRUTH = "A. Segmentation/2. All Segmentation Groundtruths/a. Training Set"


def test_masks_with_a_wrong_name_are_not_taken_for_images_without_the_lesion(tmp_path: Path) -> None:
    write_idrid(tmp_path / "IDRiD", 3, (96, 96), 1)
    source = Source("IDRiD", "idrid")
    assert len(list_cases(source, TASKS, tmp_path)) == 4
    folders = sorted((tmp_path / "IDRiD" / TRUTH).iterdir())
    (folders[0] / "IDRiD_01_MA.tif").rename(folders[0] / "IDRiD_01_HE.tif")
    (folders[0] / "IDRiD_02_MA.tif").rename(folders[0] / "IDRiD_2_MA.tif")
    words = r"the mask .*IDRiD_2_MA.tif has no image; .*IDRiD_01_HE.tif lies among the masks but is not named like one"
    with pytest.raises(DataSetError, match=words):
        list_cases(source, TASKS, tmp_path)


def test_a_lesion_that_no_image_has_is_no_lesion_to_learn(tmp_path: Path) -> None:
    write_idrid(tmp_path / "IDRiD", 2, (96, 96), 1)
    for path in tmp_path.rglob("*_SE.tif"):
        path.unlink()
    with pytest.raises(DataSetError, match="no image has a mask of 'soft_exudate'"):
        list_cases(Source("IDRiD", "idrid"), TASKS, tmp_path)
    assert len(list_cases(Source("IDRiD", "idrid"), TASKS[:1], tmp_path)) == 3


def test_a_healthy_source_has_an_empty_truth_whatever_masks_lie_there(tmp_path: Path) -> None:
    write_idrid(tmp_path / "IDRiD", 2, (96, 96), 1)
    cases = list_cases(Source("IDRiD", "idrid", cases=("*_01", "*_02"), healthy=True), TASKS, tmp_path)
    assert [(case.name, case.truth, case.healthy) for case in cases] == [
        (name, dict.fromkeys(TASKS), True) for name in ("IDRiD_01", "IDRiD_02")
    ]
    assert not any(case.healthy for case in list_cases(Source("IDRiD", "idrid"), TASKS, tmp_path))


def test_a_photograph_without_a_retina_is_named(data: Path, recipe: Recipe) -> None:
    for path in (data / "lines" / "fov").iterdir():
        path.unlink()
    cv2.imwrite(str(data / "lines" / "images" / "eye2.png"), np.zeros((72, 80, 3), np.uint8))
    with pytest.raises(DataSetError, match=r"1 images cannot be trained on: .*eye2.png shows no retina: leave it out"):
        load_training_images(gather_cases(recipe, data), recipe)
