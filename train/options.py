"""Options that `python -m train` and `python -m train.reproduce` share."""

import argparse
import os
from pathlib import Path

from train import REPOSITORY


def add_places(parser: argparse.ArgumentParser) -> None:
    """`--data`, whose default is RETSEG_DATA, `--runs` and `--workers`."""
    default = os.environ.get("RETSEG_DATA") or None
    parser.add_argument("--data", type=Path, default=default, help="folder of the data sets")
    parser.add_argument("--runs", type=Path, default=REPOSITORY / "runs", help="folder of checkpoints and logs")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw patches")
