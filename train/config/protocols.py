"""Find the protocols that a recipe names: of any challenge, or of `protocols.toml` for held-out images."""

from collections.abc import Sequence
from pathlib import Path

from retseg.challenge import list_challenges, load_challenge
from retseg.challenge.protocol import Protocol
from retseg.metrics.derived import DERIVED
from retseg.toml_schema import SchemaError, declare, nearest, read_toml
from train.config.recipe import Recipe

MEAN, POOLED = "held-out-mean", "held-out-pooled"
"""The protocols of `protocols.toml`."""


def find_protocols(names: Sequence[str]) -> tuple[Protocol, ...]:
    """Protocols by name, of any challenge.

    Raises:
        SchemaError: there is no protocol of that name.
    """
    known = {name: found for each in list_challenges() for name, found in load_challenge(each).protocol.items()}
    known |= load_held_out_protocols()
    for name in names:
        if name not in known:
            raise SchemaError(f"no challenge has a protocol '{name}'{nearest(name, known)}")
    return tuple(known[name] for name in names)


def load_held_out_protocols() -> dict[str, Protocol]:
    """The protocols for held-out images, by name."""
    path = Path(__file__).parent / "protocols.toml"
    tables = read_toml(path)
    return {name: declare(Protocol, {"name": name, **values}, f"{path} [{name}]") for name, values in tables.items()}


def find_selection_protocol(recipe: Recipe) -> Protocol:
    """The protocol by whose headline a recipe's thresholds are chosen.

    Raises:
        SchemaError: there is none of that name, or its headline is no metric of a mask.
    """
    (protocol,) = find_protocols((recipe.selection.protocol,))
    if protocol.headline not in DERIVED:
        raise SchemaError(
            f"the recipe '{recipe.name}' chooses thresholds by '{protocol.name}', whose headline '{protocol.headline}' "
            f"is no metric of a mask's pixels: name another selection.protocol, such as '{MEAN}' or '{POOLED}'"
        )
    return protocol
