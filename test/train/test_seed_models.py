"""The four models of published systems: two steps each, then through `process.py` or `retseg predict` as shipped."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from retseg.cli import main, run_script
from retseg.image import read_image, read_mask
from retseg.models import load_card
from retseg.phantom.data_sets import write_drive, write_idrid
from retseg.predictor import Predictor
from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.data.cases import gather_cases
from train.data.images import load_training_images
from train.fit.prediction import predict_image
from train.model.make import Folders, make_model

SEEN = {
    "sccunet-drive": (3, 104, 96),
    "leakyrelu-unet-drive": (1, 104, 96),
    "senet-unet-drive": (3, 64, 64),
    "redseg-idrid": (3, 128, 192),
}
"""Channels, height and width of what each network sees of a frame of 96 x 104, or of 192 x 128 for IDRiD."""


@pytest.fixture(scope="module")
def data_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four drawn photographs as DRIVE and six as IDRiD."""
    folder = tmp_path_factory.mktemp("data")
    write_drive(folder / "DRIVE", 4, (96, 104), 1)
    write_idrid(folder / "IDRiD_quarter", 4, (192, 128), 9)
    return folder


def shrink(name: str) -> Recipe:
    """The shipped recipe with a thinner network, two folds, and two steps a stage."""
    plain = load_recipe(name)
    levels = len(plain.network.arguments["widths"])
    changes = [
        f"network.arguments.widths={[8] * levels}",
        "folds=2",
        "round=2",
        "sampling.batch=2",
        "initial_models=[]",
    ]
    changes += [f"sampling.patch={64 if plain.framing.size else 32}"]
    changes += [f"stage.{number}.steps=2" for number in range(len(plain.stage))]
    if plain.published_encoder:
        changes.append("encoder=none")
    if plain.preprocessing.diameter:
        changes.append(f"preprocessing.diameter={192 if name == 'redseg-idrid' else 104}")
    if plain.framing.size:
        changes.append("framing.size=[64, 64]")
    return load_recipe(name, changes)


@pytest.fixture(scope="module", params=SEEN)
def shipped(request: pytest.FixtureRequest, data_sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A recipe and the folder of the model that it made."""
    torch.set_num_threads(1)
    recipe = shrink(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    return recipe, make_model(recipe, Folders(data_sets, folder / "runs", folder / "models"), 0, False)


def test_the_card_says_what_the_network_sees_and_both_engines_see_it(shipped: Any, data_sets: Path) -> None:
    recipe, folder = shipped
    card = load_card(folder)
    assert card.framing == recipe.framing and card.framing.region == "frame"
    assert card.tasks.keys() == set(recipe.tasks) and all(s.thresholds for s in card.selection.values())
    case = gather_cases(recipe, data_sets)[1]
    image = load_training_images([case], recipe)[0]
    assert image.patch.pixels.transpose(2, 0, 1).shape == SEEN[recipe.name]
    tasks = dict.fromkeys(recipe.tasks, recipe.name)
    found = {}
    for kind in ("torch", "openvino"):
        predictor = Predictor.open(tasks, [folder.parent], kind)  # type: ignore[arg-type]
        engine = predictor.models[0][1]
        probabilities = predictor.predict(read_image(case.image), image.field_of_view).probabilities
        found[kind] = np.stack([probabilities[task] for task in recipe.tasks])
        expected = predict_image(recipe, image, engine) * image.field_of_view
        np.testing.assert_array_equal(found[kind], expected)
    assert np.ptp(found["torch"][:, image.field_of_view]) > 0
    np.testing.assert_allclose(found["torch"], found["openvino"], atol=0.02)


def test_the_model_goes_through_the_programs_that_ship(shipped: Any, data_sets: Path, tmp_path: Path) -> None:
    recipe, folder = shipped
    case = gather_cases(recipe, data_sets)[1]
    words = ["--models", str(tmp_path / "models"), "--engine", "openvino"]
    name = "vessel-drive" if recipe.tasks == ("vessel",) else recipe.name
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / name).symlink_to(folder)
    output = tmp_path / "output"
    if name == "vessel-drive":
        (tmp_path / "input").mkdir()
        shutil.copy(case.image, tmp_path / "input")
        words += ["--input", str(tmp_path / "input"), "--output", str(output), "--challenge", "drive"]
        assert run_script("process", "process.py", words) == 0
        masks = [path for path in output.rglob("*") if path.suffix in (".mha", ".png", ".tif")]
    else:
        assert main(["predict", str(case.image), "--model", name, "--output", str(output), *words]) == 0
        masks = [output / task / f"{case.image.stem}.png" for task in recipe.tasks]
    assert len(masks) == len(recipe.tasks)
    shape = read_image(case.image).pixels.shape[:2]
    assert all(read_mask(path).shape == shape for path in masks)
