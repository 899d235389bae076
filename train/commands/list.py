"""`python -m train list`: print the recipes, their networks and their scores."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `list`."""
    parser.add_argument("beginning", nargs="?", default="", help="only recipes whose name begins so")


def run(options: argparse.Namespace) -> int:
    """Print the recipes, family by family."""
    from train.listing import print_recipes

    print_recipes(options.beginning)
    return 0
