"""A network that begins where a model of this project ended, as what that has learnt helps with other tasks too."""

import dataclasses
from collections.abc import Sequence

from safetensors.torch import load_file

from retseg.evaluation.scoring.provenance import compare_with_training
from retseg.models import Card, load_card, verify_files
from retseg.networks import NetworkError
from retseg.networks.network import Network
from retseg.networks.weights import copy_weights
from retseg.toml_schema import SchemaError
from train import REPOSITORY
from train.config.recipe import Recipe
from train.data.cases import Case


def choose_start(recipe: Recipe, held_out: Sequence[Case]) -> Recipe:
    """The recipe with the first of its starts that was trained on none of the images that are held out.

    A training image is known by its SHA-256 or its name.

    Raises:
        ModelError: there is no such model, or it was altered.
        SchemaError: each of them was trained on a held-out image; these are named.
    """
    refusals = []
    for start in recipe.start:
        chosen = dataclasses.replace(recipe, start=(start,))
        card = find_start(chosen)
        assert card is not None
        found = compare_with_training(held_out, [card])
        if not (seen := (*found.trained_on, *found.same_name)):
            return chosen
        refusals.append(f"{', '.join(seen)}, which the model '{card.name}' that it starts from was trained on")
    if refusals:
        raise SchemaError(f"the recipe '{recipe.name}' holds out {'; and '.join(refusals)}: name another start")
    return recipe


def find_start(recipe: Recipe) -> Card | None:
    """The card of the first model that a recipe starts from; none where it starts from random weights.

    Raises:
        ModelError: there is no such model, or it was altered.
        SchemaError: it sees other images than the recipe, or sees them otherwise.
    """
    if not recipe.start:
        return None
    card = load_card(REPOSITORY / recipe.start[0])
    verify_files(card, "model.safetensors")
    theirs, ours = (
        f"{each.modality} images, {each.preprocessing.channels}, normalised by {each.preprocessing.normalise}"
        for each in (card, recipe)
    )
    if theirs != ours:
        raise SchemaError(
            f"the recipe '{recipe.name}' is for {ours}, but the model '{card.name}' that it starts from is for "
            f"{theirs}: name another start"
        )
    return card


def name_start(card: Card | None) -> str:
    """The model and the SHA-256 of its weights, as cards and results note them; empty without one."""
    return f"{card.name}, SHA-256 {card.files['model.safetensors']}" if card else ""


def load_start(network: Network, card: Card) -> None:
    """Give a network the weights of a model, but for the modules that belong to its tasks.

    Raises:
        SchemaError: the model is another network.
    """
    try:
        copy_weights(network, load_file(card.directory / "model.safetensors"), network.task_modules)
    except NetworkError as error:
        raise SchemaError(
            f"a {type(network).__name__} cannot start from the model '{card.name}', which is a "
            f"'{card.network.architecture}' with {card.network.arguments}: {error}"
        ) from error
