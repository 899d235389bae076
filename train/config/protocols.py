"""The protocols that a recipe names, whichever challenge they belong to."""

from collections.abc import Sequence

from retseg.challenge import list_challenges, load_challenge
from retseg.challenge.protocol import Protocol
from retseg.toml_schema import SchemaError, nearest


def find_protocols(names: Sequence[str]) -> tuple[Protocol, ...]:
    """Protocols by name, whichever challenge they belong to.

    Raises:
        SchemaError: no challenge has a protocol of that name.
    """
    known = {name: found for each in list_challenges() for name, found in load_challenge(each).protocol.items()}
    for name in names:
        if name not in known:
            raise SchemaError(f"no challenge has a protocol '{name}'{nearest(name, known)}")
    return tuple(known[name] for name in names)
