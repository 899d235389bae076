"""`retseg completion`: print the script that completes the command in a shell; it holds all commands and options."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from retseg.commands.console import say
from retseg.commands.parsing import COMMANDS, Parser, load_command

EXAMPLE = "retseg completion bash >~/.local/share/bash-completion/completions/retseg"
SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class Option:
    """An option of a command: its name with the dashes, the first line of its help, and its choices, if it has some."""

    name: str
    help: str
    choices: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads the script")


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    commands = {name: list_options(name) for name in COMMANDS}
    write = {"bash": write_bash, "zsh": write_zsh, "fish": write_fish}[options.shell]
    for line in write(commands):
        say(line)
    return 0


def list_options(command: str) -> tuple[Option, ...]:
    """The long options of a command."""
    parser = Parser(prog=command)
    load_command(command).add_arguments(parser)
    found: dict[str, Option] = {}
    for each in (parser, *list_subparsers(parser)):
        for action in each._actions:
            for name in action.option_strings:
                told = (action.help or "").split(";")[0].split(" (")[0] % {}
                found.setdefault(name, Option(name, told, tuple(map(str, action.choices or ()))))
    return tuple(option for name, option in found.items() if name.startswith("--"))


def list_subparsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parsers of the words that a command takes, such as `challenge` of `retseg new`."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def write_bash(commands: Mapping[str, tuple[Option, ...]]) -> Iterator[str]:
    """The script for bash: commands, then options, the choices of an option, and files for all else."""
    yield "_retseg() {"
    yield '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"'
    yield "  COMPREPLY=()"
    yield "  if ((COMP_CWORD == 1)); then"
    yield f"    COMPREPLY=($(compgen -W '{' '.join(commands)} --help --version' -- \"$word\"))"
    yield "    return"
    yield "  fi"
    yield '  case "${COMP_WORDS[1]} $before" in'
    for command, options in commands.items():
        for option in options:
            if option.choices:
                words = " ".join(option.choices)
                yield f"    '{command} {option.name}') COMPREPLY=($(compgen -W '{words}' -- \"$word\")); return ;;"
    yield f"    'completion completion') COMPREPLY=($(compgen -W '{' '.join(SHELLS)}' -- \"$word\")); return ;;"
    yield "  esac"
    yield "  [[ $word == -* ]] || return"
    yield '  case "${COMP_WORDS[1]}" in'
    for command, options in commands.items():
        words = " ".join(option.name for option in options)
        yield f"    {command}) COMPREPLY=($(compgen -W '{words}' -- \"$word\")) ;;"
    yield "  esac"
    yield "}"
    yield "complete -o default -F _retseg retseg"


def write_zsh(commands: Mapping[str, tuple[Option, ...]]) -> Iterator[str]:
    """The script for zsh: that for bash, through its compatibility with bash's completions."""
    yield "#compdef retseg"
    yield "autoload -U +X bashcompinit && bashcompinit"
    yield from write_bash(commands)


def write_fish(commands: Mapping[str, tuple[Option, ...]]) -> Iterator[str]:
    """The script for fish, with the summary of each command and the help of each option."""
    for command in commands:
        yield f"complete -c retseg -n __fish_use_subcommand -f -a {command} -d {_quote(COMMANDS[command])}"
    for command, options in commands.items():
        for option in options:
            choices = f" -x -a {_quote(' '.join(option.choices))}" if option.choices else ""
            seen = f"'__fish_seen_subcommand_from {command}'"
            yield f"complete -c retseg -n {seen} -l {option.name[2:]}{choices} -d {_quote(option.help)}"


def _quote(text: str) -> str:
    """A word of fish in single quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
