"""The `retseg` command: imports the module of one command, runs it, and ends with one sentence if it fails.

A new command is a module in `retseg/commands/` and a line in `COMMANDS`.
"""

import argparse
import importlib
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from retseg import __version__
from retseg.commands.console import complain, drop_unread
from retseg.errors import explain, is_expected

COMMANDS = {
    "process": "segment one job of Grand Challenge, from /input to /output",
    "serve": "run a server that segments jobs of Grand Challenge, with /health and /invoke",
    "predict": "segment image files and folders",
    "evaluate": "score predictions against ground truth as a leaderboard does",
    "submit": "segment the test images of a challenge and pack them for upload",
    "info": "list tasks, models, challenges and engines",
    "check": "check an image, an output folder or an archive by the rules of Grand Challenge",
    "pack": "write the models of a challenge as a folder or as model.tar.gz",
}
"""Name of each command, which is also the name of its module, and what it does."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `retseg COMMAND ...` and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="retseg", description="Segmentation of retinal images for Grand Challenge.")
    parser.add_argument("--version", action="version", version=f"retseg {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((argument for argument in given if not argument.startswith("-")), None)
    for name, summary in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == chosen:
            _load(name).add_arguments(subparser)
    options = parser.parse_args(given)
    return guard(lambda: _load(options.command).run(options))


def run_script(name: str, program: str, arguments: Sequence[str] | None = None) -> int:
    """Run one command as a program of its own, such as `process.py`, and return the exit status."""
    module = _load(name)
    parser = argparse.ArgumentParser(prog=program, description=module.__doc__)
    module.add_arguments(parser)
    options = parser.parse_args(arguments)
    return guard(lambda: module.run(options))


def guard(
    run: Callable[[], int],
    interrupted: str = "nothing unfinished was left behind, start again",
    terminated: str = "give it more time",
) -> int:
    """Call `run`; if it fails, the last line on stderr says why in one sentence, and the status is not 0.

    SIGTERM ends the process with an exception, so that temporary files are removed when a time limit is over. If the
    reader of stdout has ended, as in `retseg info | head`, nothing is said and the status is that of SIGPIPE.

    Args:
        run: the command; it returns the exit status.
        interrupted: what to do after Ctrl-C.
        terminated: what to do after SIGTERM.
    """

    def terminate(_number: int, _frame: object) -> NoReturn:
        complain(f"ended by SIGTERM before it was done: {terminated}")
        raise SystemExit(128 + signal.SIGTERM)

    earlier = signal.signal(signal.SIGTERM, terminate)
    try:
        status = run()
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        complain(f"interrupted: {interrupted}")
        return 130
    except Exception as error:
        if isinstance(error, BrokenPipeError) and drop_unread():
            return 128 + signal.SIGPIPE
        if not is_expected(error):
            traceback.print_exc()
        complain(explain(error))
        return 1
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _load(name: str) -> Any:
    return importlib.import_module(f"retseg.commands.{name}")
