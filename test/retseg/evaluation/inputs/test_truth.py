"""The truth is found in the official folder, in any part of it, and in plain folders."""

from pathlib import Path

import numpy as np
import pytest

from retseg.challenge import load_challenge
from retseg.evaluation.inputs.truth import GroundTruthError, find_truth

MASK = np.zeros((4, 5), np.uint8)


@pytest.mark.parametrize("part", ["", "training", "training/1st_manual"])
def test_drive_is_found_whole_by_split_and_by_its_masks(tmp_path: Path, write_image, part: str) -> None:
    root = tmp_path / "DRIVE"
    write_image(root / "training" / "1st_manual" / "21_manual1.png", MASK)
    write_image(root / "training" / "images" / "21_training.tif", MASK)
    write_image(root / "training" / "mask" / "21_training_mask.png", MASK)
    write_image(root / "test" / "images" / "01_test.tif", MASK)
    (case,) = find_truth(load_challenge("drive"), root / part).cases
    assert case.name == "21"
    assert case.masks == {"vessel": root / "training" / "1st_manual" / "21_manual1.png"}
    assert case.image == root / "training" / "images" / "21_training.tif"
    assert case.field_of_view == root / "training" / "mask" / "21_training_mask.png"


def test_a_lesion_without_mask_file_is_an_empty_truth_where_the_data_set_says_so(drac22_folder: Path) -> None:
    truth = find_truth(load_challenge("drac22"), drac22_folder)
    assert [case.name for case in truth.cases] == ["086", "285", "1299"]
    present = {case.name: [task for task, path in case.masks.items() if path] for case in truth.cases}
    assert present == {"086": ["irma", "nonperfusion", "neovascularization"], "285": ["irma"], "1299": []}
    assert truth.cases[2].masks == {"irma": None, "nonperfusion": None, "neovascularization": None}


def test_images_of_a_split_without_any_mask_are_no_cases(drac22_folder: Path, write_image) -> None:
    write_image(drac22_folder / "A. Segmentation" / "1. Original Images" / "c. Withheld" / "500.png", MASK)
    assert "500" not in [case.name for case in find_truth(load_challenge("drac22"), drac22_folder).cases]


def test_plain_folders_named_after_tasks_will_do(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "haemorrhage" / "a.png", MASK)
    write_image(tmp_path / "microaneurysm" / "a.png", MASK)
    write_image(tmp_path / "images" / "a.jpg", MASK)
    (case,) = find_truth(load_challenge("idrid"), tmp_path).cases
    assert case.masks["haemorrhage"] == tmp_path / "haemorrhage" / "a.png"
    assert case.masks["soft_exudate"] is None
    assert case.image == tmp_path / "images" / "a.jpg"


def test_masks_alone_in_a_folder_will_do_for_a_single_task(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "x.png", MASK)
    write_image(tmp_path / "y_manual1.png", MASK)
    truth = find_truth(load_challenge("drive"), tmp_path)
    assert [case.name for case in truth.cases] == ["x", "y"]


def test_a_plain_folder_of_masks_shows_the_one_task_that_is_asked_for(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "masks" / "a.png", MASK)
    write_image(tmp_path / "images" / "a.jpg", MASK)
    write_image(tmp_path / "fov" / "a.png", MASK)
    (case,) = find_truth(load_challenge("fundus"), tmp_path, tasks=["vessel"]).cases
    with pytest.raises(GroundTruthError, match="; move them there, or choose another --challenge"):
        find_truth(load_challenge("fundus"), tmp_path)
    assert case.masks == {"vessel": tmp_path / "masks" / "a.png"}
    assert (case.image, case.field_of_view) == (tmp_path / "images" / "a.jpg", tmp_path / "fov" / "a.png")


def test_masks_of_several_tasks_may_lie_in_folders_of_masks(tmp_path: Path, write_image) -> None:
    for path in ("masks/microaneurysm/a.png", "masks/haemorrhage/a.png", "images/a.jpg", "fov/a.png"):
        write_image(tmp_path / path, MASK)
    (case,) = find_truth(load_challenge("idrid"), tmp_path).cases
    assert case.masks["haemorrhage"] == tmp_path / "masks/haemorrhage/a.png" and case.masks["soft_exudate"] is None
    assert (case.image, case.field_of_view) == (tmp_path / "images" / "a.jpg", tmp_path / "fov" / "a.png")


def test_the_committed_cases_are_found_with_images_and_fields_of_view(repository: Path) -> None:
    truth = find_truth(load_challenge("drive"), repository / "test" / "cases" / "drive")
    assert len(truth.cases) == 2
    assert all(case.image and case.field_of_view for case in truth.cases)


def test_a_split_keeps_its_cases_only(tmp_path: Path, write_image) -> None:
    for name in ("Image_01L", "Image_10R", "Image_11L"):
        write_image(tmp_path / f"{name}_1stHO.png", MASK)
    challenge = load_challenge("chasedb1")
    assert [case.name for case in find_truth(challenge, tmp_path, "first20").cases] == ["Image_01L", "Image_10R"]
    assert [case.name for case in find_truth(challenge, tmp_path, "last8").cases] == ["Image_11L"]
    with pytest.raises(GroundTruthError, match="no split 'last9'; it has first20, last8"):
        find_truth(challenge, tmp_path, "last9")


def test_two_masks_of_one_case_are_a_problem(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "vessel" / "a.png", MASK)
    write_image(tmp_path / "vessel" / "a.tif", MASK)
    assert "several masks of 'vessel' for the case 'a'" in find_truth(load_challenge("drive"), tmp_path).problems[0]


def test_a_folder_without_truth_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(GroundTruthError, match=r"\{split\}/1st_manual/\{case\}_manual1"):
        find_truth(load_challenge("drive"), tmp_path)
    with pytest.raises(GroundTruthError, match="is not a folder"):
        find_truth(load_challenge("drive"), tmp_path / "absent")


@pytest.mark.parametrize(
    ("challenge", "folder", "cases", "views"),
    [
        ("drive", "DRIVE", 20, 20),
        ("chasedb1", "CHASEDB1", 28, 28),
        ("fundus", "HRF", 30, 0),
        ("idrid", "IDRiD_quarter", 22, 0),
        ("idrid", "IDRiD_quarter/A. Segmentation/2. All Segmentation Groundtruths/b. Testing Set", 18, 0),
    ],
)
def test_real_downloads_are_understood(data_root: Path, challenge: str, folder: str, cases: int, views: int) -> None:
    truth = find_truth(load_challenge(challenge), data_root / folder)
    assert len(truth.cases) == cases
    assert truth.problems == ()
    assert all(case.image for case in truth.cases)
    assert sum(case.field_of_view is not None for case in truth.cases) == views


def test_a_socket_named_like_a_task_does_not_hide_the_other_tasks(repository: Path) -> None:
    """DRAC22's socket folder `neovascularization` is also a task's name; the committed case has all three masks."""
    truth = find_truth(load_challenge("drac22"), repository / "test" / "cases" / "drac22")
    assert [set(case.masks) for case in truth.cases] == [{"irma", "nonperfusion", "neovascularization"}]
    assert all(case.masks.values() and None not in case.masks.values() for case in truth.cases)
