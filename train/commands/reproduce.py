"""`python -m train reproduce`: print published numbers beside ours, or run the experiments that are missing."""

import argparse
import time
from pathlib import Path

from retseg.commands.console import complain
from retseg.files import replacing
from train import REPOSITORY
from train.commands.options import add_folders, require_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `reproduce`."""
    results = REPOSITORY / "train" / "results"
    parser.add_argument("--results", type=Path, default=results, help="folder of the results (train/results)")
    parser.add_argument("--output", type=Path, help="write the page there instead of printing it")
    parser.add_argument("--run", nargs="*", metavar="PATTERN", dest="patterns", help="run what has no result yet")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw the pictures of the page from --runs")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each experiment (%(default)s)")
    parser.add_argument("--width", default="cpu", help="variants joined by +, `paper` for none (%(default)s)")
    parser.add_argument(
        "--minutes", type=float, help="stop --run in time; a run that is not done goes on the next time"
    )
    parser.add_argument(
        "--encoder", default="", help="file of weights for networks that start from a published encoder, or `none`"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what --run would do")
    add_folders(parser)


def run(options: argparse.Namespace) -> int:
    """Print published numbers beside ours, or run the experiments that have no result."""
    if options.patterns is not None:
        return run_queue(options)
    if options.pictures:
        return draw_pictures(options)
    from train.reproduce.cost import read_costs
    from train.reproduce.page import write_page
    from train.reproduce.published import load_published
    from train.reproduce.result import read_results
    from train.reproduce.systems import load_systems

    page = write_page(load_published(), load_systems(), read_results(options.results), read_costs(options.results))
    if options.output:
        with replacing(options.output) as beside:
            beside.write_text(page, encoding="utf-8")
    else:
        print(page, end="")
    return 0


def draw_pictures(options: argparse.Namespace) -> int:
    """Draw the pictures whose runs are there; the exit status is 1 if one is left as it is.

    Raises:
        RequestError: no folder of data sets was given.
    """
    require_data(options)
    from train.reproduce.pictures import draw_picture
    from train.reproduce.result import ResultError
    from train.reproduce.systems import load_systems

    failed = False
    for picture in (picture for system in load_systems() for picture in system.picture):
        try:
            draw_picture(picture, options.width, options.data, options.runs, options.pictures)
        except ResultError as error:
            complain(f"error: {picture.file} is left as it is: {error}")
            failed = True
    return 1 if failed else 0


def run_queue(options: argparse.Namespace) -> int:
    """Run, or only show, the experiments that have no result; the exit status.

    Raises:
        RequestError: no folder of data sets was given.
    """
    require_data(options)
    from train.fit.memory import keep_freed_memory
    from train.fit.run import Run
    from train.model.make import Folders
    from train.reproduce.queue import Queue, describe_plan, plan_runs, run_experiments

    keep_freed_memory()
    folders = Folders(options.data, options.runs, options.results)
    planned = plan_runs(Queue(tuple(options.patterns), options.width, options.seeds, options.encoder), folders)
    print(describe_plan(planned), flush=True)
    stop = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    settings = Run(options.runs, 0, options.workers, stop=stop)
    failed = () if options.dry_run else run_experiments(planned, folders, settings)
    for sentence in failed:
        complain(f"error: {sentence}")
    return 1 if failed else 0
