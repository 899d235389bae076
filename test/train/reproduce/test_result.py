"""An experiment leaves one small file, from which the page of published and own numbers is printed."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from train.config.images import Source
from train.config.protocols import find_protocols
from train.config.recipe import Recipe
from train.data.cases import gather_cases
from train.data.images import load_training_images
from train.model.make import Folders
from train.model.out_of_fold import locate_prediction
from train.reproduce.measure import measure_recipe, score_images
from train.reproduce.page import write_page
from train.reproduce.published import Contrast, Measure, Pair, Published, Row, Table, load_published
from train.reproduce.result import ResultError, check_changes, read_results

ROWS = (
    Row("lines", "dice", "vessel", "lines", 0.9),
    Row("curves", "dice", "vessel", "curves"),
    Row("x", "f1", "vessel"),
)
TABLE = Table("Lines", "by eye", "They differ.", "fundus-fov", ROWS)
DICE, IOU, CURVES = (
    Measure(name, "fundus-fov", metric, "vessel")
    for name, metric in (("lines", "dice"), ("lines", "iou"), ("curves", "iou"))
)
PAIRS = (Pair("of lines", DICE, IOU), Pair("of curves", DICE, CURVES))
PUBLISHED = Published((TABLE,), (Contrast("Two measures", "One is less.", "dice", "iou", PAIRS),))


@pytest.fixture
def experiment(recipe: Recipe) -> Recipe:
    """The recipe `lines` as an experiment: trained on two images, tested on the others."""
    folder = recipe.source[0].folder
    sources = [Source(folder, "fundus", cases=(f"eye[{numbers}]",)) for numbers in ("01", "23")]
    absent = Source("elsewhere", "fundus", optional=True)
    changes = {"folds": 1, "source": (sources[0],), "test": (absent, sources[1]), "protocols": ("fundus-fov",)}
    return dataclasses.replace(recipe, **changes)  # type: ignore[arg-type]


def test_a_test_is_scored_logged_and_printed_beside_the_published_number(experiment: Recipe, data: Path) -> None:
    folders = Folders(data, data / "runs", data / "results")
    path = measure_recipe(experiment, folders, 0, False)
    assert path.name == "lines-paper-seed3.json"
    result = json.loads(path.read_text())
    assert result["cases"] == ["lines/eye2", "lines/eye3"] and result["trained_on"] == 2 and result["scored"] == "test"
    assert "elsewhere is not there" in result["left_out"][0]
    score = result["protocols"]["fundus-fov"]["tasks"]["vessel"]["dice"]
    assert score["low"] <= score["value"] <= score["high"]
    again = dict(result, seed=4)
    again["protocols"] = json.loads(
        json.dumps(result["protocols"]).replace(f'"value": {score["value"]}', '"value": 0.25')
    )
    (folders.output / "lines-paper-seed4.json").write_text(json.dumps(again))
    page = write_page(PUBLISHED, read_results(folders.output))
    mean = f"{(score['value'] + 0.25) / 2:.4f}"
    interval = f"{score['low']:.4f} to {score['high']:.4f}"
    low, high = sorted((score["value"], 0.25))
    assert f"| lines | 0.9000 | {mean} | {interval} | {low:.4f} to {high:.4f} | paper, 2 | `lines` |" in page
    assert "| curves | - | not run | | | | `curves` |" in page
    assert "| x | - | no experiment here | | | | |" in page
    assert "1 of 2 experiments have run: 2 runs, 0.0 hours" in page
    assert "Published: by eye. Ours: `fundus-fov` (Mean over images, in the field of view). They differ." in page
    iou = result["protocols"]["fundus-fov"]["tasks"]["vessel"]["iou"]["value"]
    changes = sorted((iou - score["value"], iou - 0.25))
    spread = f"{changes[0]:+.4f} to {changes[1]:+.4f}"
    assert f"| of lines | {mean} | {iou:.4f} | {sum(changes) / 2:+.4f} | {spread} | paper, 2 |" in page
    assert "| of curves | not run | | | | |" in page


def test_scores_are_those_of_the_stored_predictions(experiment: Recipe, data: Path, tmp_path: Path) -> None:
    images = load_training_images(gather_cases(experiment, data), experiment)
    for number, image in enumerate(images):
        perfect = image.truth.astype(np.uint16) * 65535
        np.save(locate_prediction(tmp_path, image), perfect if number else np.zeros_like(perfect))
    found = score_images(experiment, images, tmp_path, find_protocols(("fundus-fov",)))
    assert found["fundus-fov"]["tasks"]["vessel"]["dice"]["value"] == 0.5


def test_a_result_that_would_mislead_is_refused(experiment: Recipe, data: Path) -> None:
    folders = Folders(data, data / "runs", data / "results")
    check_changes(["width=cpu", "seed=3", "encoder=vgg.pth"])
    with pytest.raises(ResultError, match=r"but stage\.0\.steps=3 was set"):
        check_changes(["seed=3", "stage.0.steps=3"])
    with pytest.raises(ResultError, match="names no protocols"):
        measure_recipe(dataclasses.replace(experiment, protocols=()), folders, 0, False)
    with pytest.raises(ResultError, match=r"trained on what it is tested on: eye0.png, eye1.png"):
        measure_recipe(dataclasses.replace(experiment, test=experiment.source), folders, 0, False)


def test_the_page_without_any_run_says_so_in_every_row() -> None:
    page = write_page(load_published(), ())
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| row")]
    assert len(rows) > 100
    assert all("| not run |" in row or "| no experiment here |" in row for row in rows)
