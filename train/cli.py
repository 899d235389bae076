"""`python -m train COMMAND`: make models from recipes, choose among candidates, reproduce experiments, list recipes.

Each command imports what it needs when it runs, so that a wrong request is answered before torch is loaded.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from retseg.cli import guard
from retseg.commands.console import complain
from retseg.commands.options import RequestError
from train import REPOSITORY

ADVICE = "the last checkpoint is kept, go on with --resume"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `python -m train COMMAND ...` and return the exit status.

    `python -m train RECIPE ...` is `python -m train make RECIPE ...`, and `--list` is `list`.
    """
    options = build_parser().parse_args(complete(sys.argv[1:] if arguments is None else arguments))
    return guard(lambda: int(options.run(options)), interrupted=ADVICE, terminated=ADVICE)


def complete(arguments: Sequence[str]) -> list[str]:
    """The arguments with the command in front, where they are those of the first version, which had one command."""
    given = list(arguments)
    if not given or given[0] in (*COMMANDS, "-h", "--help"):
        return given or ["make"]
    if "--list" in given:
        given.remove("--list")
        return ["list", *given]
    return ["make", *given]


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `run` in its result is the function of the command."""
    parser = argparse.ArgumentParser(prog="python -m train", description="Make models from recipes.")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (summary, add_arguments, run) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=f"{summary.capitalize()}.")
        add_arguments(subparser)
        subparser.set_defaults(run=run)
    return parser


def add_make(parser: argparse.ArgumentParser) -> None:
    """The options of `make`."""
    parser.add_argument("recipe", nargs="?", help="a file of train/recipes, without its folder and .toml")
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


def run_make(options: argparse.Namespace) -> int:
    """Train a recipe, and write its model, its result, or what it found in held-out images.

    Raises:
        RequestError: options do not go together, or something that is needed was not given.
    """
    if options.recipe is None:
        raise RequestError("no recipe was named: name one, or see `python -m train list`")
    if options.only and (options.results or options.out_of_fold):
        raise RequestError("--only trains one network of a model: leave out --results and --out-of-fold")
    if not options.summary:
        require_data(options)
    from train.config.loader import load_recipe

    recipe = load_recipe(options.recipe, options.set)
    from train.data.cases import gather_cases
    from train.fit.memory import keep_freed_memory
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
        print(f"the result is in {measure_recipe(recipe, folders, options.workers, options.resume)}")
    elif options.only:
        folder = options.runs / recipe.name
        train_networks(recipe, options.data, folder, options.workers, options.resume, options.only)
        print(f"the network is in {folder / options.only}; when all are there, make the model with --resume")
    else:
        folders = Folders(options.data, options.runs, options.output or REPOSITORY / "model_weights")
        print(f"the model is in {make_model(recipe, folders, options.workers, options.resume)}")
    return 0


def add_select(parser: argparse.ArgumentParser) -> None:
    """The options of `select`."""
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help="with candidates (default: all that have them)")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "model_weights", help="folder of the models")
    add_training(parser)


def run_select(options: argparse.Namespace) -> int:
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


def add_reproduce(parser: argparse.ArgumentParser) -> None:
    """The options of `reproduce`."""
    results = REPOSITORY / "train" / "results"
    parser.add_argument("--results", type=Path, default=results, help="folder of the results (train/results)")
    parser.add_argument("--output", type=Path, help="write the page there instead of printing it")
    parser.add_argument("--run", nargs="*", metavar="PATTERN", dest="patterns", help="run what has no result yet")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each experiment (%(default)s)")
    parser.add_argument("--width", default="cpu", help="variants joined by +, `paper` for none (%(default)s)")
    parser.add_argument("--dry-run", action="store_true", help="say what --run would do")
    add_folders(parser)


def run_reproduce(options: argparse.Namespace) -> int:
    """Print published numbers beside ours, or run the experiments that have no result."""
    if options.patterns is not None:
        return run_queue(options)
    from train.reproduce.page import write_page
    from train.reproduce.published import load_published
    from train.reproduce.result import read_results

    page = write_page(load_published(), read_results(options.results))
    if options.output:
        options.output.write_text(page, encoding="utf-8")
    else:
        print(page, end="")
    return 0


def run_queue(options: argparse.Namespace) -> int:
    """Run, or only show, the experiments that have no result; the exit status.

    Raises:
        RequestError: no folder of data sets was given.
    """
    require_data(options)
    from train.fit.memory import keep_freed_memory
    from train.model.make import Folders
    from train.reproduce.queue import Queue, describe_plan, plan_runs, run_experiments

    keep_freed_memory()
    folders = Folders(options.data, options.runs, options.results)
    planned = plan_runs(Queue(tuple(options.patterns), options.width, options.seeds), folders)
    print(describe_plan(planned), flush=True)
    failed = () if options.dry_run else run_experiments(planned, folders, options.workers)
    for sentence in failed:
        complain(f"error: {sentence}")
    return 1 if failed else 0


def add_list(parser: argparse.ArgumentParser) -> None:
    """The options of `list`."""
    parser.add_argument("beginning", nargs="?", default="", help="only recipes whose name begins so")


def run_list(options: argparse.Namespace) -> int:
    """Print the recipes, family by family."""
    from train.listing import print_recipes

    print_recipes(options.beginning)
    return 0


def add_training(parser: argparse.ArgumentParser) -> None:
    """What `make` and `select` share: `--set`, `--resume` and the folders."""
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the recipe")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoints")
    add_folders(parser)


def add_folders(parser: argparse.ArgumentParser) -> None:
    """`--data`, whose default is RETSEG_DATA, `--runs` and `--workers`."""
    default = os.environ.get("RETSEG_DATA") or None
    parser.add_argument("--data", type=Path, default=default, help="folder of the data sets (RETSEG_DATA)")
    parser.add_argument("--runs", type=Path, default=REPOSITORY / "runs", help="folder of checkpoints and logs")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw patches")


def require_data(options: argparse.Namespace) -> None:
    """Refuse a command that reads data sets where no folder of them was given.

    Raises:
        RequestError: none was.
    """
    if options.data is None:
        raise RequestError("there is no folder of data sets: say where they are by --data DIR or RETSEG_DATA")


COMMANDS = {
    "make": ("train a recipe and export its model", add_make, run_make),
    "select": ("train the candidates of a recipe and export the best", add_select, run_select),
    "reproduce": ("published numbers beside ours, and the experiments that are missing", add_reproduce, run_reproduce),
    "list": ("the recipes, their networks and their scores", add_list, run_list),
}
"""Name to its summary, the function that adds its options, and the one that runs it."""
