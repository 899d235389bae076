"""One command makes a model that `retseg` can use; the whole way in seconds, on a tiny data set."""

import dataclasses
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.engine import EngineChoice, open_engine
from retseg.models import load_card, verify_files
from retseg.toml_schema import SchemaError
from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.data.cases import DataSetError, gather_cases
from train.data.folds import split_folds
from train.data.images import find_common_size, load_training_images
from train.fit.run import Run
from train.model.make import Folders, describe_training, make_model
from train.model.networks import train_networks
from train.model.planning import plan_networks


@pytest.fixture
def folders(data: Path) -> Folders:
    return Folders(data, data / "runs", data / "models")


def test_a_recipe_becomes_a_verified_model_whose_two_engines_agree(recipe: Recipe, folders: Folders) -> None:
    card = load_card(make_model(recipe, folders, 0, False))
    verify_files(card)
    assert card.network.architecture == "ensemble" and card.network.arguments["members"] == 2
    assert card.training.steps == 16 and set(card.training.images) == {f"lines/eye{n}.png" for n in range(4)}
    assert card.tasks["vessel"].threshold in card.selection["vessel"].thresholds
    assert {score.metric for score in card.score} == {"f1", "dice", "auc_roc", "ap"}
    assert all(score.low <= score.value <= score.high for score in card.score if score.metric != "f1")
    assert (folders.runs / "lines" / "curves.png").stat().st_size > 1000
    tiles = np.random.default_rng(0).normal(size=(3, 3, 64, 96)).astype(np.float32)
    by_torch, by_openvino = (open_engine(EngineChoice(name), card)(tiles) for name in ("torch", "openvino"))
    assert by_torch.shape == by_openvino.shape == (3, 1, 64, 96)
    np.testing.assert_allclose(by_torch, by_openvino, atol=0.1)


def test_a_second_run_with_resume_makes_the_same_model(recipe: Recipe, folders: Folders) -> None:
    folder = make_model(recipe, folders, 0, False)
    first = load_card(folder)
    assert load_card(make_model(recipe, folders, 0, True)).files == first.files


def test_a_refitted_model_is_one_network_trained_longer_on_all_images_with_the_threshold_of_the_folds(
    recipe: Recipe, folders: Folders
) -> None:
    folds = load_card(make_model(recipe, folders, 0, False))
    card = load_card(make_model(dataclasses.replace(recipe, refit=1.5), folders, 0, True))
    verify_files(card)
    assert card.network.architecture == "unet"
    assert card.training.steps == 2 * 8 + 12
    assert (card.tasks, card.selection) == (folds.tasks, folds.selection)
    assert [score.value for score in card.score] == [score.value for score in folds.score]
    whose = "out of fold by the networks of the cross-validation"
    assert all(score.protocol.startswith(("held-out-mean", "held-out-pooled")) for score in card.score)
    assert all(whose in score.protocol for score in card.score)
    planned = plan_networks(dataclasses.replace(recipe, refit=1.5), gather_cases(recipe, folders.data))
    assert [(each.name, each.recipe.steps) for each in planned] == [("fold-0", 8), ("fold-1", 8), ("all", 12)]
    assert planned[-1].training == (0, 1, 2, 3) and planned[-1].held_out == ()
    assert all(sorted(each.training + each.held_out) == [0, 1, 2, 3] for each in planned)
    assert len({each.seed for each in planned}) == 3


def test_networks_trained_one_by_one_make_the_same_model(recipe: Recipe, folders: Folders) -> None:
    together = load_card(make_model(recipe, folders, 0, False)).files
    apart = folders.runs / "apart" / recipe.name
    for name in ("fold-1", "fold-0"):
        train_networks(recipe, folders.data, Run(apart, 0, 0, False), name)
    assert load_card(make_model(recipe, dataclasses.replace(folders, runs=apart.parent), 0, True)).files == together
    with pytest.raises(SchemaError, match="trains no network 'fold-2'; it trains fold-0, fold-1"):
        train_networks(recipe, folders.data, Run(apart, 0, 0, False), "fold-2")


def test_a_refit_without_folds_has_nothing_to_choose_its_threshold_on(recipe: Recipe) -> None:
    with pytest.raises(SchemaError, match="refit = 2: it takes a number from 0 up, and folds above 1"):
        dataclasses.replace(recipe, folds=1, refit=2.0)


def test_eyes_of_one_patient_are_never_parted(recipe: Recipe, data: Path) -> None:
    cases = gather_cases(recipe, data)
    folds = split_folds(cases, 2, 0)
    assert sorted(number for fold in folds for number in fold) == [0, 1, 2, 3]
    assert folds == split_folds(cases, 2, 0) != split_folds(cases, 2, 1)
    assert split_folds(cases, 1, 0) == ((),)


def test_a_fold_holds_out_a_whole_data_set(recipe: Recipe, data: Path) -> None:
    shutil.copytree(data / "lines", data / "more")
    sources = (*recipe.source, dataclasses.replace(recipe.source[0], folder="more"))
    parted = dataclasses.replace(recipe, source=sources, parted_by="data_set")
    planned = plan_networks(parted, gather_cases(parted, data))
    assert [each.held_out for each in planned] == [(0, 1, 2, 3), (4, 5, 6, 7)]
    assert [each.training for each in planned] == [(4, 5, 6, 7), (0, 1, 2, 3)]
    with pytest.raises(SchemaError, match="it needs folds = 2, one for each source, not 3"):
        dataclasses.replace(parted, folds=3)


def test_a_card_of_angiograms_knows_their_size_where_they_share_one(recipe: Recipe, folders: Folders) -> None:
    cases = gather_cases(recipe, folders.data)
    images = load_training_images(cases, recipe)
    size = find_common_size(images)
    assert size == (80, 72)
    assert describe_training(recipe, cases, size, 0.0).size == (0, 0), "photographs are brought to scale"
    assert describe_training(dataclasses.replace(recipe, modality="octa"), cases, size, 0.0).size == (80, 72)
    smaller = dataclasses.replace(images[0], original=np.zeros((40, 50, 3), np.uint8))
    assert find_common_size((smaller, *images[1:])) == (0, 0)


def test_masks_that_do_not_fit_are_all_named_before_the_first_step(recipe: Recipe, folders: Folders) -> None:
    masks = folders.data / "lines" / "masks"
    cv2.imwrite(str(masks / "eye1.png"), np.zeros((5, 5), np.uint8))
    cv2.imwrite(str(masks / "eye2.png"), np.full((72, 80), 7, np.uint8))
    with pytest.raises(DataSetError, match=r"2 images cannot be trained on: .*eye1.png is 5x5.*eye2.png is neither"):
        make_model(recipe, folders, 0, False)
    (masks / "eye3.png").unlink()
    (masks / "eye9.png").write_bytes(b"")
    with pytest.raises(DataSetError, match=r"image eye3.png has no mask; the mask .*eye9.png has no image"):
        gather_cases(recipe, folders.data)


def test_images_without_the_lesion_can_be_left_out_and_an_optional_test_may_be_absent(tmp_path: Path) -> None:
    from retseg.phantom.data_sets import write_idrid
    from train.config.images import Source
    from train.data.cases import gather_test_cases, list_cases

    write_idrid(tmp_path / "IDRiD", 3, (96, 96), 1)
    tasks = ("soft_exudate",)
    every = list_cases(Source("IDRiD", "idrid"), tasks, tmp_path)
    having = list_cases(Source("IDRiD", "idrid", with_lesion=True), tasks, tmp_path)
    assert [case for case in every if case.truth["soft_exudate"]] == list(having) != list(every)
    recipe = load_recipe("wang-relu-sgd")
    only = dataclasses.replace(recipe, test=(recipe.test[0],))
    cases, words = gather_test_cases(only, tmp_path)
    assert cases == () and "DRIVE is not there: put the official download in it, from https" in words[0]
    with pytest.raises(DataSetError, match="DRIVE is not there"):
        gather_test_cases(dataclasses.replace(only, test=(recipe.source[0],)), tmp_path)


def test_grey_patches_are_the_same_whoever_draws_them(data: Path, recipe: Recipe) -> None:
    from train.data.patches import Patches

    images = load_training_images(gather_cases(recipe, data), recipe)
    first, second = Patches(images, recipe, 5), Patches(images, recipe, 5)
    for _ in range(3):
        first[1]
    for one, other in zip(first[7][:3], second[7][:3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_patches_with_a_lesion_have_it_anywhere_in_their_middle_half(data: Path, recipe: Recipe) -> None:
    from train.data.patches import Patches

    sampling = dataclasses.replace(recipe.sampling, positive_share=1.0, patch=16)
    centred = dataclasses.replace(recipe, sampling=sampling, augmentation=())
    patches = Patches(load_training_images(gather_cases(centred, data), centred), centred, 5)
    truths = [patches[number][1].numpy()[0] > 0.5 for number in range(60)]
    middle = sum(bool(truth[4:13, 4:13].any()) for truth in truths)
    assert middle >= 55  # at the border of the image a patch cannot move as far
    assert sum(bool(truth[8, 8]) for truth in truths) < 45
