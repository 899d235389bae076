"""A recipe is read strictly, and changed by its own words only."""

from pathlib import Path

import numpy as np
import pytest

from retseg.toml_schema import SchemaError
from train.config.fingerprint import fingerprint_weights, has_fingerprint
from train.config.loader import list_recipes, load_recipe
from train.config.patches import Transform
from train.data.augmentation import Patch, augment, compose
from train.fit.losses import build_loss


def test_changes_reach_any_depth_and_variants_are_named_sets_of_them(recipes: Path) -> None:
    changed = load_recipe("lines", ["stage.0.steps=3", "seed=9", "network.arguments.activation=silu"], recipes)
    assert (changed.stage[0].steps, changed.seed, changed.network.arguments["activation"]) == (3, 9, "silu")
    small = load_recipe("lines", ["width=cpu", "stage.0.learning_rate=0.25"], recipes)
    assert (small.sampling.patch, small.stage[0].learning_rate) == (64, 0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("stage.0.stepps=3", "did you mean 'steps'"),
        ("sed=1", "did you mean 'seed'"),
        ("stage.4.steps=1", "'4' of 'stage.4.steps' is not one of 0 to 0"),
        ("seed.depth=1", "'seed' of 'seed.depth' is not a table"),
        ("seed", "wanted KEY=VALUE"),
        ("width=gpu", "has no such variant; did you mean 'cpu'"),
        ("precision=fp8", "'fp8' is not one of"),
        ("sampling.patch=big", "wanted a whole number"),
    ],
)
def test_a_wrong_change_is_named_with_the_nearest_right_one(recipes: Path, change: str, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        load_recipe("lines", [change], recipes)


def test_an_unknown_recipe_is_answered_with_the_nearest(recipes: Path) -> None:
    with pytest.raises(SchemaError, match="did you mean 'lines'"):
        load_recipe("liens", (), recipes)


def test_what_does_not_shape_the_weights_may_change_between_start_and_resumption(recipes: Path) -> None:
    plain = load_recipe("lines", (), recipes)
    renamed = load_recipe("lines", ["title=x", "selection.protocol=held-out-pooled"], recipes)
    assert fingerprint_weights(renamed) == fingerprint_weights(plain)
    assert has_fingerprint(renamed, fingerprint_weights(plain))
    larger = load_recipe("lines", ["sampling.batch=3"], recipes)
    assert not has_fingerprint(larger, fingerprint_weights(plain))


@pytest.mark.parametrize("name", list_recipes())
def test_every_shipped_recipe_declares_transforms_and_losses_that_exist(name: str) -> None:
    recipe = load_recipe(name)
    assert compose(recipe.augmentation, recipe.sampling.patch)
    for stage in recipe.stage:
        assert build_loss(stage.loss.name, stage.loss.arguments)


def test_an_unknown_transform_or_argument_is_named() -> None:
    with pytest.raises(SchemaError, match="did you mean 'GaussNoise'"):
        compose([Transform("GausNoise")], 32)


def test_one_of_several_transforms_changes_each_patch_and_each_has_its_turn() -> None:
    flips = (Transform("HorizontalFlip"), Transform("VerticalFlip"), Transform("Transpose"))
    chain = compose([Transform("OneOf", {"p": 1.0}, flips)], 8)
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 1), dtype=np.uint8)
    patch = Patch(pixels, pixels, pixels[:, :, 0])
    possible = [pixels[:, ::-1], pixels[::-1], pixels.transpose(1, 0, 2)]
    found = [augment(patch, chain, seed).pixels for seed in range(60)]
    turns = [[np.array_equal(each, wanted) for wanted in possible] for each in found]
    assert all(sum(turn) == 1 for turn in turns)
    assert all(10 <= sum(column) <= 30 for column in zip(*turns, strict=True))


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (Transform("OneOff", {}, (Transform("Transpose"),)), "no group of transforms 'OneOff'; did you mean 'OneOf'"),
        (Transform("OneOf", {}, (Transform("Transpos"),)), "no transform 'Transpos'; did you mean 'Transpose'"),
        (Transform("OneOf"), "no transform 'OneOf'"),
    ],
)
def test_a_wrong_group_of_transforms_is_named(transform: Transform, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        compose([transform], 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["grey_truth=[[64, 64], [32, 32]]"], "the last size of grey_truth must be that of the framing"),
        (["keep=best", "folds=1"], "needs folds above 1 and no refit"),
        (["restarts={ starts = 2 }", "refit=1.0"], "needs folds above 1 and no refit"),
        (["restarts={ starts = 4, redraw = true }"], "it has only 2 folds"),
        (["restarts={ starts = 3 }"], "must be a multiple"),
        (["restarts={ redraw = true }"], "two or more with redraw"),
    ],
)
def test_keys_that_do_not_fit_each_other_are_refused(recipes: Path, changes: list[str], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        load_recipe("lines", changes, recipes)
