"""Choose thresholds and minimum component sizes on out-of-fold predictions, and score the masks there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.evaluation.scoring.confusion import score_with_protocol
from retseg.metrics.components import find_components
from retseg.metrics.histograms import count_grid
from retseg.models import MaskRule, Score, Selection
from train.config.protocols import find_selection_protocol
from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.model.false_lesions import count_components, find_allowed
from train.model.out_of_fold import read_prediction, scale_size, to_probability
from train.model.scoring import list_scores

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
THRESHOLDS: NDArray[np.float64] = np.arange(1, 50) / 50
FIXED_THRESHOLD = 0.5


@dataclass(frozen=True)
class Choice:
    """The chosen rule of one task.

    Attributes:
        rule: threshold and minimum component size.
        selection: how they were chosen.
        scores: of the masks in held-out images; none if nothing was held out.
        without: data set to the rule that was chosen on the other data sets, if whole data sets were held out.
    """

    rule: MaskRule
    selection: Selection
    scores: tuple[Score, ...] = ()
    without: Mapping[str, MaskRule] = field(default_factory=dict)


def select_thresholds(recipe: Recipe, images: Sequence[TrainingImage], directory: Path) -> dict[str, Choice]:
    """Choose the threshold and the minimum component size of each task on out-of-fold predictions.

    Without held-out images they are 0.5 and 0. Healthy eyes limit the choice; the other images are scored.

    Args:
        recipe: with the protocol of the choice.
        images: that were held out.
        directory: of their predictions.
    """
    if recipe.folds == 1:
        fixed = Selection("fixed: no image was held out", (FIXED_THRESHOLD,), ())
        return {task: Choice(MaskRule(FIXED_THRESHOLD), fixed) for task in recipe.tasks}
    chosen = {task: choose(recipe, number, images, directory) for number, task in enumerate(recipe.tasks)}
    rules = {task: choice.rule for task, choice in chosen.items()}
    scores = list_scores(recipe, [image for image in images if not image.case.healthy], directory, rules)
    return {
        task: replace(choice, scores=tuple(score for score in scores if score.task == task))
        for task, choice in chosen.items()
    }


def choose(recipe: Recipe, number: int, images: Sequence[TrainingImage], directory: Path) -> Choice:
    """The best threshold and minimum component size of one task, by the recipe's protocol."""
    protocol = find_selection_protocol(recipe)
    tables = [count_image(recipe, number, image, read_prediction(directory, image)[number]) for image in images]
    rule, scores = pick(recipe, images, tables)
    name = f"{protocol.name}, mean over data sets" if recipe.selection.each_data_set else protocol.name
    selection = Selection(name, tuple(THRESHOLDS.tolist()), tuple(scores.tolist()))
    data_sets = dict.fromkeys(image.case.data_set for image in images if recipe.parted_by == "data_set")
    without = {data_set: pick(recipe, *leave_out(data_set, images, tables))[0] for data_set in data_sets}
    return Choice(rule, selection, without=without)


def count_image(recipe: Recipe, number: int, image: TrainingImage, found: NDArray[np.uint16]) -> NDArray[np.int64]:
    """Counts of one image and task at each minimum component size and threshold.

    Returns:
        tp, fp, fn, tn in the region of the recipe's protocol, (sizes, thresholds, 4); of a healthy eye the number of
        lesions found, (sizes, thresholds).
    """
    probability = to_probability(found)
    sizes = [scale_size(size, image, recipe) for size in recipe.selection.minimum_component_sizes]
    if image.case.healthy:
        return count_components(probability, image.field_of_view, THRESHOLDS, sizes)
    inside = image.field_of_view
    region = inside if find_selection_protocol(recipe).region == "field_of_view" else np.ones_like(inside)
    return count_parts(probability, image.truth[number], region, sizes)


def leave_out(
    data_set: str, images: Sequence[TrainingImage], tables: Sequence[NDArray[np.int64]]
) -> tuple[list[TrainingImage], list[NDArray[np.int64]]]:
    """The images of all other data sets, and their tables."""
    kept = [k for k, image in enumerate(images) if image.case.data_set != data_set]
    return [images[k] for k in kept], [tables[k] for k in kept]


def pick(
    recipe: Recipe, images: Sequence[TrainingImage], tables: Sequence[NDArray[np.int64]]
) -> tuple[MaskRule, NDArray[np.float64]]:
    """The best threshold and minimum component size, and the score of each threshold at that size.

    Args:
        recipe: with the protocol, and the limit of lesions in healthy eyes.
        images: that were held out.
        tables: of `count_image`, one for each.
    """
    pairs = list(zip(images, tables, strict=True))
    grid = np.stack([table for image, table in pairs if not image.case.healthy])
    data_sets = np.array([image.case.data_set for image, _ in pairs if not image.case.healthy])
    protocol = find_selection_protocol(recipe)
    groups = [data_sets == name for name in np.unique(data_sets)] if recipe.selection.each_data_set else [slice(None)]
    scores = np.mean([score_with_protocol(protocol.headline, grid[group], protocol) for group in groups], axis=0)
    allowed = np.ones(scores.shape, bool)
    if recipe.selection.false_lesions is not None:
        healthy = [table for image, table in pairs if image.case.healthy]
        allowed = find_allowed(np.stack(healthy), recipe.selection.false_lesions)
    size, best = np.unravel_index(int(np.argmax(np.where(allowed & np.isfinite(scores), scores, -1))), scores.shape)
    return MaskRule(float(THRESHOLDS[best]), recipe.selection.minimum_component_sizes[size]), scores[size]


def count_parts(probability: Floats, truth: Mask, region: Mask, sizes: Sequence[int]) -> NDArray[np.int64]:
    """Counts tp, fp, fn, tn inside the region at each minimum component size and threshold: (sizes, thresholds, 4).

    Components of fewer pixels than the minimum are dropped, as the predictor drops them.
    """
    grid = count_grid(probability, truth, region, THRESHOLDS)
    table = np.repeat(grid[None], len(sizes), axis=0)
    if max(sizes) <= 1:
        return table
    for column, threshold in enumerate(THRESHOLDS):
        components = find_components((probability >= threshold) & region)
        pixels, hits = components.sizes, components.count_pixels(truth)
        for row, size in enumerate(sizes):
            kept = pixels >= size
            found, true = int(pixels[kept].sum()), int(hits[kept].sum())
            tp, fp, fn, tn = grid[column]
            table[row, column] = true, found - true, tp + fn - true, fp + tn - found + true
    return table
