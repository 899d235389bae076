"""`python -m train COMMAND`: make models from recipes, choose among candidates, reproduce experiments, list recipes.

Only the module of the command asked for is imported. It imports what it needs when it runs, so that a wrong request is
answered before torch is loaded.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

from retseg.cli import guard

COMMANDS = {
    "make": "train a recipe and export its model",
    "select": "train the candidates of a recipe and export the best",
    "prepare": "write everything that a training reads into one file",
    "reproduce": "published numbers beside ours, and the experiments that are missing",
    "list": "the recipes, their networks and their scores",
}
"""Name, which is also that of the module in `train/commands`, and what it is for."""

ADVICE = "the last checkpoint is kept, go on with --resume"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m train COMMAND ...` and return the exit status.

    `python -m train RECIPE ...` is `python -m train make RECIPE ...`, and `--list` is `list`.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # albumentations would ask a registry for its version
    given = complete(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m train", description="Make models from recipes.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
        if name == given[0]:
            _load(name).add_arguments(subparser)
    options = parser.parse_args(given)
    return guard(lambda: int(_load(options.command).run(options)), interrupted=ADVICE, terminated=ADVICE)


def complete(arguments: Sequence[str]) -> list[str]:
    """The arguments with the command in front, where they are those of the first version, which had one command."""
    given = list(arguments)
    if not given or given[0] in (*COMMANDS, "-h", "--help"):
        return given or ["make"]
    if "--list" in given:
        given.remove("--list")
        return ["list", *given]
    return ["make", *given]


def _load(name: str) -> Any:
    return importlib.import_module(f"train.commands.{name}")
