"""From a recipe to a model: load, split, train a network per fold, choose thresholds, export."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.fabric import Fabric

from retseg.image import read_image
from retseg.models import Training, hash_file
from train import REPOSITORY
from train.cases import Case, gather_cases
from train.export import export_model
from train.folds import list_training, split_folds
from train.logs import draw_curves, sum_hours
from train.loop import Run, Trainer
from train.patches import TrainingImage, load_training_images
from train.prediction import open_weights, predict_unseen
from train.recipe import Recipe
from train.selection import select_thresholds
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
        members: the weights of each network.
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


def train_networks(recipe: Recipe, data: Path, directory: Path, workers: int, resume: bool) -> Trained:
    """Train a network per fold, or the one of the first fold, and write predictions for what was held out.

    Raises:
        DataSetError: images or masks are absent or do not fit together; all of them are named.
        TrainingError: the loss is not finite.
    """
    cases = gather_cases(recipe, data)
    images = cut_images(load_training_images(cases, recipe), recipe.tiles)
    fabric = Fabric(precision=recipe.precision)
    fabric.launch()
    dealt = [image.case for image in images]
    folds = split_folds(dealt, recipe.folds, recipe.seed)[: recipe.networks]
    members = []
    for number, held in enumerate(folds):
        run = Run(directory / f"fold-{number}", recipe.seed * 1000 + number, workers, resume)
        training = [images[i] for i in list_training(dealt, held)]
        validation = [images[i] for i in held]
        weights = Trainer(recipe, run, fabric).train(training, validation)
        if fabric.is_global_zero:
            engine = open_weights(recipe, weights, fabric.device)
            predict_unseen(recipe, engine, validation, directory / "out-of-fold")
        members.append(weights)
    logs = {f"fold {k}": directory / f"fold-{k}" / "log.csv" for k in range(len(folds))}
    if fabric.is_global_zero:
        draw_curves(logs, directory / "curves.png")
    held_out = {i for held in folds for i in held}
    unseen = tuple(image for i, image in enumerate(images) if i in held_out)
    found = directory / "out-of-fold"
    return Trained(cases, tuple(members), unseen, found, logs, fabric.is_global_zero, fabric.device)


def describe_training(recipe: Recipe, cases: Sequence[Case], hours: float) -> Training:
    """What the card says of the training."""
    return Training(
        recipe=recipe.name,
        commit=read_commit(),
        seed=recipe.seed,
        data=recipe.data,
        terms=recipe.terms,
        images={f"{case.data_set}/{case.image.name}": hash_file(case.image) for case in cases},
        steps=recipe.steps * recipe.networks,
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
