"""The size of the network of a recipe: its parameters, its arithmetic and its layers."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from retseg.networks import build_network
from train.config.recipe import Recipe


def measure_network(recipe: Recipe) -> tuple[int, float]:
    """Parameters of a recipe's network, and GFLOP (2 x multiply-adds) of one patch.

    Convolutions, matrix products and attention are counted; additions, activations and normalisations are not.
    """
    side = recipe.sampling.patch
    network = _build_without_memory(recipe).eval()
    image = torch.empty(1, recipe.preprocessing.channel_count, side, side, device="meta")
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network(image)
    return _sum_parameters(network), counter.get_total_flops() / 1e9


def print_summary(recipe: Recipe) -> None:
    """Print a recipe's network layer by layer. Only this needs torchinfo, which a machine with a GPU may lack."""
    from torchinfo import summary

    side = recipe.sampling.patch
    network = build_network(recipe.network.architecture, recipe.network.arguments)
    size = (1, recipe.preprocessing.channel_count, side, side)
    print(summary(network, size, verbose=0, depth=4, col_names=("output_size", "num_params", "mult_adds")))


def count_parameters(recipe: Recipe) -> int:
    """The number of trainable and frozen weights of a recipe's network."""
    return _sum_parameters(_build_without_memory(recipe))


def _build_without_memory(recipe: Recipe) -> nn.Module:
    """A recipe's network on torch's `meta` device: shapes without values."""
    with torch.device("meta"):
        return build_network(recipe.network.architecture, recipe.network.arguments)


def _sum_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())
