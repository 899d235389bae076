"""One image: whatever is wrong with it becomes its failure, with a reason, and nothing is half written."""

import os

import pytest

from retseg.cohort import Item, Work


@pytest.fixture
def examine(tmp_path, green_job):
    """Examines a file with masks and an overlay, in this process."""
    work = Work({"vessel": "vessel-drive"}, (green_job.models,), tmp_path / "study", masks=True, overlay=True)
    examiner = work.open()
    return lambda address: examiner.examine(Item("eye", str(address), "person/eye"))


def list_files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_eye_has_measures_and_its_masks(tmp_path, examine, green_job):
    result = examine(green_job.input / "images/x/disc.mha")
    assert not result.failure and result.found["vessel_density"] > 0 and result.found["retina_found"] is True
    assert list_files(tmp_path / "study") == ["masks/vessel/person/eye.png", "overlay/person/eye.png"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "it is empty"), (b"a letter to a patient", "cannot be decoded"), (None, "does not exist")],
    ids=["zero bytes", "text", "missing"],
)
def test_a_file_that_is_no_image_is_a_lasting_failure(tmp_path, examine, content, reason):
    path = tmp_path / "eye.jpg"
    if content is not None:
        path.write_bytes(content)
    result = examine(path)
    assert reason in result.failure and not result.passing and not result.found
    assert not (tmp_path / "study").exists()


def test_a_cut_photograph_is_a_failure(tmp_path, examine, eyes):
    path = tmp_path / "eye.png"
    path.write_bytes(eyes[0][: len(eyes[0]) // 2])
    assert "truncated or damaged" in examine(path).failure


def test_a_pipe_is_refused_at_once(tmp_path, examine):
    os.mkfifo(tmp_path / "eye.png")
    assert "a pipe or a device" in examine(tmp_path / "eye.png").failure


def test_a_bucket_that_is_gone_is_a_failure_that_the_next_run_tries_again(examine):
    result = examine("memory://gone/eye.png")
    assert "memory://gone/eye.png cannot be fetched (FileNotFoundError" in result.failure and result.passing


def test_a_full_disk_is_a_passing_failure_and_leaves_neither_mask_nor_overlay(tmp_path, examine, green_job, full_disk):
    with full_disk(500):
        result = examine(green_job.input / "images/x/disc.mha")
    assert "cannot be written" in result.failure and result.passing
    assert list_files(tmp_path / "study") == []
