"""A network that begins where a model of this project ended, because what that has learnt helps with other tasks too."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from retseg.declaration import DeclarationError
from retseg.models import Card, load_card, verify_files
from train import REPOSITORY
from train.recipe import Recipe


def find_start(recipe: Recipe) -> Card | None:
    """The card of the model that a recipe starts from; none where it starts from random weights.

    Raises:
        ModelError: there is no such model, or it was altered.
        DeclarationError: it has another network than the recipe, or is for other images.
    """
    if not recipe.start:
        return None
    card = load_card(REPOSITORY / recipe.start)
    verify_files(card, "model.safetensors")
    theirs = (card.modality, card.preprocessing.channels, card.network.architecture, _forget_tasks(card))
    ours = (recipe.modality, recipe.preprocessing.channels, recipe.network.architecture, _forget_tasks(recipe))
    if theirs != ours:
        raise DeclarationError(
            f"the recipe '{recipe.name}' starts from the model '{card.name}', which is {theirs}, wanted is {ours}: "
            "only the number of tasks may differ"
        )
    return card


def _forget_tasks(owner: Card | Recipe) -> dict[str, object]:
    return {key: value for key, value in owner.network.arguments.items() if key != "tasks"}


def load_start(network: torch.nn.Module, card: Card) -> tuple[str, ...]:
    """Give a network the weights of a model; the names of those that stay random, as their shape depends on the tasks."""
    weights = load_file(Path(card.directory) / "model.safetensors")
    own = network.state_dict()
    fitting = {name: value for name, value in weights.items() if own[name].shape == value.shape}
    network.load_state_dict(fitting, strict=False)
    return tuple(name for name in own if name not in fitting)
