"""The names of dropped files: they come from outside, so they are shown but never used as paths."""

from retseg.errors import escape
from retseg.files import split_suffix

LONGEST = 120
"""Characters of a name that is shown."""


def tidy_name(given: str) -> str:
    """The name that is shown for a file: without folders, control characters, and the middle of a very long one.

    >>> tidy_name("../../etc/eye.png")
    'eye.png'
    """
    name = escape(given.replace("\\", "/").rsplit("/", 1)[-1].strip())
    stem, suffix = split_suffix(name)
    if len(name) > LONGEST:
        half = (LONGEST - len(suffix) - 1) // 2
        name = f"{stem[:half]}…{stem[-half:]}{name[len(stem) :]}"
    return name or "unnamed"


def find_suffix(given: str) -> str:
    """The image suffix of a name, in lower case; empty where it is no image's."""
    return split_suffix(given)[1]
