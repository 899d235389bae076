"""From a recipe to a model: load, split, train a network per fold and one on all images, choose thresholds, export."""

import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retseg.image import read_image
from retseg.models import Training, hash_file, write_card
from train import REPOSITORY
from train.config.recipe import Recipe
from train.data.cases import Case
from train.fit.initial import find_start, name_start
from train.fit.logs import sum_hours
from train.model.export import export_model
from train.model.held_out import list_held_out
from train.model.networks import train_networks
from train.model.thresholds import select_thresholds


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
        card = export_model(recipe, trained.members, chosen, words, places.output / recipe.name)
        write_card(replace(card, held_out=list_held_out(recipe, trained.unseen, trained.predictions, chosen)))
    return places.output / recipe.name


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
        phantom=recipe.phantom and (start is None or start.is_phantom),
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
