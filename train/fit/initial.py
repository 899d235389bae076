"""Initialise a network from a model of this repository, whose features help with other tasks, too."""

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


def choose_initial_model(recipe: Recipe, held_out: Sequence[Case]) -> Recipe:
    """The recipe with only the first of its initial models that was trained on none of the held-out images.

    A training image is recognised by its SHA-256 or its name.

    Raises:
        ModelError: there is no such model, or it was altered.
        SchemaError: each model was trained on a held-out image; these are named.
    """
    refusals = []
    for folder in recipe.initial_models:
        chosen = dataclasses.replace(recipe, initial_models=(folder,))
        card = find_initial_model(chosen)
        assert card is not None
        found = compare_with_training(held_out, [card])
        if not (seen := (*found.trained_on, *found.same_name)):
            return chosen
        refusals.append(f"{', '.join(seen)}, which its initial model '{card.name}' was trained on")
    if refusals:
        raise SchemaError(f"the recipe '{recipe.name}' holds out {'; and '.join(refusals)}: name another initial model")
    return recipe


def check_encoder(recipe: Recipe) -> None:
    """Refuse to train the network of a publication without the encoder that it starts from, unless that was said aloud.

    Raises:
        SchemaError: the recipe names a published encoder, but no file of weights, no `none`, and no initial model.
    """
    if recipe.published_encoder and not recipe.encoder and not recipe.initial_models:
        raise SchemaError(
            f"the published network of '{recipe.name}' starts from {recipe.published_encoder}: give the file with "
            "encoder=FILE, or say encoder=none to train it from random weights"
        )


def find_initial_model(recipe: Recipe) -> Card | None:
    """The card of the first initial model of a recipe; None if its weights are random at first.

    Raises:
        ModelError: there is no such model, or it was altered.
        SchemaError: the model is for another kind of image than the recipe, or has other preprocessing.
    """
    if not recipe.initial_models:
        return None
    card = load_card(REPOSITORY / recipe.initial_models[0])
    verify_files(card, "model.safetensors")
    theirs, ours = (
        f"{each.modality} images, {each.preprocessing.channels}, normalised by {each.preprocessing.normalise}"
        for each in (card, recipe)
    )
    if theirs != ours:
        raise SchemaError(
            f"the recipe '{recipe.name}' is for {ours}, but its initial model '{card.name}' is for {theirs}: "
            "name another initial model"
        )
    return card


def describe_initial_model(card: Card | None) -> str:
    """The model and the SHA-256 of its weights, for cards and results; empty without a model."""
    return f"{card.name}, SHA-256 {card.files['model.safetensors']}" if card else ""


def load_initial_weights(network: Network, card: Card) -> None:
    """Copy the weights of a model into a network, except those of the modules of its tasks.

    Raises:
        SchemaError: the model has another network.
    """
    try:
        copy_weights(network, load_file(card.directory / "model.safetensors"), network.task_modules)
    except NetworkError as error:
        raise SchemaError(
            f"a {type(network).__name__} cannot be initialised from the model '{card.name}', which is a "
            f"'{card.network.architecture}' with {card.network.arguments}: {error}"
        ) from error
