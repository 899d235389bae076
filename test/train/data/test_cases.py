"""What does not fit together in a download of lesions is named before the first step, all of it at once."""

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.phantom.data_sets import write_drive, write_idrid
from retseg.preprocessing import find_working_size
from train.config.images import Source
from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.data.cases import AbsentError, DataSetError, gather_cases, gather_test_cases, list_cases
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


def test_an_official_split_is_used_when_all_of_it_is_there_and_refused_with_the_folder_when_not(tmp_path: Path) -> None:
    write_idrid(tmp_path / "IDRiD", 3, (96, 96), 1)
    training = Source("IDRiD", "idrid", "training", count=3)
    assert [case.name for case in list_cases(training, TASKS, tmp_path)] == ["IDRiD_01", "IDRiD_02", "IDRiD_03"]
    folder = tmp_path / "IDRiD"
    with pytest.raises(
        AbsentError, match=rf"{folder} holds 3 of the 54 images of the split 'training' with their truth"
    ):
        list_cases(replace(training, count=54), TASKS, tmp_path)


def test_drives_test_labels_are_asked_for_by_the_official_variant_alone(tmp_path: Path) -> None:
    """The phantoms are as grand-challenge.org gives DRIVE: the images of the test come without their labels."""
    write_drive(tmp_path / "DRIVE", 20, (64, 64), 1)
    for name in ("sccu-drive-e5", "keras-256-silu-se"):
        usual, official = load_recipe(name), load_recipe(name, ["width=cpu+official"])
        assert gather_test_cases(usual, tmp_path) == ((), ()) and len(gather_cases(official, tmp_path)) == 20
        with pytest.raises(AbsentError, match=r"DRIVE holds 0 of the 20 images of the split 'test'"):
            gather_test_cases(official, tmp_path)
    (tmp_path / "DRIVE" / "test" / "1st_manual").mkdir()
    for number in range(1, 21):
        label = tmp_path / "DRIVE" / "test" / "1st_manual" / f"{number:02d}_manual1.gif"
        shutil.copy(tmp_path / "DRIVE" / "training" / "1st_manual" / f"{number + 20}_manual1.gif", label)
    assert len(gather_test_cases(official, tmp_path)[0]) == len(gather_cases(official, tmp_path)) == 20


def test_the_official_split_of_red_seg_is_54_and_27_seen_at_a_quarter_of_their_scale() -> None:
    recipe = load_recipe("redseg", ["width=official"])
    counts = [(source.folder, source.split, source.count) for source in (*recipe.source, *recipe.test)]
    assert counts == [("IDRiD", "training", 54), ("IDRiD", "test", 27)]
    assert find_working_size((4288, 2848), recipe.framing, recipe.preprocessing) == (1072, 712)
