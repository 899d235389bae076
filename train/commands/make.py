"""`python -m train make`: train a recipe and export its model, or train the networks of a prepared file."""

import argparse
import time
from pathlib import Path

from retseg.commands.options import RequestError
from train import REPOSITORY
from train.commands.options import add_training, require_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `make`."""
    parser.add_argument(
        "--prepared", type=Path, metavar="FILE", help="train the networks of a file of `prepare`, in place of a recipe"
    )
    parser.add_argument(
        "--minutes", type=float, help="with --prepared: fit the steps of the schedules to this time, and end in time"
    )
    parser.add_argument(
        "recipe",
        nargs="?",
        help="a name in train/recipes, or the path of your own file",
    )
    parser.add_argument("--summary", action="store_true", help="print the recipe's network layer by layer")
    parser.add_argument("--output", type=Path, help="folder of the models (model_weights) or results (train/results)")
    parser.add_argument("--results", action="store_true", help="score an experiment by its protocols; export no model")
    parser.add_argument(
        "--out-of-fold", type=Path, metavar="DIR", help="write what was found in held-out images, for evaluate.py"
    )
    parser.add_argument(
        "--only", metavar="NETWORK", default="", help="train one network, `fold-K` or `all`; then all with --resume"
    )
    add_training(parser)


def run(options: argparse.Namespace) -> int:
    """Train a recipe, and write its model, its result, or its predictions for held-out images.

    Raises:
        RequestError: options do not go together, or something that is needed was not given.
    """
    if options.prepared:
        return run_prepared(options)
    check_options(options)
    from train.config.loader import load_recipe

    recipe = load_recipe(options.recipe, options.set)
    from train.data.cases import gather_cases
    from train.fit.memory import keep_freed_memory
    from train.fit.run import Run
    from train.model.make import Folders, make_model
    from train.model.networks import train_networks
    from train.model.out_of_fold import write_maps
    from train.model.size import print_summary
    from train.reproduce.measure import measure_recipe
    from train.reproduce.result import RESULTS, check_changes

    keep_freed_memory()
    if options.summary:
        print_summary(recipe)
    elif options.out_of_fold:
        found = options.runs / recipe.name / "out-of-fold"
        write_maps(recipe, gather_cases(recipe, options.data), found, options.out_of_fold)
        print(f"the maps are in {options.out_of_fold}")
    elif options.results:
        check_changes(options.set)
        folders = Folders(options.data, options.runs, options.output or RESULTS)
        run = Run(options.runs, 0, options.workers, options.resume)
        print(f"the result is in {measure_recipe(recipe, folders, run)}")
    elif options.only:
        folder = options.runs / recipe.name
        train_networks(recipe, options.data, Run(folder, 0, options.workers, options.resume), options.only)
        print(f"the network is in {folder / options.only}; when all are there, make the model with --resume")
    else:
        folders = Folders(options.data, options.runs, options.output or REPOSITORY / "model_weights")
        print(f"the model is in {make_model(recipe, folders, options.workers, options.resume)}")
    return 0


def check_options(options: argparse.Namespace) -> None:
    """Refuse options that do not go together, before anything heavy is imported.

    Raises:
        RequestError: they do not, or something that is needed was not given.
    """
    if options.minutes is not None:
        raise RequestError("--minutes is for a training from a prepared file: add --prepared FILE")
    if options.recipe is None:
        raise RequestError("no recipe was named: name one, or see `python -m train list`")
    if options.only and (options.results or options.out_of_fold):
        raise RequestError("--only trains one network of a model: leave out --results and --out-of-fold")
    if not options.summary:
        require_data(options)


def run_prepared(options: argparse.Namespace) -> int:
    """Train the networks of a prepared file. The model is made later, where the data sets are.

    Raises:
        RequestError: options do not go together.
    """
    deadline = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    if options.recipe or options.summary or options.results or options.out_of_fold or options.output:
        raise RequestError("--prepared trains networks alone: leave out the recipe and all but --only and --minutes")
    from train.data.prepared import read_prepared
    from train.fit.memory import keep_freed_memory
    from train.fit.run import Run
    from train.model.networks import train_prepared

    keep_freed_memory()
    prepared = read_prepared(options.prepared, options.set)
    folder = options.runs / prepared.recipe.name
    run = Run(folder, 0, options.workers, options.resume, deadline)
    train_prepared(prepared, run, options.only)
    changes = "".join(f" --set '{change}'" for change in options.set)
    print(
        f"the networks are in {folder}: `python -m train make {prepared.recipe.name} --resume{changes}` makes the model"
    )
    return 0
