"""Thresholds and least areas, chosen on predictions for images that the network never saw, and the scores there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.metrics.counts import count_confusion
from retseg.metrics.curves import auc_roc, average_precision
from retseg.metrics.derived import dice
from retseg.metrics.histograms import count_grid, count_probabilities
from retseg.metrics.resampling import bootstrap_curves, bootstrap_mean, bootstrap_pooled
from retseg.models import MaskRule, Score, Selection
from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.model.false_lesions import count_components, find_allowed
from train.model.out_of_fold import cut_mask, read_prediction, scale_size, to_probability
from train.model.scoring import list_scores

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
THRESHOLDS: NDArray[np.float64] = np.arange(1, 50) / 50
FIXED_THRESHOLD = 0.5
REGION = "inside the field of view"


@dataclass(frozen=True)
class Choice:
    """What was chosen for one task, and how it did on held-out images; no selection where nothing was held out.

    Attributes:
        task: threshold and least size.
        selection: how they were chosen.
        scores: there.
        without: data set to what was chosen on the images of the other data sets, where whole data sets were held out.
    """

    task: MaskRule
    selection: Selection
    scores: tuple[Score, ...]
    without: Mapping[str, MaskRule] = field(default_factory=dict)


def select_thresholds(recipe: Recipe, images: Sequence[TrainingImage], directory: Path) -> dict[str, Choice]:
    """Choose each task's threshold and least area on out-of-fold predictions; 0.5 and none where nothing is held out.

    The scores of the recipe's protocols are taken with them.
    """
    if recipe.folds == 1:
        fixed = Selection("fixed: no image was held out", (FIXED_THRESHOLD,), ())
        return {task: Choice(MaskRule(FIXED_THRESHOLD), fixed, ()) for task in recipe.tasks}
    chosen = {task: choose(recipe, number, images, directory) for number, task in enumerate(recipe.tasks)}
    more = list_scores(
        recipe,
        [i for i in images if not i.case.healthy],
        directory,
        {task: choice.task for task, choice in chosen.items()},
    )
    return {
        task: replace(choice, scores=(*choice.scores, *(score for score in more if score.task == task)))
        for task, choice in chosen.items()
    }


def choose(recipe: Recipe, number: int, images: Sequence[TrainingImage], directory: Path) -> Choice:
    """Threshold and least size of one task with the best Dice by the recipe's rule, and the scores there.

    Healthy eyes say how many lesions a rule finds that are none; Dice and scores are of the other images.
    """
    found = [read_prediction(directory, image)[number] for image in images]
    tables = [count_image(recipe, number, image, plane) for image, plane in zip(images, found, strict=True)]
    task, scores = pick(recipe, images, tables)
    selection = Selection(recipe.selection.rule, tuple(THRESHOLDS.tolist()), tuple(scores.tolist()))
    data_sets = dict.fromkeys(image.case.data_set for image in images if recipe.parted_by == "data_set")
    without = {name: pick(recipe, *leave_out(name, images, tables))[0] for name in data_sets}
    with_lesions = [k for k, image in enumerate(images) if not image.case.healthy]
    scored = score(recipe, number, task, [images[k] for k in with_lesions], [found[k] for k in with_lesions])
    return Choice(task, selection, tuple(scored), without)


def count_image(recipe: Recipe, number: int, image: TrainingImage, found: NDArray[np.uint16]) -> NDArray[np.int64]:
    """What one image says of each least size and threshold.

    Returns:
        Counts tp, fp, fn, tn inside the field of view, (sizes, thresholds, 4); of a healthy eye the number of lesions
        found, (sizes, thresholds).
    """
    probability = to_probability(found)
    sizes = [scale_size(size, image, recipe) for size in recipe.selection.minimum_component_sizes]
    if image.case.healthy:
        return count_components(probability, image.field_of_view, THRESHOLDS, sizes)
    return count_parts(probability, image.truth[number], image.field_of_view, sizes)


def leave_out(
    data_set: str, images: Sequence[TrainingImage], tables: Sequence[NDArray[np.int64]]
) -> tuple[list[TrainingImage], list[NDArray[np.int64]]]:
    """The images of all other data sets, and their tables."""
    kept = [k for k, image in enumerate(images) if image.case.data_set != data_set]
    return [images[k] for k in kept], [tables[k] for k in kept]


def pick(
    recipe: Recipe, images: Sequence[TrainingImage], tables: Sequence[NDArray[np.int64]]
) -> tuple[MaskRule, NDArray[np.float64]]:
    """The best threshold and least size by the recipe's rule, and the score of each threshold at that size.

    Args:
        recipe: with the rule, and the most lesions that a healthy eye may show.
        images: that were held out.
        tables: of `count_image`, one for each.
    """
    pairs = list(zip(images, tables, strict=True))
    grid = np.stack([table for image, table in pairs if not image.case.healthy])
    if recipe.selection.rule == "pooled_dice":
        scores = dice.over(grid.sum(axis=0))
    elif recipe.selection.rule == "data_set_dice":
        names = [image.case.data_set for image, _ in pairs if not image.case.healthy]
        pools = [grid[[each == name for each in names]].sum(axis=0) for name in dict.fromkeys(names)]
        scores = np.mean([dice.over(pool) for pool in pools], axis=0)
    else:
        scores = np.nan_to_num(dice.over(grid), nan=1.0).mean(axis=0)
    allowed = np.ones(scores.shape, bool)
    if recipe.selection.false_lesions is not None:
        healthy = [table for image, table in pairs if image.case.healthy]
        allowed = find_allowed(np.stack(healthy), recipe.selection.false_lesions)
    size, best = np.unravel_index(int(np.argmax(np.where(allowed, scores, -1))), scores.shape)
    return MaskRule(float(THRESHOLDS[best]), recipe.selection.minimum_component_sizes[size]), scores[size]


def count_parts(probability: Floats, truth: Mask, region: Mask, areas: Sequence[int]) -> NDArray[np.int64]:
    """Counts tp, fp, fn, tn inside the region at each least area and threshold: (areas, thresholds, 4).

    As the predictor, it drops connected parts (8-neighbours) with fewer pixels than the least area.
    """
    grid = count_grid(probability, truth, region, THRESHOLDS)
    table = np.repeat(grid[None], len(areas), axis=0)
    if max(areas) <= 1:
        return table
    for column, threshold in enumerate(THRESHOLDS):
        mask = (probability >= threshold) & region
        _, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
        sizes, hits = np.bincount(labels[mask]), np.bincount(labels[mask & truth])
        hits = np.pad(hits, (0, sizes.size - hits.size))
        for row, area in enumerate(areas):
            kept = sizes >= area
            found, true = int(sizes[kept].sum()), int(hits[kept].sum())
            tp, fp, fn, tn = grid[column]
            table[row, column] = true, found - true, tp + fn - true, fp + tn - found + true
    return table


def score(
    recipe: Recipe, number: int, task: MaskRule, images: Sequence[TrainingImage], maps: Sequence[NDArray[np.uint16]]
) -> list[Score]:
    """Dice over pooled pixels and as the mean over images, AUC-ROC and average precision, with 95 % intervals."""
    rows, histograms = [], []
    for found, image in zip(maps, images, strict=True):
        probability = to_probability(found)
        truth, view = image.truth[number], image.field_of_view
        rows.append(count_confusion(cut_mask(probability, task, image, recipe), truth, view).as_row())
        histograms.append(count_probabilities(probability, truth, view))
    counts = np.stack(rows)
    each = np.nan_to_num(dice.over(counts), nan=1.0)
    pool = sum(histograms[1:], histograms[0])
    roc, precision = bootstrap_curves(histograms, recipe.seed)
    pooled = bootstrap_pooled(counts, dice.over, recipe.seed)
    mean = bootstrap_mean(each, recipe.seed)
    where = f"{recipe.held_out_description}, {REGION}"
    return [
        Score(
            recipe.tasks[number],
            metric,
            value,
            interval.low,
            interval.high,
            f"{where}, {words}",
        )
        for metric, value, interval, words in (
            ("f1", float(dice.over(counts.sum(axis=0))), pooled, "pooled pixels, at the threshold chosen on them"),
            ("dice", float(each.mean()), mean, "mean over images, at the threshold chosen on them"),
            ("auc_roc", auc_roc(pool), roc, "pooled pixels"),
            ("ap", average_precision(pool), precision, "pooled pixels"),
        )
    ]
