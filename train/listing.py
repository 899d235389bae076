"""What recipes there are, and what their networks look like."""

import torch
from torchinfo import summary

from retseg.models import ModelError, load_card
from retseg.networks import build_network
from train.make import REPOSITORY
from train.recipe import Recipe, list_recipes, load_recipe


def print_recipes() -> None:
    """Print a line per recipe: parameters, GFLOP, data and, where a model of it is shipped, its scores."""
    for name in list_recipes():
        recipe = load_recipe(name)
        parameters, operations = measure_network(recipe)
        print(f"{name}: {recipe.title}")
        words = f"{parameters:,} parameters, {operations:.1f} GFLOP a patch of {recipe.sampling.patch} px"
        print(f"    {recipe.network.architecture}, {words}, {recipe.folds} folds of {recipe.steps} steps")
        print(f"    {recipe.data}{describe_scores(name)}")


def describe_scores(name: str) -> str:
    """The scores on the card of a recipe's model, as the end of a line; nothing where there is no model."""
    try:
        card = load_card(REPOSITORY / "model_weights" / name)
    except ModelError:
        return ""
    return "".join(f"; {s.task} {s.metric} {s.value:.4f} ({s.low:.4f} to {s.high:.4f})" for s in card.score)


def measure_network(recipe: Recipe) -> tuple[int, float]:
    """Parameters of a recipe's network, and GFLOP (2 x multiply-adds) of one patch."""
    side = recipe.sampling.patch
    with torch.device("meta"):
        network = build_network(recipe.network.architecture, recipe.network.arguments)
        image = torch.empty(1, recipe.preprocessing.channel_count, side, side)
        found = summary(network, input_data=image, verbose=0, device="meta")
    return sum(p.numel() for p in network.parameters()), 2 * found.total_mult_adds / 1e9


def print_summary(recipe: Recipe) -> None:
    """Draw a recipe's network layer by layer."""
    side = recipe.sampling.patch
    network = build_network(recipe.network.architecture, recipe.network.arguments)
    size = (1, recipe.preprocessing.channel_count, side, side)
    print(summary(network, size, verbose=0, depth=4, col_names=("output_size", "num_params", "mult_adds")))
