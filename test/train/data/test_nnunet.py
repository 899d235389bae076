"""A `Dataset` folder of nnU-Net is a source of a training, and what is written as one is read back the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from retseg.image import Geometry, read_mask, write_mask, write_picture
from train import cli
from train.config.images import Source
from train.data.cases import DataSetError, list_cases
from train.data.images import read_truth
from train.data.nnunet import NnunetError, read_labels
from train.data.nnunet_writing import plan_labels, write_nnunet

LABELS = {"background": 0, "Optic disc": 1, "optic cup": 2}
TASKS = ("optic_disc", "optic_cup")


def write_dataset(folder: Path, labels: object = LABELS, ending: str = ".png") -> None:
    """Three cases of 40 x 30 pixels with a square of each label 1, 2 and 3."""
    for number in (1, 2, 10):
        image = np.full((30, 40, 3), 100 + number, np.uint8)
        write_picture(folder / "imagesTr" / f"eye_{number}_0000{ending}", image)
        label = np.zeros((30, 40), np.uint8)
        for value in (1, 2, 3):
            label[5 : 5 + number, 10 * value : 10 * value + 5] = value
        write_mask(folder / "labelsTr" / f"eye_{number}{ending}", label, Geometry((40, 30)))
    description = {"channel_names": {"0": "R", "1": "G", "2": "B"}, "numTraining": 3, "file_ending": ending}
    (folder / "dataset.json").write_text(json.dumps({**description, "labels": labels}))


def test_cases_have_the_masks_of_their_labels_in_natural_order(tmp_path: Path) -> None:
    write_dataset(tmp_path / "Dataset501_Discs")
    cases = list_cases(Source("Dataset501_Discs"), TASKS, tmp_path)
    assert [case.name for case in cases] == ["eye_1", "eye_2", "eye_10"]
    assert [int(read_truth(cases[2], task, (30, 40)).sum()) for task in TASKS] == [50, 50]
    assert read_truth(cases[0], "optic_cup", (30, 40))[5, 20:25].all()


def test_a_source_takes_some_cases_and_their_patients_as_any_other(tmp_path: Path) -> None:
    write_dataset(tmp_path / "Dataset501_Discs")
    source = Source("Dataset501_Discs", cases=("eye_1*",), patient=r"eye_(\d)")
    assert [(case.name, case.patient) for case in list_cases(source, TASKS, tmp_path)] == [
        ("eye_1", "1"),
        ("eye_10", "1"),
    ]


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ({"background": 0, "whole": [1, 2], "core": [2]}, {"whole": (1, 2), "core": (2,)}),
        ({"0": "background", "1": "vessel"}, {"vessel": (1,)}),
    ],
)
def test_regions_and_the_labels_of_version_1_are_read(labels: dict[str, object], wanted: object, tmp_path) -> None:
    assert read_labels({"labels": labels}, tmp_path) == wanted


def test_what_is_missing_in_a_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "Dataset501_Discs"
    source = Source("Dataset501_Discs")
    with pytest.raises(DataSetError, match="is not there"):
        list_cases(source, TASKS, tmp_path)
    folder.mkdir()
    with pytest.raises(NnunetError, match=r"dataset.json cannot be read"):
        list_cases(source, TASKS, tmp_path)
    write_dataset(folder)
    with pytest.raises(NnunetError, match=r"has no label vessel: its labels are optic_disc, optic_cup"):
        list_cases(source, ("vessel",), tmp_path)
    write_picture(folder / "imagesTr" / "eye_2_0001.png", np.zeros((30, 40, 3), np.uint8))
    with pytest.raises(NnunetError, match="further channels in files of their own"):
        list_cases(source, TASKS, tmp_path)
    (folder / "imagesTr" / "eye_2_0001.png").unlink()
    (folder / "labelsTr" / "eye_2.png").unlink()
    with pytest.raises(NnunetError, match=r"eye_2_0000.png has no label map"):
        list_cases(source, TASKS, tmp_path)
    with pytest.raises(NnunetError, match="every pixel counts here"):
        read_labels({"labels": {"disc": 1, "ignore": 2}}, folder)


def test_what_is_written_is_read_back_with_the_same_masks(tmp_path: Path) -> None:
    write_dataset(tmp_path / "Dataset501_Discs")
    cases = list_cases(Source("Dataset501_Discs"), TASKS, tmp_path)
    write_nnunet(tmp_path / "Dataset502_Again", TASKS, cases, cases[:1], [(0,), (1, 2)])
    description = json.loads((tmp_path / "Dataset502_Again" / "dataset.json").read_text())
    assert description["labels"] == {"background": 0, "optic_disc": 1, "optic_cup": 2}
    assert (description["numTraining"], description["file_ending"]) == (3, ".png")
    again = list_cases(Source("Dataset502_Again"), TASKS, tmp_path)
    for case, other in zip(cases, again, strict=True):
        for task in TASKS:
            assert (read_truth(case, task, (30, 40)) == read_truth(other, task, (30, 40))).all()
    assert [case.name for case in list_cases(Source("Dataset502_Again", split="test"), TASKS, tmp_path)] == ["eye_1"]
    splits = json.loads((tmp_path / "Dataset502_Again" / "splits_final.json").read_text())
    assert splits[0] == {"train": ["eye_2", "eye_10"], "val": ["eye_1"]}
    with pytest.raises(DataSetError, match="exists: remove it"):
        write_nnunet(tmp_path / "Dataset502_Again", TASKS, cases, (), [])


def test_tasks_that_overlap_become_regions(tmp_path: Path) -> None:
    """The cup lies in the disc: pixels of the disc alone are 1, those of both 2. A cup is painted over its disc."""
    write_dataset(tmp_path / "Dataset501_Discs", {"background": 0, "optic disc": [1, 2], "optic cup": [2]})
    cases = list_cases(Source("Dataset501_Discs"), TASKS, tmp_path)
    labels = plan_labels(cases, TASKS)
    assert labels.overlap
    write_nnunet(tmp_path / "Dataset502_Again", TASKS, cases, (), [])
    description = json.loads((tmp_path / "Dataset502_Again" / "dataset.json").read_text())
    assert description["labels"] == {"background": 0, "optic_disc": [1, 2], "optic_cup": [2]}
    assert description["regions_class_order"] == [1, 2]
    found = read_mask(tmp_path / "Dataset502_Again" / "labelsTr" / "eye_2.png")
    assert sorted(set(found.ravel().tolist())) == [0, 1, 2]


def test_the_command_writes_the_images_of_a_recipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_dataset(tmp_path / "Dataset501_Discs")
    recipe = (
        'title = "t"\nmodality = "slo"\nfield_of_view = "frame"\ntasks = ["optic_disc", "optic_cup"]\ndata = "d"\n'
        'terms = "t"\nfolds = 3\n[[source]]\nfolder = "Dataset501_Discs"\n[network]\narchitecture = "unet"\n'
        '[[stage]]\nsteps = 1\nlearning_rate = 1e-3\nloss = { name = "bce_dice" }\n'
    )
    (tmp_path / "discs.toml").write_text(recipe)
    output = tmp_path / "Dataset503_Discs"
    command = ["nnunet", str(tmp_path / "discs.toml"), "--data", str(tmp_path), "--output", str(output)]
    assert cli.main(command) == 0
    assert "3 training and 0 test images, labels optic_disc, optic_cup" in capsys.readouterr().out
    assert len(json.loads((output / "splits_final.json").read_text())) == 3
    assert len(list((output / "imagesTr").glob("*_0000.png"))) == 3
