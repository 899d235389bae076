"""Thresholds and least areas, chosen on predictions for images that the network never saw, and the scores there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.metrics.counts import count_confusion
from retseg.metrics.curves import auc_roc, average_precision
from retseg.metrics.derived import dice
from retseg.metrics.histograms import count_grid, count_probabilities
from retseg.metrics.resampling import bootstrap_curves, bootstrap_mean, bootstrap_pooled
from retseg.models import Score, Selection, Task
from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.model.out_of_fold import cut_mask, read_prediction, to_probability
from train.model.scoring import list_scores

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
THRESHOLDS: NDArray[np.float64] = np.arange(1, 50) / 50
FIXED_THRESHOLD = 0.5
REGION = "inside the field of view"


@dataclass(frozen=True)
class Choice:
    """What was chosen for one task, and how it did on unseen images; no selection where nothing was held out."""

    task: Task
    selection: Selection
    scores: tuple[Score, ...]


def select_thresholds(recipe: Recipe, images: Sequence[TrainingImage], directory: Path) -> dict[str, Choice]:
    """Choose each task's threshold and least area on out-of-fold predictions; 0.5 and none where nothing is held out.

    The scores of the recipe's protocols are taken with them.
    """
    if recipe.folds == 1:
        fixed = Selection("fixed: no image was held out", (FIXED_THRESHOLD,), ())
        return {task: Choice(Task(FIXED_THRESHOLD), fixed, ()) for task in recipe.tasks}
    chosen = {task: choose(recipe, number, images, directory) for number, task in enumerate(recipe.tasks)}
    more = list_scores(recipe, images, directory, {task: choice.task for task, choice in chosen.items()})
    return {
        task: replace(choice, scores=(*choice.scores, *(score for score in more if score.task == task)))
        for task, choice in chosen.items()
    }


def choose(recipe: Recipe, number: int, images: Sequence[TrainingImage], directory: Path) -> Choice:
    """Threshold and least area of one task with the best Dice by the recipe's rule, and the scores there."""
    maps = [read_prediction(directory, image)[number] for image in images]
    areas = recipe.selection.minimum_areas
    grid = np.stack(
        [
            count_parts(to_probability(found), image.truth[number], image.field_of_view, areas)
            for found, image in zip(maps, images, strict=True)
        ]
    )
    if recipe.selection.rule == "pooled_dice":
        table = dice.over(grid.sum(axis=0))
    else:
        table = np.nan_to_num(dice.over(grid), nan=1.0).mean(axis=0)
    area, best = np.unravel_index(int(np.argmax(table)), table.shape)
    selection = Selection(recipe.selection.rule, tuple(THRESHOLDS.tolist()), tuple(table[area].tolist()))
    task = Task(float(THRESHOLDS[best]), areas[area])
    return Choice(task, selection, tuple(score(recipe, number, task, images, maps)))


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
    recipe: Recipe, number: int, task: Task, images: Sequence[TrainingImage], maps: Sequence[NDArray[np.uint16]]
) -> list[Score]:
    """Dice over pooled pixels and as the mean over images, AUC-ROC and average precision, with 95 % intervals."""
    rows, histograms = [], []
    for found, image in zip(maps, images, strict=True):
        probability = to_probability(found)
        truth, view = image.truth[number], image.field_of_view
        rows.append(count_confusion(cut_mask(probability, task), truth, view).as_row())
        histograms.append(count_probabilities(probability, truth, view))
    counts = np.stack(rows)
    each = np.nan_to_num(dice.over(counts), nan=1.0)
    pool = sum(histograms[1:], histograms[0])
    roc, precision = bootstrap_curves(histograms, recipe.seed)
    pooled = bootstrap_pooled(counts, dice.over, recipe.seed)
    mean = bootstrap_mean(each, recipe.seed)
    where = f"{recipe.held_out_words}, {REGION}"
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
