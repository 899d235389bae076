"""How large the network of a recipe is: its parameters, its arithmetic and its layers."""

import torch
from torchinfo import summary

from retseg.networks import build_network
from train.config.recipe import Recipe


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


def count_parameters(recipe: Recipe) -> int:
    """Trainable and frozen weights of a recipe's network."""
    with torch.device("meta"):
        network = build_network(recipe.network.architecture, recipe.network.arguments)
    return sum(parameter.numel() for parameter in network.parameters())
