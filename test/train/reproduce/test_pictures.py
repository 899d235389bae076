"""The pictures of the page show curves of trainings, or one image that no shown network was trained on."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from train.config.recipe import Recipe
from train.data.cases import gather_cases
from train.data.images import load_training_images
from train.model.out_of_fold import locate_prediction
from train.reproduce import pictures
from train.reproduce.pictures import arrange, draw_picture, find_image, read_run
from train.reproduce.result import ResultError
from train.reproduce.systems import Picture


@pytest.fixture
def runs(recipe: Recipe, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of runs with one of `lines`: a log, and predictions equal to the truth."""
    lines = dataclasses.replace(recipe, protocols=("fundus-fov",), seed=0)
    monkeypatch.setattr(pictures, "load_recipe", lambda _name, _changes: lines)
    folder = data / "runs" / "lines-paper-seed0"
    (folder / "out-of-fold").mkdir(parents=True)
    (folder / "fold-0").mkdir()
    head = "step,hours,learning_rate,loss,images_per_second,validation_loss,validation_dice"
    (folder / "fold-0" / "log.csv").write_text(f"{head}\n4,0.1,0.1,0.5,9,0.6,0.1\n8,0.1,0.1,0.4,9,0.5,0.2\n")
    for image in load_training_images(gather_cases(lines, data), lines):
        np.save(locate_prediction(folder / "out-of-fold", image), image.truth.astype(np.uint16) * 65535)
    return data / "runs"


def test_curves_are_drawn_from_the_log(runs: Path, data: Path, tmp_path: Path) -> None:
    draw_picture(Picture("curves.png", "Curves.", ("lines",)), "paper", data, runs, tmp_path)
    drawn = cv2.imread(str(tmp_path / "curves.png"))
    assert drawn.shape[0] > 300 and drawn.std() > 5


def test_an_image_is_shown_with_its_truth_and_what_a_run_found(runs: Path, data: Path, tmp_path: Path) -> None:
    draw_picture(Picture("case.jpg", "A case.", ("lines",), "lines/eye2"), "paper", data, runs, tmp_path)
    drawn = cv2.imread(str(tmp_path / "case.jpg"))
    assert drawn.shape == (26 + 324, 3 * 360, 3)
    truth, found = drawn[30:, 360:720].astype(int), drawn[30:, 720:].astype(int)
    assert np.abs(truth - found).max() < 40, "the run found the truth; JPEG changes it a little"
    assert truth.max() > 200


def test_what_is_missing_is_named(runs: Path, data: Path, tmp_path: Path, recipe: Recipe) -> None:
    with pytest.raises(ResultError, match="lines-paper-seed0 is not there: run the experiment first"):
        draw_picture(Picture("a.jpg", "A.", ("lines",)), "paper", data, tmp_path / "nowhere", tmp_path)
    with pytest.raises(ResultError, match="holds out no image lines/eye9"):
        find_image(recipe, "lines/eye9", data)
    with pytest.raises(ResultError, match="has no prediction of lines/eye1"):
        read_run(tmp_path, find_image(recipe, "lines/eye1", data))


def test_rows_of_panels_are_filled_with_white() -> None:
    panel = np.zeros((10, 20, 3), np.uint8)
    sheet = arrange({"a": panel, "b": panel}, columns=3)
    assert sheet.shape == (26 + 180, 3 * 360, 3)
    assert (sheet[:, 720:] == 255).all()
