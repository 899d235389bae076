"""The old contract: folders of images without inputs.json, held against evalutils itself in test_evalutils.py."""

import json

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg.container import ContractError, Job, run_job
from retseg.image import ImageError


def _files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path):
    """An empty input folder."""
    (tmp_path / "input").mkdir()
    return tmp_path / "input"


def test_every_image_gets_a_mask_of_its_name_and_everything_else_a_line(folder, draw, predict, one_task, tmp_path):
    (folder / "deeper").mkdir()
    sitk.WriteImage(draw(1), str(folder / "b.mha"))
    sitk.WriteImage(draw(2), str(folder / "deeper/a.png"))
    (folder / "expected_output.json").write_text("[]")
    (folder / "broken.png").write_bytes((folder / "deeper/a.png").read_bytes()[:500])
    said = []
    run_job(Job(folder, tmp_path / "output", one_task), predict, said.append)

    assert _files(tmp_path / "output") == ["images/a.png", "images/b.mha", "results.json"]
    records = json.loads((tmp_path / "output/results.json").read_text())
    assert records == [
        {
            "outputs": [{"type": "metaio_image", "filename": name}],
            "inputs": [{"type": "metaio_image", "filename": name}],
            "error_messages": [],
        }
        for name in ("b.mha", "a.png")
    ]
    assert any(line.startswith("skipped") and "expected_output.json" in line for line in said)
    assert any(line.startswith("warning: skipped") and "broken.png" in line for line in said)


def test_names_may_begin_with_the_same_number_and_images_may_be_alike(folder, draw, predict, one_task, tmp_path):
    """The validators of evalutils refuse both."""
    for name in ("1_left", "1_right"):
        sitk.WriteImage(draw(1), str(folder / f"{name}.mha"))
    run_job(Job(folder, tmp_path / "output", one_task), predict, print)

    assert _files(tmp_path / "output") == ["images/1_left.mha", "images/1_right.mha", "results.json"]


def test_a_challenge_with_several_tasks_writes_a_folder_for_each(folder, draw, predict, challenge, tmp_path):
    sitk.WriteImage(draw(), str(folder / "a.mha"))
    run_job(Job(folder, tmp_path / "output", challenge), predict, print)
    names = ["vessel/a.mha", "haemorrhage/a.mha"]
    assert _files(tmp_path / "output") == sorted([*(f"images/{name}" for name in names), "results.json"])
    (entry,) = json.loads((tmp_path / "output/results.json").read_text())
    assert [output["filename"] for output in entry["outputs"]] == names
    values = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "output/images/haemorrhage/a.mha")))
    assert set(np.unique(values)) == {3, 7}


def test_a_jpeg_gets_a_lossless_mask_because_jpeg_would_change_its_values(folder, draw, predict, one_task, tmp_path):
    sitk.WriteImage(draw(), str(folder / "a.jpg"))
    run_job(Job(folder, tmp_path / "output", one_task), predict, print)
    assert _files(tmp_path / "output") == ["images/a.mha", "results.json"]
    assert set(np.unique(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "output/images/a.mha"))))) == {0, 1}


def test_two_images_of_one_name_are_refused_and_nothing_is_written(folder, draw, predict, one_task, tmp_path):
    for name in ("left", "right"):
        (folder / name).mkdir()
        sitk.WriteImage(draw(), str(folder / name / "a.mha"))
    with pytest.raises(ContractError, match=r"left/a\.mha and .*right/a\.mha would both"):
        run_job(Job(folder, tmp_path / "output", one_task), predict, print)
    assert _files(tmp_path / "output") == []


def test_a_volume_among_the_images_is_an_error_because_evalutils_would_give_it_a_mask(
    folder, draw, predict, one_task, tmp_path
):
    sitk.WriteImage(draw(), str(folder / "a.mha"))
    sitk.WriteImage(sitk.GetImageFromArray(np.ones((5, 40, 50), np.uint8)), str(folder / "volume.mha"))
    with pytest.raises(ImageError, match="volume"):
        run_job(Job(folder, tmp_path / "output", one_task), predict, print)
    assert _files(tmp_path / "output") == []


def test_an_only_image_that_is_truncated_is_named_with_the_reason(folder, draw, predict, one_task, tmp_path):
    sitk.WriteImage(draw(), str(folder / "a.mha"))
    (folder / "a.mha").write_bytes((folder / "a.mha").read_bytes()[:700])
    with pytest.raises(ContractError, match=r"nor a readable image \(.*a\.mha"):
        run_job(Job(folder, tmp_path / "output", one_task), predict, print)
    assert _files(tmp_path / "output") == []
