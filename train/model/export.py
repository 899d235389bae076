"""A trained model as a folder: its weights, the graph `model.onnx` that points into them, and `card.toml`."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file

from retseg import __version__
from retseg.models import CARD_FORMAT, Candidate, Card, NetworkSpec, Training, hash_file, write_card
from retseg.networks import build_network
from retseg.networks.onnx import export_onnx
from retseg.networks.weights import save_weights
from retseg.tiling import Tiling
from train.config.recipe import Recipe
from train.model.footprint import measure_margin, measure_memory
from train.model.thresholds import Choice


def export_model(
    recipe: Recipe,
    members: Sequence[Mapping[str, torch.Tensor]],
    choices: Mapping[str, Choice],
    training: Training,
    directory: Path,
    comparison: tuple[Candidate, ...] = (),
) -> Card:
    """Write the folder of a model.

    Args:
        recipe: that made it.
        members: the weights of the networks of the model; several become one ensemble, the mean of their logits.
        choices: threshold and scores of each task.
        training: what the card says of the training.
        directory: of the model, made when it is not there.
        comparison: with the networks that were trained beside it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    network, weights = join_members(recipe.network, members)
    save_weights(weights, directory / "model.safetensors")
    channels = recipe.preprocessing.channel_count
    write_onnx(network, channels, directory)
    tiling = measure_tiling(network, channels, recipe.inference.tiling, directory)
    card = Card(
        format=CARD_FORMAT,
        name=recipe.name,
        version=__version__,
        modality=recipe.modality,
        tasks={task: choice.rule for task, choice in choices.items()},
        network=network,
        preprocessing=recipe.preprocessing,
        inference=replace(recipe.inference, tiling=tiling),
        training=training,
        files={name: hash_file(directory / name) for name in ("model.safetensors", "model.onnx")},
        selection={task: choice.selection for task, choice in choices.items()},
        score=tuple(score for choice in choices.values() for score in choice.scores),
        comparison=comparison,
        framing=recipe.framing,
        directory=directory,
    )
    write_card(card)
    return card


def join_members(
    network: NetworkSpec, members: Sequence[Mapping[str, torch.Tensor]]
) -> tuple[NetworkSpec, dict[str, torch.Tensor]]:
    """The network that a model consists of, and its weights: an ensemble where there are several members."""
    if len(members) == 1:
        return network, dict(members[0])
    weights = {f"members.{k}.{name}": value for k, member in enumerate(members) for name, value in member.items()}
    arguments = {**dataclasses.asdict(network), "members": len(members)}
    outer = {key: arguments["arguments"][key] for key in ("in_channels", "tasks") if key in arguments["arguments"]}
    return NetworkSpec("ensemble", {**arguments, **outer}), weights


def measure_tiling(network: NetworkSpec, channels: int, tiling: Tiling, directory: Path) -> Tiling:
    """The tiling of a recipe with the margin and the memory of the exported network."""
    built = build_network(network.architecture, network.arguments)
    built.load_state_dict(load_file(directory / "model.safetensors"))
    margin = measure_margin(built.eval(), channels, tiling.multiple)
    return replace(tiling, margin=margin, memory=measure_memory(directory / "model.onnx", channels))


def write_onnx(network: NetworkSpec, channels: int, directory: Path) -> None:
    """Derive the graph `model.onnx` from the `model.safetensors` beside it, into which it points."""
    built = build_network(network.architecture, network.arguments)
    built.load_state_dict(load_file(directory / "model.safetensors"))
    export_onnx(built, channels, directory / "model.onnx", directory / "model.safetensors")
