"""From a recipe to a model: train its networks, choose thresholds on held-out images, export weights and card."""

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retseg.image import read_image
from retseg.models import Candidate, Training, hash_file, write_card
from train import REPOSITORY
from train.config.recipe import Recipe
from train.data.cases import Case
from train.fit.initial import describe_initial_model, find_initial_model
from train.fit.logs import sum_hours
from train.model.export import export_model
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
    trained = train_networks(recipe, folders.data, folders.runs / recipe.name, workers, resume)
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
        comparison: rows of the card about the networks that were trained beside it.
    """
    training = describe_training(recipe, trained.cases, sum_hours(trained.logs.values()))
    card = export_model(recipe, trained.members, choices, training, directory, comparison)
    write_card(replace(card, held_out=list_held_out(recipe, trained.held_out, trained.predictions, choices)))


def describe_training(recipe: Recipe, cases: Sequence[Case], hours: float) -> Training:
    """What the card says of the training; the images, data and terms of an initial model are added."""
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
        size=find_common_size(cases) if recipe.modality == "octa" else (0, 0),
    )


def find_common_size(cases: Sequence[Case]) -> tuple[int, int]:
    """(width, height) of all images, or (0, 0) where they differ; nothing else tells the scale of an angiogram."""
    sizes = {read_image(case.image).geometry.size for case in cases}
    return sizes.pop() if len(sizes) == 1 else (0, 0)


def read_commit() -> str:
    """The commit of this repository, with `+` where there are changes; `unknown` outside a checkout."""
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--abbrev=12", "--dirty=+"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"
