"""The evaluation container: the jobs of the platform, and a process that leaves none behind."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import pytest
import SimpleITK
from fastapi.testclient import TestClient

from retseg.container import server


def test_the_evaluation_container_reads_the_jobs_of_the_platform(vessels: Path, evaluate, read_metrics) -> None:
    """`predictions.json`, one folder per job; a case is named by the file that its user uploaded."""
    jobs = []
    for pk, name in (("c0", "c"), ("a0", "a"), ("b0", "b")):
        truth = cv2.imread(str(vessels / "truth" / "vessel" / f"{name}.png"), cv2.IMREAD_UNCHANGED) // 255
        relative = "images/binary-vessel-segmentation"
        path = vessels / "input" / pk / "output" / relative / f"{pk}-uuid.mha"
        path.parent.mkdir(parents=True)
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(truth), str(path), True)
        socket = {"slug": "binary-vessel-segmentation", "relative_path": relative}
        jobs.append(
            {
                "pk": pk,
                "status": "Succeeded",
                "inputs": [{"socket": {"slug": "color-fundus-image"}, "image": {"name": f"{name}.png"}}],
                "outputs": [{"socket": socket, "interface": socket}],
            }
        )
    (vessels / "input" / "predictions.json").write_text(json.dumps(jobs))
    (vessels / "input" / "inputs.json").write_text("[]")
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "input", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *options) == 0
    assert read_metrics(vessels / "out")["aggregates"]["vessel"]["dice"]["mean"] == 1.0


def test_a_missing_job_is_named(vessels: Path, evaluate, capsys) -> None:
    (vessels / "input").mkdir()
    (vessels / "input" / "predictions.json").write_text("[]")
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "input", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *options) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": a truth without")[0] for line in lines[:3]] == [f"case '{name}', vessel" for name in "abc"]


def find_session(leader: int) -> list[str]:
    """The command lines of the processes that run in the session of a process, itself included."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append((folder / "cmdline").read_text())
        except OSError:  # it has ended meanwhile
            continue
    return found


@pytest.mark.parametrize("end", ["success", "failure", "SIGTERM"])
def test_no_process_outlives_an_evaluation(drac22: Path, repository: Path, end: str) -> None:
    """A real process in a session of its own: whatever it starts, and whatever starts from that, is in there."""
    if end == "failure":
        (drac22 / "predicted" / "irma" / "333.png").write_bytes(b"no image")
    options = ["--ground-truth", drac22 / "data", "--predictions", drac22 / "predicted", "--output", drac22 / "out"]
    command = [sys.executable, "evaluate.py", "--challenge", "drac22", *map(str, options)]
    process = subprocess.Popen(command, cwd=repository, start_new_session=True, stderr=subprocess.PIPE, text=True)
    if end == "SIGTERM":
        while process.poll() is None and "cv2" not in Path(f"/proc/{process.pid}/maps").read_text():
            time.sleep(0.01)
        assert find_session(process.pid), "it is at work: its files are about to be read"
        process.terminate()
    _, said = process.communicate(timeout=200)
    status, sentence = {
        "success": (0, ""),
        "failure": (1, "case '333', irma: "),
        "SIGTERM": (143, "ended by SIGTERM before it was done"),
    }[end]
    assert process.returncode == status, said
    assert said.strip().rpartition("\n")[2].startswith(sentence)
    assert find_session(process.pid) == []
    written = [path.name for path in (drac22 / "out").glob("*")]
    assert sorted(written) == (["metrics.json", "report.html"] if end == "success" else [])


def test_the_evaluation_is_a_server_too_and_a_bad_submission_does_not_end_it(
    vessels: Path, evaluate, read_metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps: list[Any] = []
    monkeypatch.setattr(server, "serve", lambda app, *_: apps.append(app))
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", "--serve", *options) == 0
    assert not (vessels / "out").exists()
    client = TestClient(apps[0])
    assert client.get("/health").status_code == 200
    answer = client.post("/invoke")
    assert (answer.status_code, answer.json()["outputs"]) == (201, ["metrics.json", "report.html"])
    assert len(read_metrics(vessels / "out")["results"]) == 3
    (vessels / "predicted/vessel/b_probability.png").unlink()
    answer = client.post("/invoke")
    assert (answer.status_code, "case 'b', vessel: a truth without prediction" in answer.json()["detail"]) == (
        500,
        True,
    )
