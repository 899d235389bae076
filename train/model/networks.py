"""The networks of a recipe: one for each fold that is held out, and one that is trained on all images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.fabric import Fabric

from retseg.toml_schema import SchemaError
from train.config.recipe import Recipe
from train.data.cases import Case, gather_cases
from train.data.folds import hold_out_data_sets, list_training, split_folds
from train.data.images import TrainingImage, load_training_images
from train.data.tiles import cut_images
from train.fit.initial import choose_start
from train.fit.logs import draw_curves
from train.fit.loop import Run, Trainer
from train.fit.prediction import open_weights
from train.model.out_of_fold import predict_unseen


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
