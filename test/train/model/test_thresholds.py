"""Threshold and least area are chosen together, as the predictor will use them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from retseg.metrics.components import drop_small
from train.config.recipe import Recipe
from train.config.selection import SelectionRule as Rule
from train.data.cases import gather_cases
from train.data.images import load_training_images
from train.model.out_of_fold import locate_prediction
from train.model.thresholds import THRESHOLDS, count_parts, select_thresholds


def test_counts_at_every_least_area_are_those_of_the_predictors_masks() -> None:
    random = np.random.default_rng(2)
    probability = np.repeat(np.repeat(random.random((14, 13), np.float32), 2, 0), 3, 1)
    truth, region = random.random(probability.shape) < 0.4, random.random(probability.shape) < 0.9
    probability[~region] = 0
    table = count_parts(probability, truth, region, (0, 7, 40))
    for row, area in enumerate((0, 7, 40)):
        for column in (3, 20, 41):
            mask = drop_small(probability >= THRESHOLDS[column], area)
            pairs = [(mask & truth), (mask & ~truth), (~mask & truth), (~mask & ~truth)]
            assert table[row, column].tolist() == [int(pair[region].sum()) for pair in pairs]


def test_specks_in_images_without_the_lesion_make_a_least_area_and_not_a_high_threshold(
    recipe: Recipe, data: Path, tmp_path: Path
) -> None:
    """Found surely: specks of one pixel everywhere; found less surely: the lines. Two of four images have no lines."""
    images = [
        dataclasses.replace(image, truth=image.truth & (number < 2))
        for number, image in enumerate(load_training_images(gather_cases(recipe, data), recipe))
    ]
    for image in images:
        found = 0.5 * image.truth.astype(np.float32)
        found[0, 30:40:3, 30:40:3] = 0.9
        np.save(locate_prediction(tmp_path, image), np.round(found * 65535).astype(np.uint16))
    plain = select_thresholds(recipe, images, tmp_path)["vessel"]
    small = dataclasses.replace(recipe, selection=Rule(minimum_component_sizes=(0, 5, 10_000)))
    cleaned = select_thresholds(small, images, tmp_path)["vessel"]
    assert plain.rule.threshold > 0.9 and plain.rule.minimum_component_size == 0
    assert cleaned.rule.threshold <= 0.5 and cleaned.rule.minimum_component_size == 5
    dice = next(row for row in cleaned.scores if row.metric == "dice")
    assert dice.value == max(cleaned.selection.scores) == pytest.approx(1, abs=0.05)
