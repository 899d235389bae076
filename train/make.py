"""From a recipe to a model: load, split, train a network per fold and one on all images, choose thresholds, export."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.fabric import Fabric

from retseg.image import read_image
from retseg.models import Training, hash_file
from retseg.toml_schema import SchemaError
from train import REPOSITORY
from train.cases import Case, gather_cases
from train.export import export_model
from train.folds import hold_out_data_sets, list_training, split_folds
from train.logs import draw_curves, sum_hours
from train.loop import Run, Trainer
from train.patches import TrainingImage, load_training_images
from train.prediction import open_weights, predict_unseen
from train.recipe import Recipe
from train.selection import select_thresholds
from train.start import choose_start, find_start, name_start
from train.tiles import cut_images


@dataclass(frozen=True)
class Places:
    """Where a training reads and writes.

    Attributes:
        data: the folder of the data sets.
        runs: checkpoints and logs, a folder per recipe.
        output: the models, a folder each.
    """

    data: Path
    runs: Path
    output: Path


@dataclass(frozen=True)
class Trained:
    """What all trainings of a recipe left.

    Attributes:
        cases: that it trained on, held out folds included.
        members: the weights of each network that the model consists of.
        unseen: images that were held out; their predictions are in `predictions`.
        predictions: a folder.
        logs: of each network, by its name.
        is_writer: whether this process is the one that writes results.
        device: that it ran on.
    """

    cases: tuple[Case, ...]
    members: tuple[Mapping[str, torch.Tensor], ...]
    unseen: tuple[TrainingImage, ...]
    predictions: Path
    logs: Mapping[str, Path]
    is_writer: bool
    device: torch.device


def make_model(recipe: Recipe, places: Places, workers: int, resume: bool) -> Path:
    """Train a recipe and write its model.

    Returns:
        The folder of the model.

    Raises:
        DataSetError: images or masks are absent or do not fit together; all of them are named.
        TrainingError: the loss is not finite.
    """
    trained = train_networks(recipe, places.data, places.runs / recipe.name, workers, resume)
    if trained.is_writer:
        chosen = select_thresholds(recipe, trained.unseen, trained.predictions)
        words = describe_training(recipe, trained.cases, sum_hours(trained.logs.values()))
        export_model(recipe, trained.members, chosen, words, places.output / recipe.name)
    return places.output / recipe.name


@dataclass(frozen=True)
class Planned:
    """One of a recipe's networks.

    Attributes:
        name: `fold-K`, or `all` for the one that is trained on all images.
        recipe: how it is trained.
        seed: of its first weights and of its patches.
        training: the numbers of the images that it is trained on.
        held: those that it never sees.
    """

    name: str
    recipe: Recipe
    seed: int
    training: tuple[int, ...]
    held: tuple[int, ...]


def plan_networks(recipe: Recipe, cases: Sequence[Case]) -> tuple[Planned, ...]:
    """A network for each fold that is held out, and the one of `refit`, last."""
    by_data_set = recipe.parted_by == "data_set"
    folds = hold_out_data_sets(cases) if by_data_set else split_folds(cases, recipe.folds, recipe.seed)
    folds = folds[: recipe.networks]
    parts = [(recipe, list_training(cases, held), held) for held in folds]
    if recipe.refit:
        parts.append((recipe.refitted, tuple(range(len(cases))), ()))
    return tuple(
        Planned(name, choose_start(each, [cases[i] for i in held]), recipe.seed * 1000 + number, training, held)
        for number, (name, (each, training, held)) in enumerate(zip(recipe.network_names, parts, strict=True))
    )


def train_networks(recipe: Recipe, data: Path, directory: Path, workers: int, resume: bool, only: str = "") -> Trained:
    """Train a recipe's networks, and write predictions for what was held out.

    Args:
        recipe: what to train.
        data: the folder of the data sets.
        directory: takes a folder per network, and the predictions.
        workers: processes that draw patches.
        resume: whether to go on from the last checkpoints.
        only: the name of the one network to train, so that several machines can share the work; all when empty.

    Raises:
        DataSetError: images or masks are absent or do not fit together; all of them are named.
        TrainingError: the loss is not finite.
        SchemaError: there is no network of that name, or the recipe starts from a model that has seen what it
            holds out.
    """
    if only and only not in recipe.network_names:
        names = ", ".join(recipe.network_names)
        raise SchemaError(f"the recipe '{recipe.name}' trains no network '{only}'; it trains {names}")
    cases = gather_cases(recipe, data)
    images = cut_images(load_training_images(cases, recipe), recipe.tiles)
    fabric = Fabric(precision=recipe.precision)
    fabric.launch()
    planned = plan_networks(recipe, [image.case for image in images])
    held_out = {i for each in planned for i in each.held}
    members = {}
    for each in planned:
        if only in ("", each.name):
            run = Run(directory / each.name, each.seed, workers, resume)
            held = [images[i] for i in each.held]
            weights = Trainer(each.recipe, run, fabric).train([images[i] for i in each.training], held)
            if held and fabric.is_global_zero:
                engine = open_weights(recipe, weights, fabric.device)
                predict_unseen(recipe, engine, held, directory / "out-of-fold")
            members[each.name] = weights
    logs = {name.replace("-", " "): directory / name / "log.csv" for name in members}
    if fabric.is_global_zero and not only:
        draw_curves(logs, directory / "curves.png")
    unseen = tuple(image for i, image in enumerate(images) if i in held_out)
    found = directory / "out-of-fold"
    shipped = (members["all"],) if "all" in members else tuple(members.values())
    return Trained(cases, shipped, unseen, found, logs, fabric.is_global_zero, fabric.device)


def describe_training(recipe: Recipe, cases: Sequence[Case], hours: float) -> Training:
    """What the card says of the training; images, data and terms of a model that it started from are its own, too."""
    start = find_start(recipe)
    return Training(
        recipe=recipe.name,
        commit=read_commit(),
        seed=recipe.seed,
        data=f"{recipe.data}; it began as {start.name}: {start.training.data}" if start else recipe.data,
        terms="; ".join(dict.fromkeys([recipe.terms, *([start.training.terms] if start else [])])),
        start=name_start(start),
        images={
            **(start.training.images if start else {}),
            **{f"{case.data_set}/{case.image.name}": hash_file(case.image) for case in cases},
        },
        steps=recipe.total_steps,
        hours=round(hours, 2),
        machine=f"{platform.machine()}, {platform.system()}",
        size=find_common_size(cases) if recipe.modality == "octa" else (0, 0),
    )


def find_common_size(cases: Sequence[Case]) -> tuple[int, int]:
    """(width, height) of all images, (0, 0) where they differ: the scale of an angiogram is known by nothing else."""
    sizes = {read_image(case.image).geometry.size for case in cases}
    return sizes.pop() if len(sizes) == 1 else (0, 0)


def read_commit() -> str:
    """The commit of this repository, with `+` where there are changes; `unknown` outside a checkout."""
    words = ["git", "-C", str(REPOSITORY), "describe", "--always", "--abbrev=12", "--dirty=+"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"
