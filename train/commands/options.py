"""Options that several commands share."""

import argparse
import os
from pathlib import Path

from retseg.commands.options import RequestError
from train import REPOSITORY


def add_training(parser: argparse.ArgumentParser) -> None:
    """Options of `make` and `select`: `--set`, `--resume` and the folders."""
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the recipe")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoints")
    add_folders(parser)


def add_folders(parser: argparse.ArgumentParser) -> None:
    """`--data`, `--runs` and `--workers`."""
    add_data(parser)
    parser.add_argument("--runs", type=Path, default=REPOSITORY / "runs", help="folder of checkpoints and logs")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw patches")


def add_data(parser: argparse.ArgumentParser) -> None:
    """`--data`, whose default is RETSEG_DATA."""
    default = os.environ.get("RETSEG_DATA") or None
    parser.add_argument("--data", type=Path, default=default, help="folder of the data sets (RETSEG_DATA)")


def require_data(options: argparse.Namespace) -> None:
    """Refuse a command that reads data sets if their folder is not given.

    Raises:
        RequestError: it is not.
    """
    if options.data is None:
        raise RequestError("there is no folder of data sets: say where they are by --data DIR or RETSEG_DATA")
