"""The card's scores are those of `evaluate.py` on the same maps, and say what one image does to them."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from retseg.cli import main
from train.cli import main as train
from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.data.cases import DataSetError, gather_cases
from train.data.images import TrainingImage, load_training_images
from train.model.out_of_fold import locate_prediction, write_maps
from train.model.scoring import list_scores
from train.model.thresholds import select_thresholds

ONE_SOURCE = ['source=[{ folder = "IDRiD_quarter", challenge = "idrid" }]', "supplement=[]"]
ONE_SOURCE += ["selection={}"]


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("idrid-lesions", ONE_SOURCE)


@pytest.fixture(scope="module")
def lesions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data sets with four small phantoms in IDRiD's layout; two of them have soft exudates."""
    from retseg.phantom.data_sets import write_idrid

    folder = tmp_path_factory.mktemp("data")
    write_idrid(folder / "IDRiD_quarter", 3, (192, 160), 4)
    return folder


@pytest.fixture(scope="module")
def images(recipe: Recipe, lesions: Path) -> tuple[TrainingImage, ...]:
    return load_training_images(gather_cases(recipe, lesions), recipe)


@pytest.fixture(scope="module")
def maps(recipe: Recipe, images: tuple[TrainingImage, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy maps of their truth, as a training stores them."""
    folder = tmp_path_factory.mktemp("out-of-fold")
    random = np.random.default_rng(0)
    for image in images:
        noisy = np.clip(0.35 * image.truth + random.normal(0.3, 0.15, image.truth.shape), 0, 1)
        np.save(locate_prediction(folder, image), np.round(noisy * 65535).astype(np.uint16))
    return folder


def test_the_card_has_the_headline_of_every_protocol_for_every_task(
    recipe: Recipe, images: tuple[TrainingImage, ...], maps: Path
) -> None:
    choices = select_thresholds(recipe, images, maps)
    for task in recipe.tasks:
        rows = {(score.protocol, score.metric): score for score in choices[task].scores}
        for protocol, metric in (
            ("idrid-33", "auc_pr"),
            ("idrid-33-per-image", "auc_pr"),
            ("idrid-ap", "ap"),
            ("idrid-per-image", "dice"),
        ):
            row = rows[f"{protocol}, {recipe.held_out_description}", metric]
            assert row.low <= row.value <= row.high


def test_an_image_that_holds_much_of_a_lesion_is_left_out_once(
    recipe: Recipe, images: tuple[TrainingImage, ...], maps: Path
) -> None:
    """Two images have soft exudates, so that the larger holds half of their pixels or more."""
    pooled = dataclasses.replace(recipe, protocols=("idrid-33",))
    areas = [image.truth[3].sum() for image in images]
    largest = images[int(np.argmax(areas))].case.name
    words = f"without {largest}, which holds {max(areas) / sum(areas):.0%} of the true pixels"
    rows = [score for score in list_scores(pooled, images, maps, {}) if score.task == "soft_exudate"][4:]
    whose = "out of fold by the networks of the cross-validation"
    assert [row.protocol for row in rows] == [f"idrid-33, {whose}", f"idrid-33, {whose}, {words}"]
    rest = [image for image in images if image.case.name != largest]
    assert rows[1].value == list_scores(pooled, rest, maps, {})[-2].value != rows[0].value


def test_evaluate_finds_the_same_in_the_written_maps(
    recipe: Recipe, images: tuple[TrainingImage, ...], maps: Path, lesions: Path, tmp_path: Path
) -> None:
    """`python -m train RECIPE --out-of-fold DIR`, then `evaluate.py` on DIR."""
    runs = tmp_path / "runs" / recipe.name
    runs.mkdir(parents=True)
    (runs / "out-of-fold").symlink_to(maps)
    asked = ["--data", lesions, "--runs", runs.parent, "--out-of-fold", tmp_path / "maps"]
    changes = [word for change in ONE_SOURCE for word in ("--set", change)]
    assert train([recipe.name, *changes, *map(str, asked)]) == 0
    words = ["--ground-truth", lesions / "IDRiD_quarter", "--predictions", tmp_path / "maps", "--output", tmp_path]
    assert main(["evaluate", "--challenge", "idrid", "--protocol", "idrid-33", *map(str, words)]) == 0
    found = json.loads((tmp_path / "metrics.json").read_text())["aggregates"]
    pooled = dataclasses.replace(recipe, protocols=("idrid-33",))
    for row in list_scores(pooled, images, maps, {}):
        if row.metric == "auc_pr" and "without" not in row.protocol:
            assert found[row.task]["auc_pr"]["mean"] == pytest.approx(row.value, abs=1e-12)


def test_maps_of_a_recipe_that_was_not_trained_or_would_share_a_name_are_refused(
    recipe: Recipe, images: tuple[TrainingImage, ...], maps: Path, tmp_path: Path
) -> None:
    cases = [image.case for image in images]
    with pytest.raises(DataSetError, match="train the recipe first"):
        write_maps(recipe, cases, tmp_path, tmp_path / "maps")
    twin = dataclasses.replace(images[0], case=dataclasses.replace(cases[0], data_set="elsewhere"))
    for image in (*images, twin):
        np.save(locate_prediction(tmp_path, image), np.load(locate_prediction(maps, images[0])))
    with pytest.raises(DataSetError, match=f"several data sets have an image {cases[0].name}"):
        write_maps(recipe, [*cases, twin.case], tmp_path, tmp_path / "maps")
