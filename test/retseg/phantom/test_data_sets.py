"""Phantom data sets bear the names of the official downloads and hold the truth that was drawn."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.phantom import OctaContent, Phantom
from retseg.phantom.data_sets import (
    WRITERS,
    main,
    write_chasedb1,
    write_drac22,
    write_drive,
    write_folders,
    write_hrf,
    write_idrid,
)
from retseg.phantom.formats import write_bilevel_png, write_bilevel_tif, write_gif
from retseg.phantom.fundus import draw_fundus

SIZE = (80, 84)


def names(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


def test_drive_has_its_names_and_withholds_the_test_labels(tmp_path: Path) -> None:
    write_drive(tmp_path, 1, SIZE, 3)
    assert names(tmp_path) == {
        "training/images/21_training.tif",
        "training/1st_manual/21_manual1.gif",
        "training/mask/21_training_mask.gif",
        "test/images/01_test.tif",
        "test/mask/01_test_mask.gif",
    }


def test_drive_pixels_and_labels_are_those_of_the_phantom(tmp_path: Path) -> None:
    write_drive(tmp_path, 1, SIZE, 3)
    drawn = draw_fundus(3, SIZE)
    image = cv2.imread(str(tmp_path / "training/images/21_training.tif"))
    assert np.array_equal(image[..., ::-1], drawn.pixels)
    label = cv2.imread(str(tmp_path / "training/1st_manual/21_manual1.gif"), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(label, drawn.masks["vessel"] * 255)


def test_chasedb1_counts_eyes_left_and_right(tmp_path: Path) -> None:
    write_chasedb1(tmp_path, 3, SIZE, 0)
    for stem in ("Image_01L", "Image_01R", "Image_02L"):
        assert {f"{stem}.jpg", f"{stem}_1stHO.png", f"{stem}_2ndHO.png", f"mask/{stem}.gif"} <= names(tmp_path)
    first = cv2.imread(str(tmp_path / "Image_01L_1stHO.png"), cv2.IMREAD_GRAYSCALE) > 0
    second = cv2.imread(str(tmp_path / "Image_01L_2ndHO.png"), cv2.IMREAD_GRAYSCALE) > 0
    assert 0.5 * first.sum() < (first & second).sum() == second.sum() < first.sum()


def test_hrf_has_three_groups_and_two_spellings_of_jpg(tmp_path: Path) -> None:
    write_hrf(tmp_path, 3, SIZE, 0)
    images = {"images/01_h.jpg", "images/01_dr.JPG", "images/01_g.jpg"}
    assert names(tmp_path) == images | {"manual1/01_h.tif", "manual1/01_dr.tif", "manual1/01_g.tif"}


def test_idrid_lacks_the_masks_of_lesions_that_an_image_lacks(tmp_path: Path) -> None:
    write_idrid(tmp_path, 2, SIZE, 0)
    root = tmp_path / "A. Segmentation"
    truth = root / "2. All Segmentation Groundtruths" / "a. Training Set"
    assert (root / "1. Original Images" / "a. Training Set" / "IDRiD_02.jpg").is_file()
    assert (root / "1. Original Images" / "b. Testing Set" / "IDRiD_55.jpg").is_file()
    assert [path.name for path in (truth / "4. Soft Exudates").iterdir()] == ["IDRiD_01_SE.tif"]
    assert sorted(path.name for path in (truth / "1. Microaneurysms").iterdir()) == [
        "IDRiD_01_MA.tif",
        "IDRiD_02_MA.tif",
    ]


def test_plain_folders_pair_by_name(tmp_path: Path) -> None:
    write_folders(tmp_path, 2, SIZE, 0)
    assert names(tmp_path) == {f"{folder}/case_{number}.png" for folder in ("images", "masks") for number in (1, 2)}


@pytest.mark.parametrize(
    ("name", "folder"), [("drive", "DRIVE"), ("chasedb1", "CHASEDB1"), ("hrf", "HRF"), ("idrid", "IDRiD")]
)
def test_the_names_are_names_of_the_real_download(name: str, folder: str, data_root: Path, tmp_path: Path) -> None:
    WRITERS[name](tmp_path, 3 if name == "hrf" else 2, SIZE, 0)
    real = {path.relative_to(data_root / folder).parent for path in (data_root / folder).rglob("*") if path.is_file()}
    assert {Path(found).parent for found in names(tmp_path)} <= real
    if name != "idrid":  # of which only two images are at hand
        assert names(tmp_path) <= names(data_root / folder)


def test_no_cases_or_more_than_the_download_holds_are_refused(tmp_path: Path) -> None:
    for cases in (0, 21):
        with pytest.raises(ValueError, match="1 to 20"):
            write_drive(tmp_path, cases, SIZE, 0)


@pytest.mark.parametrize("shape", [(1, 1), (7, 9), (64, 254), (31, 333)])
def test_masks_come_back_from_every_format(shape: tuple[int, int], tmp_path: Path) -> None:
    mask = np.random.default_rng(1).random(shape) < 0.4
    write_gif(tmp_path / "a.gif", mask.astype(np.uint8) * 255)
    write_bilevel_tif(tmp_path / "a.tif", mask)
    write_bilevel_png(tmp_path / "a.png", mask)
    for suffix in ("gif", "tif", "png"):
        read = cv2.imread(str(tmp_path / f"a.{suffix}"), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(read, mask * 255), suffix


def test_drac22_has_masks_only_for_images_with_the_lesion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three training images two or three have IRMA (86 of 109), all have non-perfusion, one has neovascularization;
    the angiograms are replaced by flat ones, whose masks say what they were asked to contain."""
    monkeypatch.setattr("retseg.phantom.data_sets.draw_octa", _flat)
    write_drac22(tmp_path, 3, 0)
    root = tmp_path / "A. Segmentation"
    images = {path.stem for path in (root / "1. Original Images" / "a. Training Set").iterdir()}
    tests = {path.stem for path in (root / "1. Original Images" / "b. Testing Set").iterdir()}
    truth = root / "2. Groundtruths" / "a. Training Set"
    masks = {folder.name: {path.stem for path in folder.iterdir()} for folder in truth.iterdir()}
    assert {name: len(stems) for name, stems in masks.items()} == {
        "1. Intraretinal Microvascular Abnormalities": 2,
        "2. Nonperfusion Areas": 3,
        "3. Neovascularization": 1,
    }
    assert len(images) == 3
    assert len(tests) == 2
    assert not images & tests
    assert all(stems <= images for stems in masks.values())
    assert all(len(stem) >= 3 and stem.isdigit() for stem in images | tests)


def _flat(seed: int, difficulty: str, content: OctaContent | None) -> Phantom:
    masks = {task: np.full((16, 16), content is not None and flag) for task, flag in vars(content or ALL).items()}
    return Phantom(np.full((16, 16, 3), seed % 256, np.uint8), masks, np.ones((16, 16), np.bool_))


ALL = OctaContent(True, True, True)


def test_109_training_images_carry_the_lesions_that_drac22_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retseg.phantom.data_sets.draw_octa", _flat)
    write_drac22(tmp_path, 109, 0)
    truth = tmp_path / "A. Segmentation" / "2. Groundtruths" / "a. Training Set"
    assert [len(list(folder.iterdir())) for folder in sorted(truth.iterdir())] == [86, 106, 35]
    assert len(list((tmp_path / "A. Segmentation" / "1. Original Images" / "b. Testing Set").iterdir())) == 65


def test_drac22_images_are_8_bit_grey_of_1024_pixels(tmp_path: Path) -> None:
    write_drac22(tmp_path, 1, 7)
    (path,) = (tmp_path / "A. Segmentation" / "1. Original Images" / "a. Training Set").iterdir()
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image.shape == (1024, 1024)
    assert image.dtype == np.uint8


def test_the_command_writes_what_the_function_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drive", str(tmp_path / "typed"), "--cases", "1", "--seed", "3", "--size", "80", "84"]) == 0
    write_drive(tmp_path / "called", 1, SIZE, 3)
    assert names(tmp_path / "typed") == names(tmp_path / "called")
    for name in names(tmp_path / "called"):
        assert (tmp_path / "typed" / name).read_bytes() == (tmp_path / "called" / name).read_bytes()
    assert main(["drac22", str(tmp_path / "many"), "--cases", "110"]) == 1
    assert "110 cases of DRAC22: ask for 1 to 109" in capsys.readouterr().err
