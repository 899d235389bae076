"""Of several networks for one task the best on the held-out images is shipped, and the card shows them all."""

import dataclasses
from pathlib import Path

import pytest
import torch

from retseg.models import load_card
from retseg.toml_schema import SchemaError
from train.cli import main
from train.config.loader import list_recipes, load_recipe
from train.model.make import Folders
from train.model.select import select_model

CANDIDATES = """
extends = "lines"
candidates = ["thin", "thick"]
held_out = "first"
selection.protocol = "held-out-pooled"
[variants.thin]
"network.arguments.widths" = [2]
"stage.0.learning_rate" = 0.0
[variants.thick]
"network.arguments.widths" = [8, 8]
[variants.tiny]
"stage.0.steps" = 40
"""


@pytest.fixture
def choice(recipes: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A recipe with two candidates, one of which learns nothing."""
    (recipes / "choice.toml").write_text(CANDIDATES)
    monkeypatch.setattr("train.model.select.load_recipe", lambda name, changes=(): load_recipe(name, changes, recipes))
    return "choice"


def test_the_better_of_two_is_exported_and_the_card_compares_both(choice: str, data: Path) -> None:
    torch.set_num_threads(1)
    folders = Folders(data, data / "runs", data / "models")
    card = load_card(select_model(choice, ["width=tiny"], folders, 0, False))
    thin, thick = card.comparison
    assert (thin.name, thick.name) == ("thin", "thick") and (thin.chosen, thick.chosen) == (False, True)
    assert thick.value > thin.value and thin.parameters < thick.parameters and thick.steps == 40
    assert card.network.arguments["widths"] == [8, 8] and card.name == "choice" and card.is_phantom
    assert card.tasks["vessel"].threshold == thick.threshold
    scores = {score.metric: score for score in card.score}
    assert (scores["f1"].value, scores["f1"].low) == (thick.value, thick.low)
    again = load_card(select_model(choice, ["width=tiny"], folders, 0, True))
    assert again.files == card.files and again.comparison[0].value == thin.value


def test_a_recipe_without_candidates_has_nothing_to_select(choice: str, data: Path, recipes: Path) -> None:
    folders = Folders(data, data / "runs", data / "models")
    with pytest.raises(SchemaError, match="needs candidates"):
        select_model("lines", (), folders, 0, False)
    with pytest.raises(SchemaError, match="folds above 1"):
        select_model(choice, ["folds=1"], folders, 0, False)
    (recipes / "choice.toml").write_text(CANDIDATES.replace('"thick"]', '"thikc"]'))
    with pytest.raises(SchemaError, match="did you mean 'thick'"):
        select_model(choice, (), folders, 0, False)


def test_the_command_says_what_it_needs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RETSEG_DATA", raising=False)
    assert main(["select", "drac22-irma"]) == 1
    assert "say where they are by --data DIR" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in list_recipes() if load_recipe(name).candidates])
def test_every_shipped_choice_is_between_three_networks_of_one_task(name: str) -> None:
    recipe = load_recipe(name)
    assert name == f"drac22-{recipe.tasks[0]}" and len(recipe.tasks) == 1 and recipe.held_out == "first"
    networks = [load_recipe(name, [f"width={each}", "width=phantom"]) for each in recipe.candidates]
    assert len({str(dataclasses.asdict(each.network)) for each in networks}) == 3
    assert all(each.phantom for each in networks) and not recipe.phantom
    assert {each.source[0].folder for each in networks} == {"DRAC22_phantom"}
