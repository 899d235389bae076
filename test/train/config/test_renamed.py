"""Keys of the first version are read for one version more, with a warning; checkpoints with them go on in silence."""

import json
import warnings
from pathlib import Path

import pytest

from retseg.toml_schema import SchemaError
from train.config.fingerprint import fingerprint_weights, has_fingerprint
from train.config.loader import load_recipe
from train.config.renamed import RENAMED, rename_keys, rename_path

OLD = """
extends = "lines"
"stage.0.average" = 0.5
[sampling]
place = "whole"
[selection]
minimum_areas = [0, 9]
[variants.slow]
"stage.0.rate" = 0.25
"sampling" = { place = "random", patch = 16 }
[[stage]]
steps = 8
rate = 1e-3
warm_up = 0.1
groups = [{ names = "*.bias", rate = 2.0, decay = 0.0 }]
"""


def test_old_keys_are_read_wherever_they_stand_and_each_is_warned_of(recipes: Path) -> None:
    (recipes / "old.toml").write_text(OLD)
    with pytest.warns(FutureWarning) as told:
        recipe = load_recipe("old", ["width=slow", "stage.0.warm_up=0.2"], recipes)
    stage = recipe.stage[0]
    assert (stage.learning_rate, stage.warmup_fraction, stage.groups[0].weight_decay_factor) == (0.25, 0.2, 0.0)
    assert (recipe.sampling.position, recipe.sampling.patch) == ("random", 16)
    assert recipe.selection.minimum_component_sizes == (0, 9)
    messages = [str(each.message) for each in told]
    assert any("old.toml: the key 'stage.0.rate' is now 'stage.0.learning_rate'" in message for message in messages)
    assert any("--set: the key 'stage.0.warm_up' is now 'stage.0.warmup_fraction'" in message for message in messages)


def test_new_keys_are_read_without_a_warning(recipes: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_recipe("lines", ["width=cpu"], recipes)
    assert rename_path("stage.0.learning_rate") == "stage.0.learning_rate"
    assert not set(RENAMED.values()) & {path.rsplit(".", maxsplit=1)[-1] for path in RENAMED}


def test_a_key_that_is_wrong_in_both_versions_is_refused(recipes: Path) -> None:
    with pytest.raises(SchemaError, match="unknown key 'rates'"):
        load_recipe("lines", ["stage.0.rates=1"], recipes)


def test_a_checkpoint_of_the_first_version_belongs_to_the_same_recipe(recipes: Path) -> None:
    recipe = load_recipe("lines", ["initial_models=['a']"], recipes)
    stored = json.loads(fingerprint_weights(recipe))
    (stage,) = stored["stage"]
    stage |= {"rate": stage.pop("learning_rate"), "average": stage.pop("ema_decay")}
    stored["sampling"]["place"] = stored["sampling"].pop("position")
    stored["start"] = stored.pop("initial_models")[0]
    del stored["source"][0]["healthy"]
    assert has_fingerprint(recipe, json.dumps(stored))
    assert rename_keys(stored)["stage"][0]["learning_rate"] == 0.01
    stage["average"] = 0.5
    assert not has_fingerprint(recipe, json.dumps(stored))
    assert not has_fingerprint(recipe, json.dumps({**stored, "unheard_of": 1}))


@pytest.mark.parametrize(
    ("rule", "protocol", "each"),
    [
        ("mean_dice", "held-out-mean", False),
        ("pooled_dice", "held-out-pooled", False),
        ("data_set_dice", "held-out-pooled", True),
    ],
)
def test_an_old_rule_of_the_choice_names_a_protocol(recipes: Path, rule: str, protocol: str, each: bool) -> None:
    with pytest.warns(FutureWarning, match=r"'selection.rule' is now 'selection.protocol'"):
        chosen = load_recipe("lines", [f"selection.rule={rule}"], recipes).selection
    assert (chosen.protocol, chosen.each_data_set) == (protocol, each)
    (recipes / "old.toml").write_text(f'extends = "lines"\n[selection]\nrule = "{rule}"\n')
    with pytest.warns(FutureWarning):
        assert load_recipe("old", (), recipes).selection == chosen
