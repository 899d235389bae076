"""From a recipe to a model: load, split, train a network per fold, choose thresholds, export."""

import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning.fabric import Fabric

from retseg.models import Training, hash_file
from train.cases import Case, gather_cases
from train.export import export_model
from train.folds import split_folds
from train.logs import draw_curves, sum_hours
from train.loop import Run, Trainer
from train.patches import load_training_images
from train.recipe import Recipe
from train.selection import predict_unseen, select_thresholds

REPOSITORY = Path(__file__).resolve().parent.parent


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
    cases = gather_cases(recipe, places.data)
    images = load_training_images(cases, recipe)
    directory = places.runs / recipe.name
    fabric = Fabric(precision=recipe.precision)
    fabric.launch()
    members = []
    folds = split_folds(cases, recipe.folds, recipe.seed)
    for number, held in enumerate(folds):
        run = Run(directory / f"fold-{number}", recipe.seed * 1000 + number, workers, resume)
        training = [image for i, image in enumerate(images) if i not in held]
        validation = [image for i, image in enumerate(images) if i in held]
        weights = Trainer(recipe, run, fabric).train(training, validation)
        if fabric.is_global_zero:
            predict_unseen(recipe, weights, validation, directory / "out-of-fold", fabric.device)
        members.append(weights)
    if fabric.is_global_zero:
        logs = {f"fold {k}": directory / f"fold-{k}" / "log.csv" for k in range(len(folds))}
        draw_curves(logs, directory / "curves.png")
        chosen = select_thresholds(recipe, images, directory / "out-of-fold")
        training_words = describe_training(recipe, cases, sum_hours(logs.values()))
        export_model(recipe, members, chosen, training_words, places.output / recipe.name)
    return places.output / recipe.name


def describe_training(recipe: Recipe, cases: Sequence[Case], hours: float) -> Training:
    """What the card says of the training."""
    return Training(
        recipe=recipe.name,
        commit=read_commit(),
        seed=recipe.seed,
        data=recipe.data,
        terms=recipe.terms,
        images={f"{case.data_set}/{case.image.name}": hash_file(case.image) for case in cases},
        steps=recipe.steps * recipe.folds,
        hours=round(hours, 2),
        machine=f"{platform.machine()}, {platform.system()}",
    )


def read_commit() -> str:
    """The commit of this repository, with `+` where there are changes; `unknown` outside a checkout."""
    words = ["git", "-C", str(REPOSITORY), "describe", "--always", "--abbrev=12", "--dirty=+"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"
