"""Thresholds, chosen on predictions for images that the network never saw, and the scores that go with them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.metrics.counts import count_confusion
from retseg.metrics.curves import auc_roc, average_precision
from retseg.metrics.derived import dice
from retseg.metrics.histograms import count_grid, count_probabilities
from retseg.metrics.resampling import bootstrap_curves, bootstrap_mean, bootstrap_pooled
from retseg.models import Score, Selection
from train.patches import TrainingImage
from train.prediction import read_prediction, to_probability
from train.recipe import Recipe
from train.scoring import list_scores

THRESHOLDS: NDArray[np.float64] = np.arange(1, 50) / 50
FIXED_THRESHOLD = 0.5
PROTOCOL = "out-of-fold, inside the field of view"


@dataclass(frozen=True)
class Choice:
    """What was chosen for one task, and how it did on unseen images; no selection where nothing was held out."""

    threshold: float
    selection: Selection
    scores: tuple[Score, ...]


def select_thresholds(recipe: Recipe, images: Sequence[TrainingImage], directory: Path) -> dict[str, Choice]:
    """Choose each task's threshold on out-of-fold predictions; 0.5 where the recipe holds nothing out.

    The scores of the recipe's protocols are taken at these thresholds.
    """
    if recipe.folds == 1:
        fixed = Selection("fixed: no image was held out", (FIXED_THRESHOLD,), ())
        return {task: Choice(FIXED_THRESHOLD, fixed, ()) for task in recipe.tasks}
    chosen = {task: choose(recipe, number, images, directory) for number, task in enumerate(recipe.tasks)}
    more = list_scores(recipe, images, directory, {task: choice.threshold for task, choice in chosen.items()})
    return {
        task: replace(choice, scores=(*choice.scores, *(score for score in more if score.task == task)))
        for task, choice in chosen.items()
    }


def choose(recipe: Recipe, task: int, images: Sequence[TrainingImage], directory: Path) -> Choice:
    """The threshold of one task with the best Dice by the recipe's rule, and its scores there."""
    maps = [read_prediction(directory, image) for image in images]
    grid = np.stack(
        [
            count_grid(to_probability(found[task]), image.truth[task], image.field_of_view, THRESHOLDS)
            for found, image in zip(maps, images, strict=True)
        ]
    )
    if recipe.selection.rule == "pooled_dice":
        curve = dice.over(grid.sum(axis=0))
    else:
        curve = np.nan_to_num(dice.over(grid), nan=1.0).mean(axis=0)
    threshold = float(THRESHOLDS[int(np.argmax(curve))])
    selection = Selection(recipe.selection.rule, tuple(THRESHOLDS.tolist()), tuple(curve.tolist()))
    return Choice(threshold, selection, tuple(score(recipe, task, threshold, images, maps)))


def score(
    recipe: Recipe, task: int, threshold: float, images: Sequence[TrainingImage], maps: Sequence[NDArray[np.uint16]]
) -> list[Score]:
    """Dice over pooled pixels and as the mean over images, AUC-ROC and average precision, with 95 % intervals."""
    rows, histograms = [], []
    for found, image in zip(maps, images, strict=True):
        probability = to_probability(found[task])
        truth, view = image.truth[task], image.field_of_view
        rows.append(count_confusion(probability >= threshold, truth, view).as_row())
        histograms.append(count_probabilities(probability, truth, view))
    counts = np.stack(rows)
    each = np.nan_to_num(dice.over(counts), nan=1.0)
    pool = sum(histograms[1:], histograms[0])
    roc, precision = bootstrap_curves(histograms, recipe.seed)
    pooled = bootstrap_pooled(counts, dice.over, recipe.seed)
    mean = bootstrap_mean(each, recipe.seed)
    return [
        Score(recipe.tasks[task], metric, value, interval.low, interval.high, f"{PROTOCOL}, {words}")
        for metric, value, interval, words in (
            ("f1", float(dice.over(counts.sum(axis=0))), pooled, "pooled pixels, at the threshold chosen on them"),
            ("dice", float(each.mean()), mean, "mean over images, at the threshold chosen on them"),
            ("auc_roc", auc_roc(pool), roc, "pooled pixels"),
            ("ap", average_precision(pool), precision, "pooled pixels"),
        )
    ]
