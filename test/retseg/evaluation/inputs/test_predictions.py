"""Predictions are found where the project, the platform and participants put them."""

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import SimpleITK

from retseg.challenge import load_challenge
from retseg.evaluation.inputs.predictions import PredictionsError, find_predictions
from retseg.evaluation.inputs.sources import SourceError

MASK = np.zeros((4, 5), np.uint8)
DRIVE, IDRID, DRAC22 = load_challenge("drive"), load_challenge("idrid"), load_challenge("drac22")


def list_found(found) -> set[tuple[str, str]]:
    return {(candidate.case, candidate.task) for candidate in found.candidates}


def test_what_retseg_predict_writes_is_understood(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "vessel" / "21_training.png", MASK)
    write_image(tmp_path / "vessel" / "21_training_probability.png", MASK.astype(np.uint16))
    found = find_predictions(DRIVE, tmp_path, ["21"])
    assert [(c.case, c.task) for c in found.candidates] == [("21", "vessel"), ("21", "vessel")]
    assert found.problems == ()


def test_what_process_writes_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "01" / "images" / "binary-vessel-segmentation" / "x.mha"
    path.parent.mkdir(parents=True)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(MASK), str(path))
    found = find_predictions(DRIVE, tmp_path, ["x"])
    assert list_found(found) == {("x", "vessel")}
    assert found.candidates[0].source.read().shape == (4, 5)


@pytest.mark.parametrize(
    "name", ["MA/IDRiD_55_MA.png", "microaneurysm/IDRiD_55.png", "IDRiD_55_MA.tif", "sub/IDRiD_55_ma.png"]
)
def test_a_lesion_is_told_by_folder_or_ending(tmp_path: Path, write_image, name: str) -> None:
    write_image(tmp_path / name, MASK)
    assert list_found(find_predictions(IDRID, tmp_path, ["IDRiD_55"])) == {("IDRiD_55", "microaneurysm")}


def test_overlays_and_measures_beside_the_masks_are_no_predictions(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "microaneurysm/IDRiD_55.png", MASK)
    write_image(tmp_path / "overlay/IDRiD_55.png", MASK)
    (tmp_path / "measures").mkdir()
    (tmp_path / "measures/IDRiD_55.csv").write_text("image,task,measure,value,unit\n")
    (tmp_path / "run.json").write_text("{}")
    found = find_predictions(IDRID, tmp_path, ["IDRiD_55"])
    assert list_found(found) == {("IDRiD_55", "microaneurysm")}
    assert found.problems == ()


def test_a_file_of_no_known_task_is_a_problem(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "IDRiD_55.png", MASK)
    (problem,) = find_predictions(IDRID, tmp_path, []).problems
    assert "IDRiD_55.png: shows no known task" in problem


def test_an_archive_reads_as_the_folder_that_it_was_made_of(tmp_path: Path, write_image) -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (4, 5)).astype(np.uint16)
    path = write_image(tmp_path / "vessel" / "01_test_probability.png", pixels)
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.write(path, "Team/vessel/01_test_probability.png")
    (candidate,) = find_predictions(DRIVE, tmp_path / "p.zip", []).candidates
    assert (candidate.case, candidate.task) == ("01", "vessel")
    assert (candidate.source.read() == pixels).all()
    assert candidate.source.name == "p.zip:Team/vessel/01_test_probability.png"


@pytest.mark.parametrize("zipped", [False, True])
def test_a_stack_has_a_slice_for_each_case_in_numeric_order(tmp_path: Path, zipped: bool) -> None:
    """Slice i holds the value i; the cases 86, 402, 1299 are slices 0, 1, 2, though 1299 is first as a text."""
    volume = np.stack([np.full((4, 5), index, np.uint8) for index in range(3)])
    for label in "123":
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(volume), str(tmp_path / f"{label}.nii.gz"))
    place = tmp_path
    if zipped:
        place = tmp_path / "p.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for label in "123":
                archive.write(tmp_path / f"{label}.nii.gz", f"Team/{label}.nii.gz")
    found = find_predictions(DRAC22, place, ["1299", "402", "086"])
    values = {(c.case, c.task): int(c.source.read()[0, 0]) for c in found.candidates}
    assert values == {(case, task): index for index, case in enumerate(("086", "402", "1299")) for task in DRAC22.tasks}
    again = next(c for c in found.candidates if c.case == "086")
    assert again.source.read()[0, 0] == 0, "a stack can be read again from its start"


def test_a_stack_of_another_depth_is_a_problem(tmp_path: Path) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.zeros((3, 4, 5), np.uint8)), str(tmp_path / "1.nii.gz"))
    (problem,) = find_predictions(DRAC22, tmp_path, ["1", "2"]).problems
    assert "1.nii.gz: has 3 slices, the truth 2 cases" in problem


def test_the_organisers_example_is_read_without_unpacking(data_root: Path) -> None:
    names = [f"{number}" for number in range(65)]
    found = find_predictions(DRAC22, data_root / "DRAC22_format_example", names)
    assert len(found.candidates) == 3 * 65
    filled = dict.fromkeys(DRAC22.tasks, 0)
    for candidate in found.candidates:
        filled[candidate.task] += int(candidate.source.read().any())
    assert list(filled.values()) == [24, 62, 22]


def write_job(root: Path, pk: str, name: str, key: str, files: int = 1, status: str = "Succeeded") -> dict[str, object]:
    relative = "images/binary-vessel-segmentation"
    for number in range(files):
        path = root / pk / "output" / relative / f"{number}.mha"
        path.parent.mkdir(parents=True, exist_ok=True)
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(MASK), str(path))
    return {
        "pk": pk,
        "status": status,
        "inputs": [{key: {"slug": "color-fundus-image"}, "image": {"name": name}}],
        "outputs": [{key: {"slug": "binary-vessel-segmentation", "relative_path": relative}}],
    }


@pytest.mark.parametrize("key", ["socket", "interface"])
def test_jobs_of_the_platform_are_matched_by_the_uploaders_file_name(tmp_path: Path, key: str) -> None:
    jobs = [write_job(tmp_path, "b" * 8, "02_test.tif", key), write_job(tmp_path, "a" * 8, "01_test.tif", key)]
    (tmp_path / "predictions.json").write_text(json.dumps(jobs))
    found = find_predictions(DRIVE, tmp_path, ["01", "02"])
    assert list_found(found) == {("01", "vessel"), ("02", "vessel")}
    assert found.problems == ()


def test_jobs_that_cannot_be_scored_are_all_named(tmp_path: Path) -> None:
    jobs = [
        write_job(tmp_path, "none", "01_test.tif", "socket", files=0),
        write_job(tmp_path, "two", "02_test.tif", "socket", files=2),
        write_job(tmp_path, "failed", "03_test.tif", "socket", status="Failed"),
        {"pk": "../up", "inputs": [], "outputs": []},
    ]
    jobs.append(write_job(tmp_path, "leaves", "05_test.tif", "socket"))
    jobs[-1]["outputs"][0]["socket"]["relative_path"] = "../../other"  # type: ignore[index]
    (tmp_path / "predictions.json").write_text(json.dumps(jobs))
    found = find_predictions(DRIVE, tmp_path, [])
    assert found.candidates == ()
    text = "\n".join(found.problems)
    for part in ("0 images for 01", "2 images for 02", "status is 'Failed'", "'../up'", "leaves the job"):
        assert part in text
    assert len(found.problems) == 5


def test_nothing_to_score_is_said(tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match="holds no image"):
        find_predictions(DRIVE, tmp_path, [])
    with pytest.raises(PredictionsError, match="do not exist"):
        find_predictions(DRIVE, tmp_path / "absent", [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be decoded as an image"),
        (b"BM" + bytes(16) + (60000).to_bytes(4, "little") * 2 + b"\1\0\x18" + bytes(40), "or of an old form"),
        (cv2.imencode(".png", np.zeros((4, 5), np.uint8))[1].tobytes()[:-20], "is truncated or damaged"),
        (cv2.imencode(".png", np.arange(60, dtype=np.uint8).reshape(4, 5, 3))[1].tobytes(), "is a colour image"),
    ],
)
def test_members_that_are_no_masks_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("01_test.png", content)
    (candidate,) = find_predictions(DRIVE, tmp_path / "p.zip", []).candidates
    with pytest.raises(SourceError, match=rf"01_test\.png.*{message}"):
        candidate.source.read()


@pytest.mark.parametrize("source", ["{truth}", "../truth.raw", "LIST\n../truth.raw"])
def test_a_prediction_that_names_the_truth_as_its_pixels_is_refused(tmp_path: Path, source: str) -> None:
    """A submission scored Dice 1.0 with the truth itself."""
    (tmp_path / "truth.raw").write_bytes(bytes(20))
    lines = ["ObjectType = Image", "NDims = 2", "BinaryData = True", "DimSize = 5 4", "ElementType = MET_UCHAR"]
    lines.append(f"ElementDataFile = {source.format(truth=tmp_path / 'truth.raw')}")
    (tmp_path / "in/vessel").mkdir(parents=True)
    (tmp_path / "in/vessel/21.mha").write_text("\n".join(lines) + "\n")
    (candidate,) = find_predictions(DRIVE, tmp_path / "in", ["21"]).candidates
    with pytest.raises(SourceError, match="ElementDataFile must be LOCAL"):
        candidate.source.read()


def test_a_prediction_that_is_a_link_to_the_truth_is_refused(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "truth.png", MASK)
    (tmp_path / "in/vessel").mkdir(parents=True)
    (tmp_path / "in/vessel/21.png").symlink_to(tmp_path / "truth.png")
    with pytest.raises(PredictionsError, match=r"vessel/21\.png is a link that leaves"):
        find_predictions(DRIVE, tmp_path / "in", ["21"])


def test_an_output_of_a_job_that_is_a_link_to_the_truth_is_a_problem(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "truth.tif", MASK)
    socket = {"slug": "binary-vessel-segmentation", "relative_path": "images/vessels"}
    given = {"socket": {"slug": "color-fundus-image"}, "image": {"name": "21_test.tif"}}
    (tmp_path / "in/a/output/images/vessels").mkdir(parents=True)
    (tmp_path / "in/a/output/images/vessels/x.tif").symlink_to(tmp_path / "truth.tif")
    jobs = [{"pk": "a", "status": "Succeeded", "inputs": [given], "outputs": [{"socket": socket}]}]
    (tmp_path / "in/predictions.json").write_text(json.dumps(jobs))
    found = find_predictions(DRIVE, tmp_path / "in", ["21"])
    assert found.candidates == ()
    assert "is a link that leaves the job" in found.problems[0]
