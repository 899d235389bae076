"""Write a list of names for a sentence."""

from collections.abc import Sequence

SHOWN = 5


def list_some(names: Sequence[str]) -> str:
    """The first five names, and how many more there are: `a, b, c, d, e and 3 more`."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
