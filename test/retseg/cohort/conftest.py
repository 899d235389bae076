"""Small drawn eyes in a nested folder, a model of one pixel for them, and the command that examines them."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.phantom import draw_fundus


@pytest.fixture(scope="session")
def eyes():
    """Two drawn eyes and their mirror images, uint8 (128, 144, 3), as PNG files."""
    drawn = [draw_fundus(seed, (144, 128)).pixels for seed in range(2)]
    turned = [np.flip(pixels, axes) for pixels in drawn for axes in ((), (0,), (1,), (0, 1))]
    return [cv2.imencode(".png", np.ascontiguousarray(pixels[:, :, ::-1]))[1].tobytes() for pixels in turned]


@pytest.fixture
def fill(eyes):
    """Write photographs of persons, two folders deep: `0017/OD/fundus.png`."""

    def write(folder: Path, count: int) -> Path:
        for number in range(count):
            path = folder / f"{number // 2:04d}" / ("OD", "OS")[number % 2] / "fundus.png"
            path.parent.mkdir(parents=True)
            path.write_bytes(eyes[number % len(eyes)])
        return folder

    return write


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


class Cohort:
    """The command line of one cohort."""

    def __init__(self, source: Path | str, output: Path, models: Path) -> None:
        self.output = output
        self.words = [
            *("cohort", str(source), "--output", str(output), "--models", str(models)),
            *("--challenge", "drive", "--json"),
        ]

    def start(self, *more: str) -> subprocess.Popen:
        words = [sys.executable, "-m", "retseg", *self.words, *more]
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *more: str, status: int = 0) -> dict:
        process = self.start(*more)
        said, complaint = process.communicate(timeout=240)
        assert process.returncode == status, complaint
        self.complaint = complaint
        return json.loads(said) if said else {}

    def read(self, name: str = "cohort.csv") -> list[dict[str, str]]:
        return read_table(self.output / name)


@pytest.fixture
def cohort(tmp_path, green_job):
    """Gives the cohort of a source; its model finds vessels where green is above 102."""
    return lambda source, output="study": Cohort(source, tmp_path / output, green_job.models)
