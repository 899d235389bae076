"""The page on Python: every public name of `retseg`, with its docstring."""

import inspect

import retseg


def write_api() -> str:
    """The page; mkdocstrings puts the docstring where a line begins with `:::`."""
    names = [name for name in retseg.__all__ if not name.startswith("_")]
    functions = [name for name in names if inspect.isfunction(getattr(retseg, name))]
    types = [name for name in names if name not in functions]
    lines = [
        "# Python",
        "",
        "`import retseg` gives the names of this page. [From Python](../python.md) shows them at work.",
        "",
    ]
    for name in (*functions, *types):
        lines += [f"::: {getattr(retseg, name).__module__}.{name}", ""]
    return "\n".join(lines)
