"""`python -m train COMMAND`: make models from recipes, choose among candidates, reproduce experiments, list recipes.

Only the module of the given command is imported. It imports torch and the rest when it runs, so that wrong options are
refused at once.
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
    "judge": "score an exported model on data sets that it was not trained on",
    "prepare": "write everything that a training reads into one file",
    "nnunet": "write the images of a recipe as a Dataset folder of nnU-Net",
    "reproduce": "published numbers beside ours, and the experiments that are missing",
    "list": "the recipes, their networks and their scores",
}
"""Name of each command, which is also the name of its module in `train/commands`, and what it does."""

ADVICE = "the last checkpoint is kept, go on with --resume"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m train COMMAND ...` and return the exit status.

    `python -m train RECIPE ...` is `python -m train make RECIPE ...`, and `--list` is `list`.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # albumentations looks up its newest version otherwise
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
    """The arguments with the command in front. Version 0.1 had only one command, without a name."""
    given = list(arguments)
    if not given or given[0] in (*COMMANDS, "-h", "--help"):
        return given or ["make"]
    if "--list" in given:
        given.remove("--list")
        return ["list", *given]
    return ["make", *given]


def _load(name: str) -> Any:
    return importlib.import_module(f"train.commands.{name}")
