"""Train the recipe of an experiment, score it by its protocols, and write the result."""

import dataclasses
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from retseg import __version__
from retseg.models import hash_file
from train.config.recipe import Recipe
from train.data.cases import gather_cases, gather_test_cases
from train.data.images import TrainingImage, load_training_images
from train.fit.initial import choose_initial_model, describe_initial_model, find_initial_model
from train.fit.logs import read_log, sum_hours
from train.fit.prediction import open_weights
from train.fit.run import Run
from train.model.make import Folders, read_commit
from train.model.networks import Trained, train_networks
from train.model.out_of_fold import predict_held_out
from train.model.size import count_parameters
from train.reproduce.published import list_shown, load_published
from train.reproduce.result import ResultError, name_result, write_result
from train.reproduce.scoring import score_images


def measure_recipe(recipe: Recipe, folders: Folders, run: Run) -> Path:
    """Train a recipe, score it at the threshold of each of its protocols, and write the result; no model is exported.

    Args:
        recipe: with `protocols`.
        folders: the result goes to `output`.
        run: workers, whether to resume, and the time; directory and seed are set here.

    Returns:
        The JSON file. The scores of the images and the resamples lie beside it.

    Raises:
        ResultError: the recipe names no protocol, or holds out nothing to score.
        SchemaError: every initial model was trained on images that are scored.
        DataSetError: images or masks are absent or do not fit together.
        OutOfTimeError: the time of the run was over first.
    """
    recipe = dataclasses.replace(recipe, refit=0.0)  # a network without held-out images has no score
    if not recipe.protocols or (recipe.folds == 1 and not recipe.test):
        raise ResultError(
            f"the recipe '{recipe.name}' names no protocols, or nothing to score: it is not an experiment"
        )
    test, left_out = gather_test_cases(recipe, folders.data)
    recipe = choose_initial_model(recipe, test)
    overlap = {case.image for case in test} & {case.image for case in gather_cases(recipe, folders.data)}
    if overlap or (recipe.test and not test):
        shared = ", ".join(sorted(path.name for path in overlap))
        raise ResultError(f"trained on what it is tested on: {shared}" if shared else "; ".join(left_out))
    images = load_training_images(test, recipe)
    directory = folders.runs / name_result(recipe)
    trained = train_networks(recipe, folders.data, dataclasses.replace(run, directory=directory))
    path = folders.output / f"{name_result(recipe)}.json"
    if trained.is_writer:
        document = {**describe_run(recipe, trained), "left_out": list(left_out)}
        if recipe.test:
            predict(recipe, trained, images, directory / "test")
            trained = dataclasses.replace(trained, held_out=images, predictions=directory / "test")
        scores = score_images(recipe, trained.held_out, trained.predictions, list_shown(load_published()))
        document["protocols"] = scores.protocols
        if recipe.score_training:
            predict(recipe, trained, trained.others, directory / "training")
            document["training"] = score_images(recipe, trained.others, directory / "training", set()).protocols
        write_result(path, document, scores.rows, scores.replicates)
    return path


def predict(recipe: Recipe, trained: Trained, images: Sequence[TrainingImage], directory: Path) -> None:
    """Write the predictions of the first network for images."""
    engine = open_weights(recipe, trained.members[0], trained.device)
    predict_held_out(recipe, engine, images, directory)


def describe_run(recipe: Recipe, trained: Trained) -> dict[str, Any]:
    """The part of a result that describes its training."""
    rows = [row for log in trained.logs.values() for row in read_log(log)]
    hours, steps = sum_hours(trained.logs.values()), recipe.total_steps
    shown = sum(float(row["images_per_second"]) * float(row["hours"]) * 3600 for row in rows)
    cuda = trained.device.type == "cuda"
    return {
        "recipe": recipe.name,
        "variant": recipe.variant,
        "seed": recipe.seed,
        "encoder": hash_file(Path(recipe.encoder_file)) if recipe.encoder_file else "",
        "published_encoder": recipe.published_encoder,
        "initial_model": describe_initial_model(find_initial_model(recipe)),
        "title": recipe.title,
        "data": recipe.data,
        "phantom": recipe.phantom,
        "trained_on": len(trained.cases),
        "scored": "test" if recipe.test else "held out folds",
        "parameters": count_parameters(recipe),
        "networks": recipe.networks,
        "steps": steps,
        "last_loss": float(rows[-1]["loss"]) if rows else None,
        "hours": round(hours, 4),
        "images_per_second": round(shown / (3600 * hours), 2) if hours else None,
        "commit": read_commit(),
        "version": __version__,
        "machine": torch.cuda.get_device_name() if cuda else f"{platform.machine()}, {platform.system()}",
    }
