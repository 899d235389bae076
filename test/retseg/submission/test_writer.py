"""The archive is what the organisers accept, down to the header of a stack."""

import dataclasses
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import SimpleITK

from retseg.challenge import load_challenge
from retseg.files import OutputError
from retseg.submission import Plan, SubmissionError, SubmittedCase, plan_submission, write_submission

DRAC22, DRIVE, IDRID = load_challenge("drac22"), load_challenge("drive"), load_challenge("idrid")


def plan_drac22(size: tuple[int, int]) -> Plan:
    plan = plan_submission(DRAC22, ["402", "86", "1299"], "Team", "", any_number=True)
    return dataclasses.replace(plan, layout=dataclasses.replace(plan.layout, size=size))


def draw_case(name: str, tasks: tuple[str, ...], shape: tuple[int, int] = (6, 7)) -> SubmittedCase:
    rng = np.random.default_rng(int("".join(filter(str.isdigit, name))))
    masks = {task: rng.random(shape) < 0.3 for task in tasks}
    return SubmittedCase(name, masks, {task: rng.random(shape, dtype=np.float32) for task in tasks})


def read_stack(archive: Path, member: str, folder: Path) -> SimpleITK.Image:
    with zipfile.ZipFile(archive) as opened:
        return SimpleITK.ReadImage(opened.extract(member, folder))


def test_a_stack_holds_the_masks_in_numeric_order(tmp_path: Path) -> None:
    plan = plan_drac22((7, 6))
    cases = [draw_case(name, plan.tasks) for name in plan.names]
    members = write_submission(plan, iter(cases), tmp_path / "s.zip")
    assert members == ("Team/1.nii.gz", "Team/2.nii.gz", "Team/3.nii.gz")
    for task, member in zip(plan.tasks, members, strict=True):
        image = read_stack(tmp_path / "s.zip", member, tmp_path)
        assert image.GetPixelID() == SimpleITK.sitkUInt8
        volume = SimpleITK.GetArrayFromImage(image)
        assert volume.shape == (3, 6, 7)
        for pixels, name in zip(volume, ["86", "402", "1299"], strict=True):
            assert (pixels == draw_case(name, plan.tasks).masks[task]).all()


def test_a_stack_lies_in_space_as_the_organisers_example(data_root: Path, tmp_path: Path) -> None:
    example = SimpleITK.ImageFileReader()
    example.SetFileName(str(data_root / "DRAC22_format_example" / "1.nii.gz"))
    example.ReadImageInformation()
    plan = plan_drac22((7, 6))
    members = write_submission(plan, [draw_case(name, plan.tasks) for name in plan.names], tmp_path / "s.zip")
    image = read_stack(tmp_path / "s.zip", members[0], tmp_path)
    for get in ("GetSpacing", "GetOrigin", "GetDirection", "GetDimension"):
        assert getattr(image, get)() == getattr(example, get)(), get
    assert image.GetPixelID() == example.GetPixelID()


def test_drive_masks_are_0_and_255_under_the_names_of_the_images(tmp_path: Path) -> None:
    plan = plan_submission(DRIVE, ["01_test", "02_test"], "", "", any_number=True)
    case, other = (draw_case(name, plan.tasks) for name in plan.names)
    assert write_submission(plan, [case, other], tmp_path / "s.zip") == ("01_test.png", "02_test.png")
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        pixels = cv2.imdecode(np.frombuffer(archive.read("01_test.png"), np.uint8), cv2.IMREAD_UNCHANGED)
    assert (pixels == case.masks["vessel"] * np.uint8(255)).all()


def test_idrid_takes_grey_levels_of_each_lesion(tmp_path: Path) -> None:
    plan = plan_submission(IDRID, ["IDRiD_55"], "", "", any_number=True)
    case = draw_case("IDRiD_55", plan.tasks)
    members = write_submission(plan, [case], tmp_path / "s.zip")
    assert members[0] == "MA/IDRiD_55_MA.png"
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        pixels = cv2.imdecode(np.frombuffer(archive.read("HE/IDRiD_55_HE.png"), np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels / 255 - case.probabilities["haemorrhage"]).max() <= 0.5 / 255 + 1e-7


def test_the_same_predictions_give_the_same_bytes(tmp_path: Path) -> None:
    plan = plan_drac22((7, 6))
    for name in ("a.zip", "b.zip"):
        write_submission(plan, [draw_case(name, plan.tasks) for name in plan.names], tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize(
    ("names", "size", "tasks", "message"),
    [
        (["86", "402"], (7, 6), 3, "1 images have no prediction, the first is '1299'"),
        (["402", "86", "1299"], (7, 6), 3, "'402' is not the next of the plan"),
        (["86", "402", "1299"], (1024, 1024), 3, "is 7 x 6 pixels, wanted 1024 x 1024"),
        (["86", "402", "1299"], (7, 6), 2, "has no mask of 'neovascularization'"),
    ],
)
def test_an_incomplete_submission_leaves_nothing_behind(
    tmp_path: Path, names: list[str], size: tuple[int, int], tasks: int, message: str
) -> None:
    plan = plan_drac22(size)
    with pytest.raises(SubmissionError, match=message):
        write_submission(plan, [draw_case(name, plan.tasks[:tasks]) for name in names], tmp_path / "s.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("challenge", [DRIVE, DRAC22], ids=["files", "stacks"])
def test_on_a_full_disk_the_archive_of_before_stays(tmp_path: Path, full_disk, challenge) -> None:
    plan = plan_submission(challenge, ["1", "2"], "Team", "", any_number=True)
    plan = dataclasses.replace(plan, layout=dataclasses.replace(plan.layout, size=(70, 60)))
    cases = [draw_case(name, plan.tasks, (60, 70)) for name in plan.names]
    write_submission(plan, iter(cases), tmp_path / "s.zip")
    old = (tmp_path / "s.zip").read_bytes()
    for size in (500, len(old) - 1):
        with full_disk(size), pytest.raises(OutputError, match=r"cannot be written \(File too large\)"):
            write_submission(plan, iter(cases), tmp_path / "s.zip")
        assert [path.name for path in tmp_path.iterdir()] == ["s.zip"]
        assert (tmp_path / "s.zip").read_bytes() == old
