"""`python -m train select`: train the candidates of recipes and export the best of each."""

import argparse
from pathlib import Path

from train import REPOSITORY
from train.commands.options import add_training, require_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `select`."""
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help="with candidates (default: all that have them)")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "model_weights", help="folder of the models")
    add_training(parser)


def run(options: argparse.Namespace) -> int:
    """Train the candidates of recipes, and export the best of each.

    Raises:
        RequestError: no folder of data sets was given.
    """
    require_data(options)
    from train.config.loader import list_recipes, load_recipe
    from train.fit.memory import keep_freed_memory
    from train.model.make import Folders
    from train.model.select import select_model

    keep_freed_memory()
    folders = Folders(options.data, options.runs, options.output)
    for name in options.recipes or [name for name in list_recipes() if load_recipe(name).candidates]:
        folder = select_model(name, options.set, folders, options.workers, options.resume)
        print(f"the model is in {folder}", flush=True)
    return 0
