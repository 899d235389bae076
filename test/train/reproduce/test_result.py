"""A result has the run, its scores, those of each image, and the resamples for intervals."""

import csv
import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from retseg.toml_schema import SchemaError
from train.config.images import Source
from train.config.recipe import Recipe
from train.data.cases import gather_cases
from train.data.images import load_training_images
from train.fit.run import Run
from train.model.make import Folders
from train.model.out_of_fold import locate_prediction
from train.reproduce.measure import measure_recipe
from train.reproduce.published import Measure
from train.reproduce.result import ResultError, check_changes, name_width, read_results, write_result
from train.reproduce.scoring import score_images

RUN = Run(Path(), 0, 0, False)
PLACES = ("out-of-fold", "training")
"""The folders of the predictions of a run."""


@pytest.fixture
def experiment(recipe: Recipe) -> Recipe:
    """The recipe `lines` as an experiment: trained on two images, tested on the others."""
    folder = recipe.source[0].folder
    sources = [Source(folder, "fundus", cases=(f"eye[{numbers}]",)) for numbers in ("01", "23")]
    absent = Source("elsewhere", "fundus", optional=True)
    changes = {"folds": 1, "source": (sources[0],), "test": (absent, sources[1]), "protocols": ("fundus-fov",)}
    return dataclasses.replace(recipe, **changes)  # type: ignore[arg-type]


def test_a_test_is_scored_and_written_with_the_score_of_each_image(experiment: Recipe, data: Path) -> None:
    folders = Folders(data, data / "runs", data / "results")
    path = measure_recipe(experiment, folders, RUN)
    assert path.name == "lines-paper-seed3.json"
    document = json.loads(path.read_text())
    assert document["trained_on"] == 2 and document["scored"] == "test"
    assert "elsewhere is not there" in document["left_out"][0]
    score = document["protocols"]["fundus-fov"]["tasks"]["vessel"]["dice"]
    assert score["low"] <= score["value"] <= score["high"]
    with path.with_suffix(".csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["image"] for row in rows] == ["lines/eye2", "lines/eye3"]
    assert np.mean([float(row["dice"]) for row in rows]) == pytest.approx(score["value"], abs=1e-5)
    (result,) = read_results(folders.output)
    assert result.images == ("lines/eye2", "lines/eye3") and result.width == "paper"


def test_images_that_were_trained_on_are_scored_where_the_recipe_says_so(experiment: Recipe, data: Path) -> None:
    changes = {"folds": 2, "source": (Source("lines", "fundus"),), "test": (), "held_out": "first"}
    both = dataclasses.replace(experiment, **changes, score_training=True)  # type: ignore[arg-type]
    folders = Folders(data, data / "runs", data / "results")
    measure_recipe(both, folders, RUN)
    predicted = {place: len(list((folders.runs / "lines-paper-seed3" / place).iterdir())) for place in PLACES}
    (result,) = read_results(folders.output)
    assert predicted["out-of-fold"] == len(result.images) and sum(predicted.values()) == 4
    held_out = result.find_score(Measure("lines", "fundus-fov", "dice", "vessel"))
    training = result.find_score(Measure("lines", "fundus-fov", "dice", "vessel", "training"))
    assert held_out is not None and training is not None
    assert held_out.value != training.value and not training.images
    with pytest.raises(SchemaError, match="needs folds above 1, held_out = 'first' and no test"):
        dataclasses.replace(both, held_out="each")


def test_scores_and_resamples_are_those_of_the_stored_predictions(
    experiment: Recipe, data: Path, tmp_path: Path
) -> None:
    images = load_training_images(gather_cases(experiment, data), experiment)
    for number, image in enumerate(images):
        perfect = image.truth.astype(np.uint16) * 65535
        np.save(locate_prediction(tmp_path, image), perfect if number else np.zeros_like(perfect))
    found = score_images(experiment, images, tmp_path, {("fundus-fov", "dice")})
    assert found.protocols["fundus-fov"]["tasks"]["vessel"]["dice"]["value"] == 0.5
    (measure,) = found.replicates
    assert measure == Measure("lines", "fundus-fov", "dice", "vessel")
    document = {"recipe": "lines", "variant": "cpu", "encoder": "", "seed": 0, "protocols": found.protocols}
    write_result(tmp_path / "a.json", document, found.rows, found.replicates)
    (result,) = read_results(tmp_path)
    score = result.find_score(measure)
    assert score is not None and score.images == ("lines/eye0", "lines/eye1")
    assert score.replicates == pytest.approx(found.replicates[measure], abs=1e-4)
    assert {0.0, 0.5, 1.0} == {round(value, 3) for value in score.replicates}


def test_protocols_with_the_same_scores_of_images_share_their_rows(
    experiment: Recipe, data: Path, tmp_path: Path
) -> None:
    images = load_training_images(gather_cases(experiment, data), experiment)
    for image in images:
        np.save(locate_prediction(tmp_path, image), image.truth.astype(np.uint16) * 65535)
    twice = dataclasses.replace(experiment, protocols=("drive-frame", "drive-frame-pooled", "drive-fov"))
    rows = score_images(twice, images, tmp_path, set()).rows
    assert [row["protocol"] for row in rows] == ["drive-frame", "drive-frame", "drive-fov", "drive-fov"]


def test_a_result_that_would_mislead_is_refused(experiment: Recipe, data: Path) -> None:
    folders = Folders(data, data / "runs", data / "results")
    check_changes(["width=cpu", "seed=3", "encoder=vgg.pth"])
    with pytest.raises(ResultError, match=r"but stage\.0\.steps=3 was set"):
        check_changes(["seed=3", "stage.0.steps=3"])
    with pytest.raises(ResultError, match="names no protocols"):
        measure_recipe(dataclasses.replace(experiment, protocols=()), folders, RUN)
    with pytest.raises(ResultError, match=r"trained on what it is tested on: eye0.png, eye1.png"):
        measure_recipe(dataclasses.replace(experiment, test=experiment.source), folders, RUN)


def test_the_published_width_without_the_published_encoder_is_not_called_paper(experiment: Recipe, data: Path) -> None:
    aloud = dataclasses.replace(experiment, published_encoder="VGG16 trained on ImageNet", encoder="none")
    path = measure_recipe(aloud, Folders(data, data / "runs", data / "results"), RUN)
    assert path.name == "lines-paper-seed3.json"
    result = json.loads(path.read_text())
    assert result["encoder"] == "" and name_width(result) == "paper, random encoder"
    assert name_width({**result, "encoder": "5a1e"}) == "paper, trained encoder"
    for change in ({"initial_model": "hed-vessel"}, {"published_encoder": ""}):
        assert name_width({**result, **change}) == "paper"
    assert name_width({**result, "variant": "cpu"}) == "cpu"
    assert [found.width for found in read_results(path.parent)] == ["paper, random encoder"]
