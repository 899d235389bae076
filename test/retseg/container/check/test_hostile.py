"""Hostile jobs are made from a good one, and an algorithm is judged by how it refuses them."""

from pathlib import Path

import pytest

from retseg.challenge import load_challenge
from retseg.container.check.hostile import (
    HOSTILE_JOBS,
    HostileError,
    HostileJob,
    HostileRun,
    judge_hostile,
    write_hostile,
)
from retseg.container.job import Job, run_job
from retseg.errors import RetsegError
from retseg.image import Image
from retseg.predictor import Prediction

REFUSED = HostileRun(1, 60, False, "noise\nthe image is damaged\n", ())
JOB = HOSTILE_JOBS[0]


@pytest.fixture
def good(repository: Path) -> Path:
    """The input folder of a good job."""
    return repository / "test" / "cases" / "drive" / "01" / "input"


@pytest.mark.parametrize("job", HOSTILE_JOBS, ids=lambda job: job.name)
def test_every_hostile_job_differs_from_the_good_one_and_leaves_it_as_it_was(
    job: HostileJob, good: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in good.rglob("*") if path.is_file()}
    write_hostile(job, good, tmp_path / "input")
    assert {path: path.read_bytes() for path in good.rglob("*") if path.is_file()} == before
    paths = [path for path in (tmp_path / "input").rglob("*") if not path.is_fifo()]
    spoilt = {path.relative_to(tmp_path / "input"): path.is_file() and path.read_bytes() for path in paths}
    kept = {path.relative_to(good): content for path, content in before.items()}
    assert {path: spoilt.get(path) for path in kept} != kept


@pytest.mark.parametrize("job", HOSTILE_JOBS, ids=lambda job: job.name)
def test_our_own_jobs_refuse_all_of_them_with_a_sentence_and_write_nothing(
    job: HostileJob, good: Path, tmp_path: Path
) -> None:
    write_hostile(job, good, tmp_path / "input")

    def segment(_: Image) -> Prediction:
        raise AssertionError("it was segmented")

    hostile = Job(tmp_path / "input", tmp_path / "output", load_challenge("drive"))
    with pytest.raises(RetsegError):
        run_job(hostile, segment, lambda _: None)
    assert not [path for path in (tmp_path / "output").rglob("*") if path.is_file()]


def test_names_and_sentences_of_hostile_jobs_are_different() -> None:
    assert len({job.name for job in HOSTILE_JOBS}) == len({job.what for job in HOSTILE_JOBS}) == len(HOSTILE_JOBS)


def test_a_folder_without_an_image_of_the_platform_is_refused(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "inputs.json").write_text("[]")
    with pytest.raises(HostileError, match=r"needs inputs\.json and an image in \.mha"):
        write_hostile(JOB, tmp_path / "input", tmp_path / "spoilt")


def test_a_job_that_is_refused_with_a_sentence_passes() -> None:
    finding = judge_hostile(JOB, REFUSED)
    assert finding.verdict == "pass" and finding.sentence.endswith("an empty image file: the image is damaged")


@pytest.mark.parametrize(
    ("run", "verdict", "told"),
    [
        (HostileRun(None, 60, False, "", ()), "fail", "did not end within 60 s"),
        (HostileRun(137, 60, True, "", ()), "fail", "took more memory than it may"),
        (HostileRun(139, 60, False, "", ()), "fail", "was ended by signal 11"),
        (HostileRun(0, 60, False, "", ("a.mha",)), "fail", "ended with status 0"),
        (HostileRun(1, 60, False, "no", ("a.mha",)), "fail", "left a.mha in /output"),
        (HostileRun(1, 60, False, "", ()), "warn", "nothing on stderr"),
        (HostileRun(1, 60, False, "Traceback (most recent call last):\nKeyError", ()), "warn", "a traceback"),
    ],
)
def test_every_other_end_is_named(run: HostileRun, verdict: str, told: str) -> None:
    finding = judge_hostile(JOB, run)
    assert finding.verdict == verdict and told in finding.sentence and finding.remedy
