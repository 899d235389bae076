"""`retseg pack`: the models of one challenge, checked against their cards, as a folder or as `model.tar.gz`."""

import argparse
from pathlib import Path

from retseg.commands.options import add_challenge, add_models, locate_models, open_challenge, warn_of_models
from retseg.commands.parsing import add_output_options, open_console
from retseg.container.weights import choose_models, copy_models, pack_models
from retseg.files import replacing
from retseg.models import ModelError

EXAMPLE = "retseg pack --challenge drive --output model.tar.gz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_challenge(parser)
    add_models(parser)
    parser.add_argument("--output", metavar="PATH", type=Path, required=True, help="a folder or a .tar.gz file")
    parser.add_argument("--refuse-phantom", action="store_true", help="fail if a model was trained on drawn images")
    add_output_options(parser, "the file and the models")


def run(options: argparse.Namespace) -> int:
    """Choose the models, check them against their cards, and write them."""
    challenge = open_challenge(options)
    folders = locate_models(options.models)
    cards = choose_models(challenge, folders)
    warn_of_models(cards, folders)
    drawn = [card.name for card in cards if card.is_phantom]
    if drawn and options.refuse_phantom:
        raise ModelError(
            f"the model '{drawn[0]}' of the challenge '{challenge.name}' was trained on phantoms, not on retinas: "
            "train it on real images before an upload, or give --allow-phantom-weights to export it all the same"
        )
    if options.output.name.endswith(".tar.gz"):
        with replacing(options.output) as beside, beside.open("wb") as stream:
            pack_models(cards, stream)
    else:
        copy_models(cards, options.output)
    names = [card.name for card in cards]
    open_console(options).show(
        {"output": str(options.output), "models": names}, [f"{options.output}: {', '.join(names)}"]
    )
    return 0
