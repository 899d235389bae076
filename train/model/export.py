"""Write a trained model as a folder: its weights, the graph `model.onnx` that refers to them, and `card.toml`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from retseg import __version__
from retseg.models import CARD_FORMAT, Card, HeldOut, NetworkSpec, Training, hash_file, write_card
from retseg.networks import build_network
from retseg.networks.network import Network
from retseg.networks.onnx import export_onnx
from retseg.networks.weights import save_weights
from train.config.recipe import Recipe
from train.model.footprint import measure_margin, measure_memory
from train.model.thresholds import Choice


def draft_card(
    recipe: Recipe, choices: Mapping[str, Choice], training: Training, held_out: tuple[HeldOut, ...]
) -> Card:
    """The card of a model before its export: with the network of one member, its tiling unmeasured, and no files.

    Args:
        recipe: that made the model.
        choices: threshold and scores of each task.
        training: what the card says of the training.
        held_out: the rows of the card about held-out images.
    """
    return Card(
        format=CARD_FORMAT,
        name=recipe.name,
        version=__version__,
        modality=recipe.modality,
        tasks={task: choice.rule for task, choice in choices.items()},
        network=recipe.network,
        preprocessing=recipe.preprocessing,
        inference=recipe.inference,
        training=training,
        files={},
        selection={task: choice.selection for task, choice in choices.items()},
        score=tuple(score for choice in choices.values() for score in choice.scores),
        held_out=held_out,
        framing=recipe.framing,
        field_of_view=recipe.field_of_view,
    )


def export_model(card: Card, members: Sequence[Mapping[str, torch.Tensor]], directory: Path) -> Card:
    """Write the folder of a model: weights, graph, and last the card. It is made if it does not exist.

    Args:
        card: from `draft_card`.
        members: the weights of the networks of the model; several become one ensemble, the mean of their logits.
        directory: of the model.

    Returns:
        The card as it was written.

    Raises:
        OutputError: the folder cannot be written.
    """
    network, weights = join_members(card.network, members)
    save_weights(weights, directory / "model.safetensors")
    channels = card.preprocessing.channel_count
    built = load_network(network, directory).eval()
    export_onnx(built, channels, directory / "model.onnx", directory / "model.safetensors")
    margin = measure_margin(built, channels, card.inference.tiling.multiple)
    memory = measure_memory(directory / "model.onnx", channels)
    inference = replace(card.inference, tiling=replace(card.inference.tiling, margin=margin, memory=memory))
    files = {name: hash_file(directory / name) for name in ("model.safetensors", "model.onnx")}
    written = replace(card, network=network, inference=inference, files=files, directory=directory)
    write_card(written)
    return written


def join_members(
    network: NetworkSpec, members: Sequence[Mapping[str, torch.Tensor]]
) -> tuple[NetworkSpec, dict[str, torch.Tensor]]:
    """The network of a model and its weights: an ensemble if there are several members."""
    if len(members) == 1:
        return network, dict(members[0])
    weights = {f"members.{k}.{name}": value for k, member in enumerate(members) for name, value in member.items()}
    arguments = {**asdict(network), "members": len(members)}
    outer = {key: arguments["arguments"][key] for key in ("in_channels", "tasks") if key in arguments["arguments"]}
    return NetworkSpec("ensemble", {**arguments, **outer}), weights


def load_network(network: NetworkSpec, directory: Path) -> Network:
    """The network with the weights of the `model.safetensors` in a folder, as they are stored."""
    built = build_network(network.architecture, network.arguments)
    built.load_state_dict(load_file(directory / "model.safetensors"))
    return built
