"""The `retseg` command: imports the module of one command, runs it, and ends with one sentence if it fails."""

import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from retseg.commands.console import complain, drop_unread
from retseg.commands.parsing import Parser, build_parser, load_command
from retseg.errors import explain, is_expected


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `retseg COMMAND ...` and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = build_parser(given).parse_args(given)
    return guard(lambda: int(load_command(options.command).run(options)))


def run_script(name: str, program: str, arguments: Sequence[str] | None = None) -> int:
    """Run one command as a program of its own, such as `process.py`, and return the exit status."""
    module = load_command(name)
    parser = Parser(prog=program, description=module.__doc__)
    module.add_arguments(parser)
    options = parser.parse_args(arguments)
    return guard(lambda: int(module.run(options)))


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
