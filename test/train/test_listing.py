"""The list of recipes: families, sizes, and the scores of what has run."""

import pytest

from train.config.loader import load_recipe
from train.listing import describe_recipe, print_recipes
from train.model.size import measure_network
from train.reproduce.result import Result


def test_recipes_are_listed_by_family_and_by_the_beginning_of_their_name(capsys: pytest.CaptureFixture[str]) -> None:
    print_recipes("wang-leak-f")
    print_recipes("vessel-d")
    said = capsys.readouterr().out
    assert "Wang 2022\n\nwang-leak-fcn: LEAKING SPLIT" in said
    assert "Models\n\nvessel-drive: " in said
    assert "sccu" not in said


def test_a_recipe_shows_its_size_and_the_score_of_each_result() -> None:
    score = {"drive-leaky-miou": {"tasks": {"vessel": {"mean_iou": {"value": 0.8125}}}}}
    result = {"recipe": "wang-leaky-adam", "variant": "cpu", "encoder": "", "seed": 2, "protocols": score}
    results = [Result(document, {}, ()) for document in (result, {**result, "recipe": "wang-fcn"})]
    words = describe_recipe(load_recipe("wang-leaky-adam"), results)
    assert "8,636,802 parameters" in words and "1 x 30000 steps of 4" in words
    assert words.endswith("; cpu seed 2: vessel mean_iou 0.8125 by drive-leaky-miou")


def test_attention_and_matrix_products_are_counted() -> None:
    """torchinfo had counted 12.5 GFLOP, because it does not see the products of the attention."""
    _, operations = measure_network(load_recipe("amdyes-samadapter-irma"))
    assert operations == pytest.approx(1004, abs=1)
