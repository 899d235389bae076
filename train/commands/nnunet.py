"""`python -m train nnunet`: write the images of a recipe as a `Dataset` folder of nnU-Net, with the same folds."""

import argparse
from pathlib import Path

from train.commands.options import add_data, require_data


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `nnunet`."""
    parser.add_argument("recipe", help="a name in train/recipes, or the path of your own file")
    where = "the folder to write, such as nnUNet_raw/Dataset501_Discs"
    parser.add_argument("--output", type=Path, required=True, help=where)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the recipe")
    add_data(parser)


def run(options: argparse.Namespace) -> int:
    """Write the folder.

    Raises:
        RequestError: no folder of data sets was given.
        DataSetError: a data set is absent, or the folder exists.
    """
    require_data(options)
    from train.config.loader import load_recipe
    from train.data.cases import gather_cases, gather_test_cases
    from train.data.folds import hold_out_data_sets, split_folds
    from train.data.nnunet_writing import write_nnunet

    recipe = load_recipe(options.recipe, options.set)
    cases = tuple(case for case in gather_cases(recipe, options.data) if not case.supplement)
    test, _ = gather_test_cases(recipe, options.data)
    by_data_set = recipe.parted_by == "data_set"
    folds = hold_out_data_sets(cases) if by_data_set else split_folds(cases, recipe.folds, recipe.seed)
    write_nnunet(options.output, recipe.tasks, cases, test, folds)
    print(f"{options.output}: {len(cases)} training and {len(test)} test images, labels {', '.join(recipe.tasks)}")
    return 0
