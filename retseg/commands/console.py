"""Write lines to the terminal and to the platform's log."""

import os
import select
import sys

from retseg.errors import escape


def say(line: str) -> None:
    """One line on stdout, at once."""
    sys.stdout.write(_escape_lines(line) + "\n")
    sys.stdout.flush()


def complain(sentence: str) -> None:
    """One line on stderr, after all that was said before."""
    if not drop_unread():
        sys.stdout.flush()
    sys.stderr.write(_escape_lines(sentence) + "\n")
    sys.stderr.flush()


def drop_unread() -> bool:
    """Whether stdout is a pipe that nobody reads any more, as after `| head`; then its further lines are dropped."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # stdout is no file, or it is closed
        return False
    poll = select.poll()
    poll.register(descriptor, 0)  # errors are reported in any case
    if not any(event & select.POLLERR for _, event in poll.poll(0)):
        return False
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return True


def _escape_lines(text: str) -> str:
    return "\n".join(map(escape, text.split("\n")))
