"""Rename the old keys of recipes, so that files, changes and checkpoints with old keys can be read."""

import warnings
from collections.abc import Mapping
from typing import Any

RENAMED = {
    "stage.*.rate": "learning_rate",
    "stage.*.average": "ema_decay",
    "stage.*.warm_up": "warmup_fraction",
    "stage.*.final_rate": "final_fraction",
    "stage.*.decay": "milestone_factor",
    "stage.*.groups.*.rate": "learning_rate_factor",
    "stage.*.groups.*.decay": "weight_decay_factor",
    "selection.minimum_areas": "minimum_component_sizes",
    "sampling.place": "position",
    "start": "initial_models",
    "network.arguments.enlarge": "upsample",
}
"""Path of each old key, with `*` for the number of an item in a list, and its new name."""

RULES: dict[str, dict[str, Any]] = {
    "mean_dice": {"selection.protocol": "held-out-mean"},
    "pooled_dice": {"selection.protocol": "held-out-pooled"},
    "data_set_dice": {"selection.protocol": "held-out-pooled", "selection.each_data_set": True},
}
"""Values of the old key `selection.rule`, and the keys and values that replace them."""


def rename_path(dotted: str) -> str:
    """A dotted key with new names: `stage.0.rate` becomes `stage.0.learning_rate`."""
    parts = dotted.split(".")
    pattern = ".".join("*" if part.isdigit() else part for part in parts)
    return ".".join([*parts[:-1], RENAMED.get(pattern, parts[-1])])


def rename_keys(values: Any, where: str = "", above: str = "") -> Any:
    """Tables and lists of a recipe with new names; dotted keys, and those of variants, are renamed, too.

    Args:
        values: what a TOML file or the JSON of a checkpoint holds.
        where: what to call the file in a warning about an old key; no warning when empty.
        above: the dotted key that `values` belongs to.
    """
    if isinstance(values, list | tuple):
        return [rename_keys(item, where, f"{above}.{number}") for number, item in enumerate(values)]
    if not isinstance(values, Mapping):
        return values
    if above == "variants":
        return {name: rename_keys(changes, where) for name, changes in values.items()}
    renamed: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{above}.{key}" if above else key
        if path == "selection.rule" and value in RULES:
            if where:
                warn(where, path, "selection.protocol")
            prefix = f"{above}." if above else ""
            renamed |= {new.removeprefix(prefix): found for new, found in RULES[value].items()}
            continue
        new = rename_path(path)
        if new != path and where:
            warn(where, path, new)
        renamed[new.removeprefix(f"{above}.") if above else new] = rename_keys(value, where, path)
    return renamed


def warn(where: str, old: str, new: str) -> None:
    """Print a warning about an old key, once for each file and key."""
    message = f"{where}: the key '{old}' is now '{new}'; the next version will not read the old name"
    warnings.warn(message, FutureWarning, stacklevel=2)
