"""Files of results: their names, the changes of a recipe that they allow, and how a folder of them is read."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from retseg.errors import RetsegError
from retseg.toml_schema import SchemaError
from train import REPOSITORY
from train.config.recipe import Recipe

RESULTS = REPOSITORY / "train" / "results"


class ResultError(RetsegError):
    """A result cannot be made or would be misleading; the message gives the reason."""


def check_changes(changes: Iterable[str]) -> None:
    """Refuse changes after which a result would not be that of the recipe.

    Raises:
        ResultError: a change is of another key than width, seed and encoder.
    """
    other = [change for change in changes if change.partition("=")[0] not in ("width", "seed", "encoder")]
    if other:
        raise ResultError(
            f"a result stands for its recipe as it is, but {', '.join(other)} was set: leave --results out, or write a "
            "recipe or a variant"
        )


def name_result(recipe: Recipe) -> str:
    """The stem of a result's file: recipe, variant and seed, and whether the encoder was trained elsewhere."""
    encoder = "-encoder" if recipe.encoder else ""
    return f"{recipe.name}-{recipe.variant}{encoder}-seed{recipe.seed}"


def read_results(directory: Path) -> tuple[dict[str, Any], ...]:
    """All results of a folder, in the order of recipe, variant and seed.

    Raises:
        SchemaError: a file is not a result.
    """
    found = []
    for path in sorted(directory.glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            result["order"] = (result["recipe"], name_width(result), int(result["seed"]))
        except (ValueError, KeyError, TypeError) as error:
            raise SchemaError(f"{path} is not a result of `python -m train RECIPE --results`: {error!r}") from error
        found.append(result)
    return tuple(sorted(found, key=lambda result: result["order"]))


def name_width(result: Mapping[str, Any]) -> str:
    """The variant of a result, and whether its encoder was trained elsewhere."""
    return str(result["variant"]) + (", trained encoder" if result["encoder"] else "")
