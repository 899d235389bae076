"""`evaluate.py` as its users run it: from files to metrics.json, report.html and a table."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from retseg.cli import run_script

LESIONS = {
    "irma": "1. Intraretinal Microvascular Abnormalities",
    "nonperfusion": "2. Nonperfusion Areas",
    "neovascularization": "3. Neovascularization",
}


def write(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


@pytest.fixture
def write_image() -> Callable[[Path, np.ndarray], Path]:
    """Writes an array as an image file, folders included."""
    return write


@pytest.fixture
def evaluate() -> Callable[..., int]:
    """Runs `evaluate.py` in this process with these options; gives its exit status."""

    def run(*options: object) -> int:
        return run_script("evaluate", "evaluate.py", [str(option) for option in options])

    return run


@pytest.fixture
def read_metrics() -> Callable[[Path], dict[str, Any]]:
    """Reads the metrics.json of an output folder."""

    def read(folder: Path) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
        return content

    return read


@pytest.fixture
def drac22(tmp_path: Path) -> Path:
    """Six 1024 x 1024 images in the official layout, and masks of {0, 255} in `predicted/`, shifted by ten pixels.

    Image 6 has no lesion and nothing predicted.
    """
    root = tmp_path / "data" / "A. Segmentation"
    for number in range(1, 7):
        name = f"{number * 111:03d}.png"
        write(root / "1. Original Images" / "b. Testing Set" / name, np.full((1024, 1024), 90 + number, np.uint8))
        for index, (task, folder) in enumerate(LESIONS.items()):
            truth, predicted = np.zeros((2, 1024, 1024), np.uint8)
            if number < 6:
                truth[100 : 200 + 10 * number, 100 * (index + 1) : 100 * (index + 2)] = 255
                predicted = np.roll(truth, 10, axis=1)
                write(root / "2. Groundtruths" / "b. Testing Set" / folder / name, truth)
            write(tmp_path / "predicted" / task / name, predicted)
    return tmp_path


@pytest.fixture
def vessels(tmp_path: Path) -> Path:
    """Three images with truth and probabilities, plain folders."""
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        truth = rng.random((40, 50)) < 0.2
        maps = np.clip(rng.normal(0.3, 0.2, truth.shape) + 0.4 * truth, 0, 1)
        write(tmp_path / "truth" / "vessel" / f"{name}.png", truth * np.uint8(255))
        write(tmp_path / "truth" / "images" / f"{name}.png", rng.integers(0, 255, (40, 50, 3), dtype=np.uint8))
        write(tmp_path / "predicted" / "vessel" / f"{name}_probability.png", np.rint(maps * 65535).astype(np.uint16))
    return tmp_path
