"""From a recipe to a model: train its networks, choose thresholds on held-out images, export weights and card."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retseg.models import Candidate, Training, hash_file
from train import REPOSITORY
from train.config.recipe import Recipe
from train.data.cases import Case
from train.fit.initial import describe_initial_model, find_initial_model
from train.fit.logs import sum_hours
from train.fit.run import Run
from train.model.export import draft_card, export_model
from train.model.held_out import list_held_out
from train.model.networks import Trained, train_networks
from train.model.thresholds import Choice, select_thresholds


@dataclass(frozen=True)
class Folders:
    """Where a training reads and writes.

    Attributes:
        data: the data sets.
        runs: checkpoints and logs, a folder for each recipe.
        output: the models, a folder each.
    """

    data: Path
    runs: Path
    output: Path


def make_model(recipe: Recipe, folders: Folders, workers: int, resume: bool) -> Path:
    """Train a recipe and write its model.

    Returns:
        The folder of the model.

    Raises:
        DataSetError: images or masks are absent or do not fit together; all of them are named.
        TrainingError: the loss or a weight is not finite.
    """
    trained = train_networks(recipe, folders.data, Run(folders.runs / recipe.name, 0, workers, resume))
    if trained.is_writer:
        choices = select_thresholds(recipe, trained.held_out, trained.predictions)
        export_trained(recipe, trained, choices, folders.output / recipe.name)
    return folders.output / recipe.name


def export_trained(
    recipe: Recipe,
    trained: Trained,
    choices: Mapping[str, Choice],
    directory: Path,
    comparison: tuple[Candidate, ...] = (),
) -> None:
    """Write the model of a trained recipe: its weights, and a card with thresholds, scores and training.

    Args:
        recipe: that was trained.
        trained: its networks and the images that were held out from them.
        choices: threshold and scores of each task.
        directory: of the model.
        comparison: rows of the card about the candidates that were compared.
    """
    held_out = list_held_out(recipe, trained.held_out, trained.predictions, choices)
    training = describe_training(recipe, trained.cases, trained.size, sum_hours(trained.logs.values()))
    card = draft_card(recipe, choices, training, held_out)
    export_model(replace(card, comparison=comparison), trained.members, directory)


def describe_training(recipe: Recipe, cases: Sequence[Case], size: tuple[int, int], hours: float) -> Training:
    """What the card says of the training; the images, data and terms of an initial model are added.

    Args:
        recipe: that was trained.
        cases: of the recipe.
        size: (width, height) of every image in pixels; (0, 0) if they differ.
        hours: wall-clock time of the training.
    """
    initial = find_initial_model(recipe)
    return Training(
        recipe=recipe.name,
        commit=read_commit(),
        seed=recipe.seed,
        data=f"{recipe.data}; initialised from {initial.name}: {initial.training.data}" if initial else recipe.data,
        terms="; ".join(dict.fromkeys([recipe.terms, *([initial.training.terms] if initial else [])])),
        start=describe_initial_model(initial),
        images={
            **(initial.training.images if initial else {}),
            **{f"{case.data_set}/{case.image.name}": hash_file(case.image) for case in cases},
        },
        steps=recipe.total_steps,
        hours=round(hours, 2),
        machine=f"{platform.machine()}, {platform.system()}",
        phantom=recipe.phantom and (initial is None or initial.is_phantom),
        size=size if recipe.view_rule == "frame" else (0, 0),  # others have another scale: the field of view
    )


def read_commit() -> str:
    """The commit of this repository, with `+` where there are changes; `unknown` outside a checkout."""
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--abbrev=12", "--dirty=+"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"
