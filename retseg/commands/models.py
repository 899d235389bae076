"""`retseg models`: add models to a folder of one's own, list what is there, and remove them."""

import argparse
from pathlib import Path

from retseg.commands.options import RequestError, locate_own_models
from retseg.commands.parsing import add_output_options, open_console

EXAMPLE = "retseg models add model.tar.gz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("action", choices=("add", "list", "remove"), help="what to do")
    target = "to add: a .tar.gz, a folder or an https:// address; to remove: the name"
    parser.add_argument("target", metavar="URL_FILE_OR_NAME", nargs="?", default="", help=target)
    parser.add_argument("--sha256", metavar="DIGEST", default="", help="of the archive; an address needs it")
    parser.add_argument("--models", metavar="DIR", type=Path, help="the folder of models (default: your own)")
    parser.add_argument("--replace", action="store_true", help="replace a model of the same name")
    add_output_options(parser, "the models")


def run(options: argparse.Namespace) -> int:
    """Add, list or remove."""
    from retseg.adopt.hub import add_models, is_intact, read_pins, remove_model
    from retseg.models import find_models

    models, console = options.models or locate_own_models(), open_console(options)
    if (options.action == "list") == bool(options.target):
        wanted = "takes no name" if options.target else "needs a name, a file or an address"
        raise RequestError(f"retseg models {options.action} {wanted}: see `retseg models --help`")
    if options.action == "add":
        cards = add_models(options.target, options.sha256, models, options.replace)
        facts = [{"model": card.name, "folder": str(card.directory), "tasks": list(card.tasks)} for card in cards]
        console.show(facts, (f"{card.directory}: {', '.join(card.tasks)}" for card in cards))
    elif options.action == "remove":
        remove_model(options.target, models)
        console.show({"removed": options.target}, [f"{options.target} was removed from {models}"])
    else:
        pins = read_pins(models)
        facts = []
        for card in find_models([models]):
            pin = pins.get(card.name)
            state = "made here" if pin is None else "as it was added" if is_intact(models, card.name) else "ALTERED"
            source = pin.source if pin else ""
            facts.append({"model": card.name, "tasks": list(card.tasks), "source": source, "state": state})
        lines = [f"{each['model']:<24} {', '.join(each['tasks'])}; {each['state']} {each['source']}" for each in facts]
        console.show(facts, lines or [f"{models} holds no model"])
    return 0
