"""Lines for the terminal and the platform's log."""

import sys

from retseg.errors import escape


def say(line: str) -> None:
    """One line on stdout, at once."""
    sys.stdout.write(_escape_lines(line) + "\n")
    sys.stdout.flush()


def complain(sentence: str) -> None:
    """One line on stderr, after all that was said before."""
    sys.stdout.flush()
    sys.stderr.write(_escape_lines(sentence) + "\n")
    sys.stderr.flush()


def _escape_lines(text: str) -> str:
    return "\n".join(map(escape, text.split("\n")))
