"""Train the networks of a recipe: one for each fold that is held out, and one on all images."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from lightning.fabric import Fabric

from retseg.toml_schema import SchemaError
from train.config.recipe import Recipe
from train.data.cases import Case, gather_cases
from train.data.images import TrainingImage, find_common_size, load_training_images
from train.data.prepared import Prepared
from train.data.tiles import cut_images
from train.fit.logs import draw_curves
from train.fit.loop import Trainer
from train.fit.prediction import open_weights
from train.fit.run import Run
from train.model.out_of_fold import predict_held_out
from train.model.planning import PlannedNetwork, plan_networks


@dataclass(frozen=True)
class Trained:
    """The outcome of all trainings of a recipe.

    Attributes:
        cases: all cases of the recipe, held-out folds included.
        members: the weights of each network that the model consists of.
        held_out: images that were held out; the predictions for them are in `predictions`.
        others: all other images.
        predictions: a folder.
        size: (width, height) of every image in pixels; (0, 0) if they differ.
        logs: the log of each network, by its name.
        is_writer: whether this process writes the results, as one of several.
        device: that it ran on.
    """

    cases: tuple[Case, ...]
    members: tuple[Mapping[str, torch.Tensor], ...]
    held_out: tuple[TrainingImage, ...]
    others: tuple[TrainingImage, ...]
    predictions: Path
    size: tuple[int, int]
    logs: Mapping[str, Path]
    is_writer: bool
    device: torch.device


def train_networks(recipe: Recipe, data: Path, run: Run, only: str = "") -> Trained:
    """Train a recipe's networks, and write predictions for the held-out images.

    Args:
        recipe: what to train.
        data: the folder of the data sets.
        run: its directory takes a folder for each network, and the predictions; the seed is set here.
        only: the name of the one network to train, so that several machines can share the work; all when empty.

    Raises:
        DataSetError: images or masks are absent or do not fit together; all of them are named.
        TrainingError: the loss or a weight is not finite.
        OutOfTimeError: the time of the run was over first.
        SchemaError: there is no network of that name, or every initial model was trained on held-out images.
    """
    check_name(recipe, only)
    cases = gather_cases(recipe, data)
    whole = load_training_images(cases, recipe)
    images = cut_images(whole, recipe.tiles)
    fabric = launch(recipe)
    planned = plan_networks(recipe, [image.case for image in images])
    predictions = run.directory / "out-of-fold"
    members = {}
    for each in planned:
        if only in ("", each.name):
            held_out = [images[i] for i in each.held_out]
            weights = train_planned(each, images, run, fabric)
            if held_out and fabric.is_global_zero:
                predict_held_out(recipe, open_weights(recipe, weights, fabric.device), held_out, predictions)
            members[each.name] = weights
    folders = [start.folder for each in planned if each.name in members for start in each.starts]
    logs = {re.sub("[-/]", " ", folder): run.directory / folder / "log.csv" for folder in folders}
    if fabric.is_global_zero and not only:
        draw_curves(logs, run.directory / "curves.png")
    numbers = {i for each in planned for i in each.held_out}
    all_held_out = tuple(image for i, image in enumerate(images) if i in numbers)
    others = tuple(image for i, image in enumerate(images) if i not in numbers)
    kept = (members["all"],) if "all" in members else tuple(members.values())
    size = find_common_size(whole)
    return Trained(cases, kept, all_held_out, others, predictions, size, logs, fabric.is_global_zero, fabric.device)


def prepare(recipe: Recipe, data: Path) -> Prepared:
    """Read everything that a training of the recipe reads.

    Raises:
        DataSetError: images or masks are absent or do not fit together; all of them are named.
        SchemaError: there are fewer patients than folds, or every initial model was trained on held-out images.
    """
    images = load_training_images(gather_cases(recipe, data), recipe)
    planned = plan_networks(recipe, [image.case for image in cut_images(images, recipe.tiles)])
    return Prepared(recipe, images, {each.name: each.recipe.initial_models for each in planned})


def train_prepared(prepared: Prepared, run: Run, only: str = "") -> None:
    """Train networks from a prepared file. Nothing is predicted, because it does not have the images at their own size.

    Args:
        prepared: recipe and images.
        run: its directory takes a folder for each network; its deadline is that of all networks together; the seed is
            set here.
        only: the name of the one network to train; all when empty.

    Raises:
        TrainingError: the loss or a weight is not finite.
        SchemaError: there is no network of that name.
    """
    recipe = prepared.recipe
    check_name(recipe, only)
    images = cut_images(prepared.images, recipe.tiles)
    planned = plan_networks(recipe, [image.case for image in images], prepared.initial_models)
    left = [each for each in planned if only in ("", each.name)]
    fabric = launch(recipe)
    while left:
        each, share = left[0], left[0].recipe.steps / sum(other.recipe.steps for other in left)
        now = time.monotonic()
        deadline = None if run.deadline is None else now + (run.deadline - now) * share
        train_planned(each, images, replace(run, deadline=deadline), fabric)
        left = left[1:]


def train_planned(
    planned: PlannedNetwork, images: Sequence[TrainingImage], run: Run, fabric: Fabric
) -> dict[str, torch.Tensor]:
    """Train one network, start by start, each from the weights that the start before has kept.

    Args:
        planned: the network.
        images: of the recipe, cut into tiles.
        run: its directory takes the folder of each start; the seeds are those of the starts.
        fabric: precision and device.

    Returns:
        The weights that the last start has kept.
    """
    weights: dict[str, torch.Tensor] | None = None
    recipe, count = planned.recipe.one_start, len(planned.starts)
    for number, start in enumerate(planned.starts):
        now = time.monotonic()
        deadline = None if run.deadline is None else now + (run.deadline - now) / (count - number)
        own = replace(run, directory=run.directory / start.folder, seed=start.seed, deadline=deadline)
        training, validation = ([images[i] for i in numbers] for numbers in (start.training, start.validation))
        weights = Trainer(recipe, own, fabric, weights).train(training, validation)
    assert weights is not None
    return weights


def launch(recipe: Recipe) -> Fabric:
    """Lightning's Fabric, with the precision of the recipe, on the GPU or the CPU of this machine."""
    fabric = Fabric(precision=recipe.precision)
    fabric.launch()
    return fabric


def check_name(recipe: Recipe, only: str) -> None:
    """Refuse the name of a network that the recipe does not have.

    Raises:
        SchemaError: there is none of that name.
    """
    if only and only not in recipe.network_names:
        names = ", ".join(recipe.network_names)
        raise SchemaError(f"the recipe '{recipe.name}' trains no network '{only}'; it trains {names}")
