"""Judge an exported model by data sets that it was not trained on, and write the rows on its card."""

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

from retseg.engine import Engine
from retseg.models import Card, HeldOut
from train.config.images import Source
from train.config.recipe import Recipe
from train.data.cases import Case, DataSetError, list_cases
from train.data.images import load_training_images
from train.model.held_out import count_false_lesions, score_pixels
from train.model.out_of_fold import predict_held_out


def judge_model(card: Card, recipe: Recipe, data: Path, engine: Engine) -> tuple[HeldOut, ...]:
    """Score a model, at the thresholds of its card, on the sources of a recipe.

    A data set is left out as a whole if the model was trained on one of its images. Healthy eyes give the number of
    false lesions; other images give F1, AUC-ROC, average precision and ECE of all pixels.

    Args:
        card: of the model.
        recipe: names the data sets; its tasks include those of the model.
        data: the folder of the data sets.
        engine: runs the model.

    Raises:
        DataSetError: a data set is absent, or the model was trained on all of them.
    """
    own = adopt_card(recipe, card)
    rows: list[HeldOut] = []
    for source, cases in list_unseen(own, card, data):
        images = load_training_images(cases, own)
        with tempfile.TemporaryDirectory() as name:
            predict_held_out(own, engine, images, Path(name))
            if source.healthy:
                rows += count_false_lesions(own, images, Path(name), card.tasks)
            else:
                rows += score_pixels(own, images, Path(name), card.tasks, "data set left out")
    if not rows:
        folders = ", ".join(source.folder for source in recipe.source)
        raise DataSetError(f"the model '{card.name}' was trained on all of {folders}: name a recipe of other data sets")
    return tuple(rows)


def adopt_card(recipe: Recipe, card: Card) -> Recipe:
    """The recipe with the tasks, the scale and the inference of a model."""
    return dataclasses.replace(
        recipe,
        tasks=tuple(card.tasks),
        framing=card.framing,
        preprocessing=card.preprocessing,
        inference=card.inference,
        parted_by="patient",
        supplement=(),
        initial_models=(),
    )


def list_unseen(recipe: Recipe, card: Card, data: Path) -> Iterator[tuple[Source, tuple[Case, ...]]]:
    """The sources of which the model saw no image in its training, and their cases."""
    for source in recipe.source:
        cases = list_cases(source, recipe.tasks, data)
        if not any(f"{case.data_set}/{case.image.name}" in card.training.images for case in cases):
            yield source, cases


def replace_rows(card: Card, rows: tuple[HeldOut, ...]) -> Card:
    """The card with these rows; they replace those of the same way and images."""
    new = {(row.way, row.images) for row in rows}
    return dataclasses.replace(
        card, held_out=(*(row for row in card.held_out if (row.way, row.images) not in new), *rows)
    )
