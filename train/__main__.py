"""`python -m train RECIPE`: make a model, from the official download of its data to weights and card."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from train import REPOSITORY
from train.memory import keep_freed_memory
from train.options import add_places


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The words of the command line."""
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument("recipe", nargs="?", help="a file of train/recipes, without .toml")
    parser.add_argument("--list", action="store_true", help="list the recipes, or those whose name begins so")
    parser.add_argument("--summary", action="store_true", help="draw the recipe's network layer by layer")
    parser.add_argument("--output", type=Path, help="folder of the models (model_weights) or results (train/results)")
    parser.add_argument("--results", action="store_true", help="score an experiment by its protocols; export no model")
    parser.add_argument(
        "--out-of-fold", type=Path, metavar="DIR", help="write what was found in held-out images, for evaluate.py"
    )
    parser.add_argument(
        "--only", metavar="NETWORK", default="", help="train one network, `fold-K` or `all`; then all with --resume"
    )
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    add_places(parser)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the recipe")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    words = parse_arguments(arguments)
    signal.signal(signal.SIGTERM, stop)
    keep_freed_memory()
    try:
        print(run(words), end="")
    except (ValueError, RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def run(words: argparse.Namespace) -> str:
    """Do what the command line asks for; what to say at the end.

    Raises:
        ValueError: something that is needed was not given.
    """
    from train.cases import gather_cases
    from train.listing import print_recipes, print_summary
    from train.make import Places, make_model, train_networks
    from train.prediction import write_maps
    from train.reading import load_recipe
    from train.reproduce import RESULTS
    from train.results import check_changes, measure_recipe

    if words.list:
        print_recipes(words.recipe or "")
        return ""
    if words.recipe is None:
        raise ValueError("name a recipe, or --list them")
    recipe = load_recipe(words.recipe, words.set)
    if words.only and (words.results or words.out_of_fold):
        raise ValueError("--only trains one network of a model: leave out --results and --out-of-fold")
    if words.summary:
        print_summary(recipe)
        return ""
    if words.data is None:
        raise ValueError("say where the data sets are: --data DIR, or RETSEG_DATA")
    if words.out_of_fold:
        found = words.runs / recipe.name / "out-of-fold"
        write_maps(recipe, gather_cases(recipe, words.data), found, words.out_of_fold)
        return f"the maps are in {words.out_of_fold}\n"
    if words.results:
        check_changes(words.set)
        places = Places(words.data, words.runs, words.output or RESULTS)
        return f"the result is in {measure_recipe(recipe, places, words.workers, words.resume)}\n"
    if words.only:
        folder = words.runs / recipe.name
        train_networks(recipe, words.data, folder, words.workers, words.resume, words.only)
        return f"the network is in {folder / words.only}; when all are there, make the model with --resume\n"
    places = Places(words.data, words.runs, words.output or REPOSITORY / "model_weights")
    return f"the model is in {make_model(recipe, places, words.workers, words.resume)}\n"


def stop(number: int, _: FrameType | None) -> None:
    """Leave at once on SIGTERM, with the last checkpoint as it is."""
    raise SystemExit(f"stopped by signal {number}: go on with --resume")


if __name__ == "__main__":
    raise SystemExit(main())
