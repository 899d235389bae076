"""The page on the command line, from the parsers: every command with its options and an example."""

import argparse
import importlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from retseg.commands.parsing import COMMANDS, load_command
from train.cli import COMMANDS as TRAIN_COMMANDS

INTRODUCTION = """\
# Command line

`retseg COMMAND --help` prints the same. `python process.py`, `python serve.py` and `python evaluate.py` are
`retseg process`, `retseg serve` and `retseg evaluate`.
"""


def write_command_line() -> str:
    """The page."""
    return "\n".join(
        [
            INTRODUCTION,
            *describe_commands("retseg", COMMANDS, load_command),
            *describe_commands("python -m train", TRAIN_COMMANDS, _load_train),
        ]
    )


def describe_commands(program: str, commands: Mapping[str, str], load: Callable[[str], Any]) -> Iterator[str]:
    """A section for each command of a program.

    Args:
        program: what is typed before the name of a command.
        commands: name to what it does.
        load: gives the module of a command, which has `add_arguments` and perhaps `EXAMPLE`.
    """
    for name, summary in commands.items():
        module = load(name)
        parser = argparse.ArgumentParser(prog=f"{program} {name}", add_help=False)
        module.add_arguments(parser)
        yield f"## `{program} {name}`\n\n{summary[0].upper()}{summary[1:]}.\n"
        if getattr(module, "EXAMPLE", ""):
            yield f"```text\n{module.EXAMPLE}\n```\n"
        yield from describe_parser(parser)


def describe_parser(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The table of a parser, then a section for each parser below it."""
    rows = [row for action in parser._actions for row in describe_action(action)]
    if rows:
        yield "\n".join(["| given | what it is |", "|---|---|", *rows, ""])
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            told = {each.dest: each.help for each in action._choices_actions}
            for name, below in action.choices.items():
                yield f"### `{parser.prog} {name}`\n\n{told.get(name) or ''}\n"
                yield from describe_parser(below)


def describe_action(action: argparse.Action) -> Iterator[str]:
    """The row of an argument or an option; none where it is hidden, and for `--help`."""
    if action.help == argparse.SUPPRESS or isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
        return
    metavar = action.metavar or (action.dest.upper() if action.option_strings else action.dest)
    value = "" if action.nargs == 0 else str(metavar)
    if action.choices and not action.metavar:
        value = f"{{{','.join(map(str, action.choices))}}}"
    typed = ", ".join(f"{name} {value}".strip() for name in action.option_strings) or value
    told = (action.help or "") % {"default": action.default, "prog": ""}
    if action.required and action.option_strings:
        told = f"{told} (required)".strip()
    yield f"| `{escape(typed)}` | {escape(told)} |"


def escape(text: str) -> str:
    """A text for a cell of a table."""
    text = text.replace("|", "\\|")
    return text if "`" in text else text.replace("<", "&lt;")


def _load_train(name: str) -> Any:
    return importlib.import_module(f"train.commands.{name}")
