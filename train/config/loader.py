"""Read recipes from their files, strictly; a recipe may extend another one, and the command line may change it."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from retseg.toml_schema import SchemaError, declare, nearest, read_toml
from train.config.recipe import Recipe
from train.config.renamed import rename_keys

RECIPES_DIRECTORY = Path(__file__).parent.parent / "recipes"


def list_recipes(directory: Path = RECIPES_DIRECTORY) -> tuple[str, ...]:
    """The names of the recipes in a folder and the folders in it, sorted."""
    return tuple(sorted(find_recipes(directory)))


def find_recipes(directory: Path) -> dict[str, Path]:
    """The files of recipes in a folder and the folders in it, by the name of the recipe.

    Raises:
        SchemaError: two files have one name.
    """
    found: dict[str, Path] = {}
    for path in sorted(directory.rglob("*.toml")):
        if path.stem in found:
            raise SchemaError(f"{path} and {found[path.stem]} are two recipes of one name: rename one")
        found[path.stem] = path
    return found


def load_recipe(name: str, changes: Sequence[str] = (), directory: Path = RECIPES_DIRECTORY) -> Recipe:
    """Read a recipe by name and apply changes.

    A file with `extends = "NAME"` is that other recipe with changed keys. A key may be dotted, as `"stage.0.steps"`. A
    table or a list replaces the whole table or list; only `[variants.NAME]` are merged, and an empty one removes that
    of the other recipe.

    Args:
        name: of the file, without its folder and `.toml`; or the path of a file, which ends with `.toml`.
        changes: `KEY=VALUE` each; a key is dotted (`stage.0.steps=100`), a value is TOML or a bare word, and
            `width=NAME` applies the recipe's variant of that name, `width=FIRST+SECOND` two of them in this order.
        directory: of the recipes; folders in it are searched, too.

    Raises:
        SchemaError: there is no such recipe, or a key is not one of a recipe's.
    """
    known = find_recipes(directory)
    if name.endswith(".toml"):
        path = Path(name)
        name = path.stem
        known[name] = path
    values = {**_read_file(name, known, ()), "name": name}
    path = known[name]
    change_values(values, changes, str(path))
    return declare(Recipe, values, str(path))


def change_values(values: dict[str, Any], changes: Sequence[str], where: str) -> None:
    """Apply changes, `KEY=VALUE` each as for `load_recipe`, to the keys of a recipe.

    Raises:
        SchemaError: a change is not of that form, or there is no such key.
    """
    for change in changes:
        key, found, text = change.partition("=")
        if not found:
            raise SchemaError(f"--set {change}: wanted KEY=VALUE")
        if key == "width":
            for name in text.split("+"):
                _apply_variant(values, name, f"--set {change}: {where}")
        else:
            for dotted, value in rename_keys({key: _parse(text)}, "--set").items():
                _assign(values, dotted, value, f"--set {change}")


def _apply_variant(values: dict[str, Any], name: str, where: str) -> None:
    variants = values.get("variants", {})
    if name not in variants:
        raise SchemaError(f"{where} has no such variant{nearest(name, variants)}")
    for dotted, value in variants[name].items():
        _assign(values, dotted, value, f"{where} [variants.{name}]")
    values["variant"] = f"{values['variant']}+{name}" if "variant" in values else name


def _read_file(name: str, known: Mapping[str, Path], above: tuple[str, ...]) -> dict[str, Any]:
    """The keys of a recipe, with those of the recipe that it extends; `above` are the recipes that extend it."""
    if name not in known:
        raise SchemaError(f"there is no recipe '{name}'{nearest(name, known)}")
    if name in above:
        raise SchemaError(f"recipes extend each other in a circle: {' -> '.join((*above, name))}")
    path = known[name]
    own: dict[str, Any] = rename_keys(read_toml(path), str(path))
    if "extends" not in own:
        return own
    values = _read_file(own.pop("extends"), known, (*above, name))
    for variant, changes in own.pop("variants", {}).items():
        inherited = values.setdefault("variants", {})
        if changes:
            inherited.setdefault(variant, {}).update(changes)
        else:
            inherited.pop(variant, None)
    for dotted, value in own.items():
        _assign(values, dotted, value, str(path))
    return values


def _parse(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _assign(values: dict[str, Any], dotted: str, value: Any, where: str) -> None:
    *parents, last = dotted.split(".")
    table: Any = values
    for parent in parents:
        table = _step_into(table, parent, f"{where}: '{parent}' of '{dotted}'")
    if not isinstance(table, dict):
        raise SchemaError(f"{where}: '{parents[-1]}' of '{dotted}' is not a table")
    table[last] = value


def _step_into(table: Any, key: str, where: str) -> Any:
    if isinstance(table, list):
        if not key.isdigit() or int(key) >= len(table):
            raise SchemaError(f"{where} is not one of 0 to {len(table) - 1}")
        return table[int(key)]
    if isinstance(table, dict):
        return table.setdefault(key, {})
    raise SchemaError(f"{where} is not a table")
