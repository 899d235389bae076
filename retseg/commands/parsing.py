"""The parsers of the commands: what all of them have in common, and the nearest option for one that is misspelled.

A new command is a module in `retseg/commands/` and a line in `COMMANDS`. The module has `add_arguments(parser)`,
`run(options)` and `EXAMPLE`, the command line that ends its help.
"""

import argparse
import importlib
import shutil
from collections.abc import Sequence
from typing import Any, NoReturn

from retseg import __version__
from retseg.commands.console import Console

COMMANDS = {
    "process": "segment one job of Grand Challenge, from /input to /output",
    "serve": "run a server that segments jobs of Grand Challenge, with /health and /invoke",
    "predict": "segment image files and folders",
    "cohort": "segment and measure any number of images into one table, and go on after a stop",
    "view": "open a page on this machine: drop photographs on it, see what is found",
    "evaluate": "score predictions against ground truth as a leaderboard does",
    "submit": "segment the test images of a challenge and pack them for upload",
    "info": "list tasks, models, challenges and engines, or describe one model",
    "adopt": "make a model of a checkpoint that other people trained",
    "models": "add models to a folder of your own, list or remove them",
    "check": "check an image, an output folder or an archive by the rules of Grand Challenge",
    "new": "begin a challenge of your own: its file, recipe, drawn images and test cases",
    "pack": "write the models of a challenge as a folder or as model.tar.gz",
    "completion": "print the script that completes this command in bash, zsh or fish",
}
"""Name of each command, which is also the name of its module, and what it does."""

EXAMPLE = "retseg predict eye.jpg --output found --overlay"
_EXAMPLE_HEAD = "example:\n  "


class Parser(argparse.ArgumentParser):
    """A parser that names the nearest option, or the nearest of several choices, for a word that it does not know."""

    def __init__(self, *, example: str = "", **named: Any) -> None:
        epilog = _EXAMPLE_HEAD + example if example else None
        super().__init__(epilog=epilog, formatter_class=_Formatter, **named)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As argparse does; an option that does not exist is refused before one that is missing."""
        for word in args if args is not None else ():
            if word == "--" or (self._subparsers is not None and not word.startswith("-")):
                break
            name = word.partition("=")[0]
            if name.startswith("--") and not any(known.startswith(name) for known in self._option_string_actions):
                self.error(f"there is no option {name}{_nearest(name, list(self._option_string_actions))}")
        return super().parse_known_args(args, namespace)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = [str(choice) for choice in action.choices or ()]
        if choices and str(value) not in choices:
            raise argparse.ArgumentError(action, f"there is no '{value}'{_nearest(str(value), choices)}")

    def error(self, message: str) -> NoReturn:
        """End with status 2: one sentence, and where the help is."""
        self.exit(2, f"{self.prog}: {message}; see `{self.prog} --help`\n")


class _Formatter(argparse.HelpFormatter):
    """Help as wide as the terminal, up to 100 columns, with the example as it is typed."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=min(100, shutil.get_terminal_size().columns))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(_EXAMPLE_HEAD) else super()._fill_text(text, width, indent)


def build_parser(given: Sequence[str] = ()) -> Parser:
    """The parser of `retseg COMMAND ...`; only the module of the command in `given` is imported."""
    parser = Parser(prog="retseg", description="Segmentation of retinal images for Grand Challenge.", example=EXAMPLE)
    parser.add_argument("--version", action="version", version=f"retseg {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    chosen = next((argument for argument in given if not argument.startswith("-")), None)
    for name, summary in COMMANDS.items():
        example = getattr(load_command(name), "EXAMPLE", "") if name == chosen else ""
        described = f"{summary[0].upper()}{summary[1:]}."
        subparser = subparsers.add_parser(name, help=summary, description=described, example=example)
        if name == chosen:
            load_command(name).add_arguments(subparser)
    return parser


def load_command(name: str) -> Any:
    """The module of a command."""
    return importlib.import_module(f"retseg.commands.{name}")


def add_output_options(parser: argparse.ArgumentParser, result: str = "") -> None:
    """`--quiet`, `--verbose` and, where the command has a result, `--json`; `open_console` reads them.

    Args:
        parser: takes the options.
        result: what the JSON holds; empty where there is none.
    """
    group = parser.add_argument_group("what is printed")
    group.add_argument("--quiet", action="store_true", help="only warnings and errors")
    group.add_argument("--verbose", action="store_true", help="details too, on stderr")
    if result:
        group.add_argument("--json", action="store_true", help=f"print {result} as JSON, and nothing else")


def open_console(options: argparse.Namespace) -> Console:
    """How much the command says, by its options."""
    return Console(options.quiet, options.verbose, getattr(options, "json", False))


def _nearest(word: str, known: Sequence[str]) -> str:
    from retseg.toml_schema import nearest

    return nearest(word, known)
