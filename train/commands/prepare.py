"""`python -m train prepare`: write everything that a training of a recipe reads into one file."""

import argparse
from pathlib import Path

from retseg.commands.options import RequestError
from train.commands.options import add_data, require_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `prepare`."""
    parser.add_argument("recipe", help="a file of train/recipes, without its folder and .toml")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the recipe")
    parser.add_argument(
        "--quality", type=int, default=0, help="of the pixels as JPEG, 1 to 100; by default they are lossless"
    )
    add_data(parser)


def run(options: argparse.Namespace) -> int:
    """Write everything that a training of a recipe reads into one file.

    Raises:
        RequestError: no folder of data sets was given, or the quality is none.
    """
    require_data(options)
    if not 0 <= options.quality <= 100:
        raise RequestError(f"--quality {options.quality}: wanted 1 to 100, or 0 for lossless pixels")
    from train.config.loader import load_recipe
    from train.data.prepared import write_prepared
    from train.model.networks import prepare

    prepared = prepare(load_recipe(options.recipe, options.set), options.data)
    write_prepared(prepared, options.output, options.quality)
    size = options.output.stat().st_size / 1e6
    pixels = f"JPEG of quality {options.quality}" if options.quality else "lossless"
    print(f"{options.output}: {len(prepared.images)} images, {pixels}, {size:.1f} MB")
    return 0
