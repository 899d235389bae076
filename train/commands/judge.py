"""`python -m train judge`: score an exported model on data sets that it was not trained on."""

import argparse
from pathlib import Path

from train import REPOSITORY
from train.commands.options import add_data, require_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `judge`."""
    parser.add_argument("model", help="a folder of --models")
    parser.add_argument("--by", required=True, metavar="RECIPE", help="its sources are the data sets")
    parser.add_argument("--models", type=Path, default=REPOSITORY / "model_weights", help="folder of the models")
    parser.add_argument("--dry-run", action="store_true", help="print the rows, and leave the card as it is")
    add_data(parser)


def run(options: argparse.Namespace) -> int:
    """Score a model on the data sets of a recipe, print the rows, and write them on its card.

    Raises:
        RequestError: no folder of data sets was given.
    """
    require_data(options)
    from retseg.engine import choose_engine, open_engine
    from retseg.models import load_card, write_card
    from train.config.loader import load_recipe
    from train.model.judge import judge_model, replace_rows

    card = load_card(options.models / options.model)
    rows = judge_model(card, load_recipe(options.by), options.data, open_engine(choose_engine("auto"), card))
    for row in rows:
        numbers = f"{row.metric} {row.value:.4f} ({row.low:.4f} to {row.high:.4f})"
        print(f"{row.task}, {row.way}, {row.images} ({row.count}): {numbers}")
    if not options.dry_run:
        write_card(replace_rows(card, rows))
    return 0
