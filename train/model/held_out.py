"""The rows of a card about held-out images: of data sets left out, out of fold, and of healthy eyes."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retseg.evaluation.scoring.aggregate import estimate, summarise
from retseg.metrics.components import find_components
from retseg.metrics.resampling import RESAMPLES, bootstrap_mean, find_interval
from retseg.models import HeldOut, MaskRule
from train.config.protocols import POOLED, find_protocols
from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.model.out_of_fold import cut_mask, read_prediction, to_probability
from train.model.scoring import BOOTSTRAP_SEED, score_held_out
from train.model.thresholds import Choice

Way = Literal["data set left out", "out of fold", "healthy eyes"]

METRICS = ("f1", "auc_roc", "ap", "ece")


def list_held_out(
    recipe: Recipe,
    images: Sequence[TrainingImage],
    directory: Path,
    choices: Mapping[str, Choice],
) -> tuple[HeldOut, ...]:
    """The rows of a card's table of held-out images.

    Args:
        recipe: gives the tasks, and what a fold holds out.
        images: that were held out, with their truth.
        directory: of their predictions.
        choices: task to its threshold and minimum component size, and those chosen without the images of each data set.
    """
    if not images:
        return ()
    rules = {task: choice.rule for task, choice in choices.items()}
    with_lesions = [image for image in images if not image.case.healthy]
    healthy = [image for image in images if image.case.healthy]
    rows: list[HeldOut] = []
    if recipe.parted_by == "data_set":
        for data_set in dict.fromkeys(image.case.data_set for image in images):
            group = [image for image in with_lesions if image.case.data_set == data_set]
            without = {task: choice.without[data_set] for task, choice in choices.items()}
            rows += score_pixels(recipe, group, directory, without, "data set left out")
    else:
        rows += score_pixels(recipe, with_lesions, directory, rules, "out of fold")
    if healthy:
        rows += count_false_lesions(recipe, healthy, directory, rules)
        rows.append(_compare_groups(recipe, with_lesions, healthy, directory, rules))
    return tuple(rows)


def score_pixels(
    recipe: Recipe, images: Sequence[TrainingImage], directory: Path, rules: Mapping[str, MaskRule], way: Way
) -> Iterator[HeldOut]:
    """F1, AUC-ROC, average precision and ECE of the pixels of all fields of view together, for each task."""
    (protocol,) = find_protocols((POOLED,))
    scores = score_held_out(recipe, images, directory, (protocol,), rules)[protocol.name]
    found = summarise(estimate(scores, recipe.tasks, protocol, BOOTSTRAP_SEED))
    for task in recipe.tasks:
        for metric in METRICS:
            if metric in found[task]:
                value = found[task][metric]
                low, high = (value.mean if end is None else end for end in (value.ci95_low, value.ci95_high))
                yield _row(task, way, images, metric, (value.mean, low, high))


def count_false_lesions(
    recipe: Recipe, healthy: Sequence[TrainingImage], directory: Path, rules: Mapping[str, MaskRule]
) -> Iterator[HeldOut]:
    """The mean and the median number of lesions that are found in healthy eyes, for each task."""
    found = np.array([count_found(recipe, image, directory, rules) for image in healthy], np.float64)
    for number, task in enumerate(recipe.tasks):
        counts = found[:, number]
        mean = bootstrap_mean(counts, BOOTSTRAP_SEED)
        yield _row(task, "healthy eyes", healthy, "false_lesions", (float(counts.mean()), mean.low, mean.high))
        median = find_interval(np.median(counts[_draw(len(counts))], axis=1))
        values = (float(np.median(counts)), median.low, median.high)
        yield _row(task, "healthy eyes", healthy, "false_lesions_median", values)


def _compare_groups(
    recipe: Recipe,
    with_lesions: Sequence[TrainingImage],
    healthy: Sequence[TrainingImage],
    directory: Path,
    rules: Mapping[str, MaskRule],
) -> HeldOut:
    """How well the number of lesions found separates eyes with lesions from healthy ones."""
    ill, well = (
        np.array([sum(count_found(recipe, image, directory, rules)) for image in images], np.float64)
        for images in (with_lesions, healthy)
    )
    pairs = zip(_draw(len(ill)), _draw(len(well)), strict=True)
    interval = find_interval(np.array([compare_eyes(ill[i], well[k]) for i, k in pairs]))
    values = (compare_eyes(ill, well), interval.low, interval.high)
    return _row("any", "out of fold", [*with_lesions, *healthy], "auc_roc_eyes", values)


def _draw(count: int) -> NDArray[np.int64]:
    """Numbers of images, drawn with replacement: (RESAMPLES, count)."""
    return np.random.default_rng(BOOTSTRAP_SEED).integers(count, size=(RESAMPLES, count))


def _row(
    task: str, way: Way, images: Sequence[TrainingImage], metric: str, values: tuple[float, float, float]
) -> HeldOut:
    names = ", ".join(dict.fromkeys(image.case.data_set for image in images))
    return HeldOut(task, way, names, len(images), metric, *values)


def count_found(recipe: Recipe, image: TrainingImage, directory: Path, rules: Mapping[str, MaskRule]) -> list[int]:
    """The number of lesions (components of the mask) that are found in an image, for each task."""
    found = read_prediction(directory, image)
    counts = []
    for number, task in enumerate(recipe.tasks):
        mask = cut_mask(to_probability(found[number]), rules[task], image, recipe) & image.field_of_view
        counts.append(len(find_components(mask)))
    return counts


def compare_eyes(ill: NDArray[np.float64], well: NDArray[np.float64]) -> float:
    """The area under the ROC: the share of pairs in which the ill eye has more lesions; ties count half."""
    return float(((ill[:, None] > well).mean() + (ill[:, None] >= well).mean()) / 2)
