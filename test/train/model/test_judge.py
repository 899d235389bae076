"""An exported model is judged by whole data sets that it has not seen, at the thresholds of its card."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from retseg.engine import EngineChoice, open_engine
from retseg.models import Card, load_card
from train.config.images import Source
from train.config.recipe import Recipe
from train.config.selection import SelectionRule
from train.data.cases import DataSetError
from train.model.judge import judge_model, replace_rows
from train.model.make import Folders, make_model


@pytest.fixture
def card(recipe: Recipe, data: Path) -> Card:
    """A model that was trained on `lines`."""
    return load_card(make_model(recipe, Folders(data, data / "runs", data / "models"), 0, False))


def test_only_data_sets_of_which_the_model_saw_no_image_are_scored(recipe: Recipe, data: Path, card: Card) -> None:
    shutil.copytree(data / "lines", data / "more")
    shutil.copytree(data / "lines", data / "well")
    by = dataclasses.replace(
        recipe,
        source=(*recipe.source, Source("more", "fundus"), Source("well", "fundus", healthy=True)),
        selection=SelectionRule(false_lesions=1.0),
    )
    rows = judge_model(card, by, data, open_engine(EngineChoice("torch"), card))
    assert {(row.way, row.images, row.count) for row in rows} == {
        ("data set left out", "more", 4),
        ("healthy eyes", "well", 4),
    }
    assert [row.metric for row in rows if row.images == "more"] == ["f1", "auc_roc", "ap", "ece"]
    assert [row.metric for row in rows if row.images == "well"] == ["false_lesions", "false_lesions_median"]


def test_a_model_that_was_trained_on_everything_cannot_be_judged(recipe: Recipe, data: Path, card: Card) -> None:
    with pytest.raises(DataSetError, match="was trained on all of lines"):
        judge_model(card, recipe, data, open_engine(EngineChoice("torch"), card))


def test_new_rows_replace_those_of_the_same_images(recipe: Recipe, data: Path, card: Card) -> None:
    shutil.copytree(data / "lines", data / "more")
    by = dataclasses.replace(recipe, source=(Source("more", "fundus"),))
    rows = judge_model(card, by, data, open_engine(EngineChoice("torch"), card))
    once = replace_rows(card, rows)
    assert len(once.held_out) == len(card.held_out) + len(rows)
    assert replace_rows(once, rows) == once
