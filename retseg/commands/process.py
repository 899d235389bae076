"""`retseg process` and `process.py`: run one job from /input to /output (Grand Challenge `exec`)."""

import argparse
from pathlib import Path

from retseg.commands.console import say
from retseg.commands.options import (
    add_challenge,
    add_inference,
    add_verbose,
    load_when_needed,
    locate_models,
    open_challenge,
    tell_passages,
)
from retseg.container import Job, run_job

EXAMPLE = "retseg process --input test/cases/drive/01/input --output job --challenge drive"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_folders(parser)
    add_challenge(parser)
    add_inference(parser)
    add_verbose(parser)


def add_folders(parser: argparse.ArgumentParser) -> None:
    """`--input` and `--output`."""
    for name, what in (("input", "holds inputs.json, or images (old contract)"), ("output", "takes the masks")):
        default = Path("/") / name
        parser.add_argument(f"--{name}", metavar="DIR", type=Path, default=default, help=f"{what} (default: {default})")


def run(options: argparse.Namespace) -> int:
    """Do the job; after an error nothing is left in the output folder."""
    challenge = open_challenge(options)
    folders = locate_models(options.models, write=say)
    predict = load_when_needed(challenge.models, folders, challenge.modality, options.engine, options.memory, say)
    predict = tell_passages(predict, options.verbose, say)
    run_job(Job(options.input, options.output, challenge, options.max_pixels), predict, say)
    return 0
