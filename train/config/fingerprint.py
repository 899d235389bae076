"""The keys of a recipe that its weights depend on, as one text, the fingerprint.

A checkpoint stores it, and a training resumes only from a checkpoint with the same fingerprint.
"""

import dataclasses
import json

from retseg.toml_schema import SchemaError, declare
from train.config.patches import Tone
from train.config.recipe import Recipe
from train.config.renamed import rename_keys
from train.config.stage import Restarts

PASSING = {"name", "title", "data", "terms", "phantom", "round", "inference", "selection", "variants", "test"}
PASSING |= {"protocols", "family", "variant", "candidates", "refit", "published_encoder", "score_training"}
"""Keys that may change before a training is resumed."""


def fingerprint_weights(recipe: Recipe) -> str:
    """All keys that the weights depend on, as JSON; keys of newer versions only if they differ from their default."""
    values = {**dataclasses.asdict(recipe), "encoder": recipe.encoder_file}
    unused: dict[str, object] = {
        "supplement": (),
        "initial_models": (),
        "parted_by": "patient",
        "tone": dataclasses.asdict(Tone()),
    }
    unused |= {"field_of_view": None, "grey_truth": (), "keep": "last", "restarts": dataclasses.asdict(Restarts())}
    left_out = {*PASSING, *(key for key, value in unused.items() if values[key] == value)}
    return json.dumps({key: value for key, value in values.items() if key not in left_out}, sort_keys=True)


def has_fingerprint(recipe: Recipe, stored: str) -> bool:
    """Whether a stored fingerprint is that of the recipe; missing keys have their default, old keys are renamed."""
    passing = {key: value for key, value in dataclasses.asdict(recipe).items() if key in PASSING}
    kept = rename_keys(json.loads(stored))
    if isinstance(kept.get("initial_models"), str):  # the first version named one model, not a list
        kept["initial_models"] = [kept["initial_models"]]
    try:
        return fingerprint_weights(declare(Recipe, {**passing, **kept}, "checkpoint")) == fingerprint_weights(recipe)
    except SchemaError:
        return False
