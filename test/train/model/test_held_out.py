"""What a card says of held-out images, from predictions whose scores are known by hand."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from retseg.models import HeldOut
from train.config.recipe import Recipe
from train.config.selection import SelectionRule as Rule
from train.data.cases import gather_cases
from train.data.images import TrainingImage, load_training_images
from train.model.held_out import compare_eyes, list_held_out
from train.model.out_of_fold import locate_prediction
from train.model.thresholds import select_thresholds


def find(rows: tuple[HeldOut, ...], metric: str, images: str) -> HeldOut:
    """The one row of a metric and of data sets."""
    (row,) = [row for row in rows if row.metric == metric and row.images == images]
    return row


def store(directory: Path, image: TrainingImage, probability: np.ndarray) -> None:
    np.save(locate_prediction(directory, image), np.round(probability * 65535).astype(np.uint16))


def test_a_data_set_left_out_is_scored_at_the_threshold_chosen_without_it(
    recipe: Recipe, data: Path, tmp_path: Path
) -> None:
    """In `lines` the truth has 0.9 and the rest of the disc 0.5; in `more` the truth has 0.3."""
    shutil.copytree(data / "lines", data / "more")
    sources = (*recipe.source, dataclasses.replace(recipe.source[0], folder="more"))
    parted = dataclasses.replace(
        recipe, source=sources, parted_by="data_set", selection=Rule("held-out-pooled", each_data_set=True)
    )
    images = load_training_images(gather_cases(parted, data), parted)
    for image in images:
        disc = np.where(image.field_of_view, 0.5, 0.0)
        found = np.where(image.truth, 0.9, disc) if image.case.data_set == "lines" else 0.3 * image.truth
        store(tmp_path, image, found)
    choices = select_thresholds(parted, images, tmp_path)
    assert choices["vessel"].without["lines"].threshold <= 0.3
    assert choices["vessel"].without["more"].threshold > 0.5
    rows = list_held_out(parted, images, tmp_path, choices)
    assert {(row.way, row.images, row.count) for row in rows} == {
        ("data set left out", name, 4) for name in ("lines", "more")
    }
    assert find(rows, "auc_roc", "lines").value == find(rows, "auc_roc", "more").value == 1.0
    assert find(rows, "f1", "more").value == 0.0, "nothing of `more` reaches the threshold of `lines`"
    assert 0 < find(rows, "f1", "lines").value < 0.5, "all of the disc is marked at the threshold of `more`"


def test_false_lesions_in_healthy_eyes_limit_the_threshold_and_stand_in_the_table(
    recipe: Recipe, data: Path, tmp_path: Path
) -> None:
    """Three healthy eyes with three specks at 0.71 and one with none; the lines have 0.6 and, in part, 0.9."""
    shutil.copytree(data / "lines", data / "well")
    sources = (*recipe.source, dataclasses.replace(recipe.source[0], folder="well", healthy=True))
    limited = dataclasses.replace(recipe, source=sources, selection=Rule(false_lesions=0.5))
    images = load_training_images(gather_cases(limited, data), limited)
    for image in images:
        found = np.where(image.truth, 0.6, 0.0)
        found[:, 30:40] = np.where(image.truth[:, 30:40], 0.9, 0.0)
        if image.case.healthy and image.case.name != "eye0":
            found[0, 30:36:2, 40] = 0.71
        store(tmp_path, image, found)
    choices = select_thresholds(limited, images, tmp_path)
    assert 0.7 < choices["vessel"].rule.threshold <= 0.9
    rows = list_held_out(limited, images, tmp_path, choices)
    assert find(rows, "false_lesions", "well").value == find(rows, "false_lesions_median", "well").value == 0
    assert find(rows, "auc_roc_eyes", "lines, well").value == 1.0
    assert find(rows, "ap", "lines").way == "out of fold" and find(rows, "ap", "lines").count == 4
    free = dataclasses.replace(limited, selection=Rule(false_lesions=9.0))
    assert select_thresholds(free, images, tmp_path)["vessel"].rule.threshold > 0.7, "most eyes must show none"


def test_half_a_point_for_a_tie_between_eyes() -> None:
    assert compare_eyes(np.array([3.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.875)
