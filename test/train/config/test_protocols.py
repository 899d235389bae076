"""Thresholds, validation and the card count an empty truth by one protocol, which the recipe names."""

import dataclasses

import pytest

from retseg.toml_schema import SchemaError
from train.config.loader import list_recipes, load_recipe
from train.config.protocols import MEAN, POOLED, find_protocols, find_selection_protocol
from train.config.recipe import Recipe
from train.config.selection import SelectionRule


def test_the_two_protocols_for_held_out_images_differ_in_an_empty_truth() -> None:
    mean, pooled = find_protocols((MEAN, POOLED))
    assert (mean.pooling, mean.empty_truth, mean.headline) == ("per_image", "one", "dice")
    assert (pooled.pooling, pooled.empty_truth, pooled.headline) == ("pooled", "count", "f1")


def test_a_protocol_of_a_challenge_will_do_but_none_whose_headline_needs_more_than_a_mask(recipe: Recipe) -> None:
    other = dataclasses.replace(recipe, selection=SelectionRule("fundus-frame"))
    assert find_selection_protocol(other).region == "frame"
    with pytest.raises(SchemaError, match="'ap' is no metric of a mask's pixels"):
        find_selection_protocol(dataclasses.replace(recipe, selection=SelectionRule("idrid-ap")))
    with pytest.raises(SchemaError, match="did you mean 'held-out-mean'"):
        find_selection_protocol(dataclasses.replace(recipe, selection=SelectionRule("held-out-maen")))


@pytest.mark.parametrize("name", list_recipes())
def test_every_shipped_recipe_names_a_protocol_for_its_choice(name: str) -> None:
    assert find_selection_protocol(load_recipe(name))
