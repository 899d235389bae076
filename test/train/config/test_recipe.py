"""A recipe is read strictly, and changed by its own words only."""

from pathlib import Path

import pytest

from retseg.toml_schema import SchemaError
from train.config.fingerprint import fingerprint_weights, has_fingerprint
from train.config.loader import list_recipes, load_recipe
from train.config.patches import Transform
from train.data.augmentation import compose
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
