"""A recipe may be another recipe with changes, as strictly read as any."""

from pathlib import Path

import pytest

from retseg.toml_schema import SchemaError
from train.config.loader import load_recipe


@pytest.fixture
def thicker(recipes: Path) -> Path:
    """The folder of recipes with `thicker`, which extends `lines`."""
    (recipes / "thicker.toml").write_text(
        'extends = "lines"\ntitle = "thick lines"\n"stage.0.learning_rate" = 0.5\nseed = 4\n'
        '[network]\narchitecture = "unet"\narguments = { widths = [6] }\n'
        '[variants.cpu]\n"sampling.patch" = 16\n[variants.long]\n"stage.0.steps" = 99\n'
    )
    return recipes


def test_an_extension_keeps_what_it_does_not_name_and_replaces_what_it_does(thicker: Path) -> None:
    recipe = load_recipe("thicker", (), thicker)
    assert (recipe.name, recipe.title, recipe.seed, recipe.terms) == ("thicker", "thick lines", 4, "none")
    assert (recipe.stage[0].learning_rate, recipe.stage[0].steps) == (0.5, 8)
    assert recipe.network.arguments == {"widths": [6]}


def test_variants_of_both_are_merged_and_several_can_be_chosen(thicker: Path) -> None:
    recipe = load_recipe("thicker", ["width=cpu", "width=long"], thicker)
    assert (recipe.sampling.patch, recipe.stage[0].learning_rate, recipe.stage[0].steps) == (16, 0.5, 99)
    assert recipe.variant == "cpu+long"
    assert load_recipe("thicker", ["width=cpu+long"], thicker) == recipe
    assert load_recipe("lines", (), thicker).variant == "paper"


def test_an_empty_variant_takes_the_inherited_one_away(thicker: Path) -> None:
    (thicker / "plain.toml").write_text('extends = "thicker"\n[variants.long]\n')
    assert set(load_recipe("plain", (), thicker).variants) == set(load_recipe("thicker", (), thicker).variants) - {
        "long"
    }
    with pytest.raises(SchemaError, match=r"plain.toml has no such variant"):
        load_recipe("plain", ["width=cpu+long"], thicker)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('extends = "liens"', "did you mean 'lines'"),
        ('extends = "lines"\n"stage.0.stepps" = 3', "did you mean 'steps'"),
        ('extends = "lines"\n"stage.1.steps" = 3', "'1' of 'stage.1.steps' is not one of 0 to 0"),
        ('extends = "other"', "in a circle: other -> other"),
        ('extends = "lines"\n[framing]\nsize = [5, 5]', "for the region .frame. only"),
        ('extends = "lines"\npreprocessing.diameter = 9\n[framing]\nregion = "frame"\nsize = [5, 5]', "and a diameter"),
        ('extends = "lines"\n[tiles]\nside = 8', "framing.region = 'frame'"),
        ('extends = "lines"\n[[test]]\nfolder = "x"\nchallenge = "fundus"', "needs folds = 1"),
        ('extends = "lines"\n[tiles]\ncopies = 3', "need a side"),
        ('extends = "lines"\n"source.0.optional" = true', "training images optional"),
    ],
)
def test_a_wrong_extension_is_refused_in_one_sentence(recipes: Path, text: str, message: str) -> None:
    (recipes / "other.toml").write_text(text)
    with pytest.raises(SchemaError, match=message):
        load_recipe("other", (), recipes)
