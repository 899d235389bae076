"""Images with a truth for one task teach that task alone, and never what a fold is tested on."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from retseg.phantom.data_sets import write_idrid
from retseg.toml_schema import SchemaError
from train.config.fingerprint import fingerprint_weights
from train.config.images import Supplement
from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.config.selection import SelectionRule
from train.data.cases import DataSetError, gather_cases
from train.data.folds import list_training, split_folds
from train.data.images import load_training_images
from train.data.patches import Patches
from train.fit.losses import LOSSES, build_loss
from train.model.make import Folders, make_model

SMALL = ["sampling.patch=32", "network.arguments.widths=[4, 8]", "stage.0.steps=2", "round=2", "folds=2"]
SMALL += ["preprocessing.diameter=0", 'inference.flips="none"', "initial_models=[]", "refit=0"]
GREY = Supplement("IDRiD_EX_gray512", "idrid", ("hard_exudate",), "IDRiD_quarter", 96, grey_masks=True)


def join(supplement: Supplement) -> Recipe:
    """The lesions of `IDRiD_quarter` alone, and a supplement."""
    shipped = load_recipe("idrid-lesions", SMALL)
    sources = {"source": shipped.source[:1], "supplement": (supplement,), "selection": SelectionRule()}
    return dataclasses.replace(shipped, augmentation=(), **sources)


@pytest.fixture
def recipe() -> Recipe:
    """Four lesions, of which the supplement knows one."""
    return join(GREY)


@pytest.fixture
def lesions(tmp_path: Path) -> Path:
    """Three colour images, and grey squares of 64 px of the first of them and of two other eyes."""
    write_idrid(tmp_path / "IDRiD_quarter", 2, (128, 96), 4)
    square = tmp_path / "IDRiD_EX_gray512"
    for folder in ("images", "hard_exudates"):
        (square / folder).mkdir(parents=True)
    for number in (1, 7, 8):
        random = np.random.default_rng(number)
        spot = np.zeros((64, 64), np.uint8)
        cv2.circle(spot, (20 + number, 30), 7, 255, -1)
        uneven = np.linspace(60, 120, 64)
        grey = np.clip(uneven + 0.4 * spot + random.normal(0, 4, (64, 64)), 1, 255).astype(np.uint8)
        cv2.imwrite(str(square / "images" / f"IDRiD_{number:02d}.png"), grey)
        cv2.imwrite(str(square / "hard_exudates" / f"IDRiD_{number:02d}.png"), cv2.GaussianBlur(spot, (5, 5), 1))
    return tmp_path


def test_a_grey_square_is_scaled_cut_and_counts_for_its_task_alone(recipe: Recipe, lesions: Path) -> None:
    cases = gather_cases(recipe, lesions)
    grey = next(case for case in cases if case.data_set == "IDRiD_EX_gray512")
    (image,) = load_training_images([grey], recipe)
    assert [grey.has_truth(task) for task in recipe.tasks] == [False, False, True, False]
    assert image.patch.pixels.shape == (96, 96, 3) and image.truth[2].sum() == pytest.approx(np.pi * 7**2, rel=0.1)
    assert not image.truth[[0, 1, 3]].any()
    _, _, region, _ = Patches([image], recipe, 0)[0]
    assert region.shape == (4, 32, 32)
    assert region[2].any() and not region[[0, 1, 3]].any()


def test_it_is_never_held_out_nor_trained_on_while_its_eye_is(recipe: Recipe, lesions: Path) -> None:
    cases = gather_cases(recipe, lesions)
    sources = [number for number, case in enumerate(cases) if not case.supplement]
    folds = split_folds(cases, 2, 0)
    assert sorted(number for fold in folds for number in fold) == sources
    plain = dataclasses.replace(recipe, supplement=())
    assert split_folds(gather_cases(plain, lesions), 2, 0) == folds
    for held in folds:
        training = [cases[number] for number in list_training(cases, held)]
        names = {case.name for case in training if case.supplement}
        assert {"IDRiD_07", "IDRiD_08"} <= names
        assert ("IDRiD_01" in names) == ("IDRiD_01" not in {cases[number].name for number in held})
        assert not {case.name for case in training} & {cases[number].name for number in held}


@pytest.mark.parametrize("name", LOSSES)
def test_no_loss_feels_a_task_without_truth(name: str) -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 32, 32, requires_grad=True)
    region = torch.ones(2, 3, 32, 32)
    region[0, 1] = 0
    loss = build_loss(name, {"pooled": True} if name == "bce_dice" else {})
    loss(logits, (torch.rand(2, 3, 32, 32) < 0.3).float(), region).backward()
    assert logits.grad is not None
    assert not logits.grad[0, 1].any() and logits.grad[1, 1].any() and logits.grad[0, 0].any()


def test_the_model_is_scored_on_its_sources_and_lists_all_it_saw(recipe: Recipe, lesions: Path) -> None:
    from retseg.models import load_card

    torch.set_num_threads(1)
    card = load_card(make_model(recipe, Folders(lesions, lesions / "runs", lesions / "models"), 0, False))
    assert len(card.training.images) == 6 and "IDRiD_EX_gray512/IDRiD_07.png" in card.training.images
    assert len(list((lesions / "runs" / recipe.name / "out-of-fold").glob("*.npy"))) == 3


def test_what_does_not_fit_is_named_before_the_first_step(recipe: Recipe, lesions: Path) -> None:
    square = lesions / "IDRiD_EX_gray512"
    cv2.imwrite(str(square / "hard_exudates" / "IDRiD_07.png"), np.zeros((5, 5), np.uint8))
    with pytest.raises(DataSetError, match=r"hard_exudates/IDRiD_07.png is 5x5, its image .*IDRiD_07.png 64x64"):
        load_training_images(gather_cases(recipe, lesions), recipe)
    (square / "hard_exudates" / "IDRiD_08.png").unlink()
    with pytest.raises(DataSetError, match=r"the image IDRiD_08.png has no mask"):
        gather_cases(recipe, lesions)


def test_a_wrong_supplement_is_refused_and_a_recipe_without_one_resumes_old_checkpoints() -> None:
    with pytest.raises(SchemaError, match="did you mean 'IDRiD_quarter'"):
        join(dataclasses.replace(GREY, eyes="IDRiD_quarters"))
    with pytest.raises(SchemaError, match="no task 'vessel'"):
        join(dataclasses.replace(GREY, tasks=("vessel",)))
    assert "supplement" not in json.loads(fingerprint_weights(load_recipe("vessel")))
    assert "supplement" in json.loads(fingerprint_weights(join(GREY)))
