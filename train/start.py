"""A network that begins where a model of this project ended, as what that has learnt helps with other tasks too."""

from safetensors.torch import load_file

from retseg.declaration import DeclarationError
from retseg.models import Card, load_card, verify_files
from retseg.networks.network import Network
from retseg.networks.weights import copy_weights
from train import REPOSITORY
from train.recipe import Recipe


def find_start(recipe: Recipe) -> Card | None:
    """The card of the model that a recipe starts from; none where it starts from random weights.

    Raises:
        ModelError: there is no such model, or it was altered.
        DeclarationError: it is for other images than the recipe.
    """
    if not recipe.start:
        return None
    card = load_card(REPOSITORY / recipe.start)
    verify_files(card, "model.safetensors")
    theirs = f"{card.modality} images, {card.preprocessing.channels}"
    ours = f"{recipe.modality} images, {recipe.preprocessing.channels}"
    if theirs != ours:
        raise DeclarationError(
            f"the recipe '{recipe.name}' is for {ours}, but the model '{card.name}' that it starts from is for "
            f"{theirs}: name another start"
        )
    return card


def load_start(network: Network, card: Card) -> None:
    """Give a network the weights of a model, but for the modules that belong to its tasks.

    Raises:
        NetworkError: a weight is missing or of another shape.
    """
    copy_weights(network, load_file(card.directory / "model.safetensors"), network.task_modules)
