"""Write to the terminal, to a pipe and to the platform's log: results, details, warnings, errors and progress.

What a command found goes to stdout. Warnings, errors, details and progress go to stderr, so that a program can read
stdout. The platform shows stderr as errors, so `process` and `serve`, which run there, write their warnings to stdout.
"""

import json
import os
import select
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO, TypeVar

from retseg.errors import escape

Item = TypeVar("Item")

NARROWEST, USUAL = 40, 80
"""Columns of text: never fewer, even in a narrower terminal, and those of one that does not tell its width."""


@dataclass(frozen=True)
class Console:
    """How much a command says.

    Attributes:
        quiet: only what went wrong, and the result as JSON where that was asked for.
        verbose: details too, such as the plan of the work and its times.
        json: the result is one JSON object on stdout; nothing else goes there.
    """

    quiet: bool = False
    verbose: bool = False
    json: bool = False

    def say(self, line: str) -> None:
        """One line of what was found or done, on stdout."""
        if not (self.quiet or self.json):
            say(line)

    def detail(self, line: str) -> None:
        """One line on stderr for those who want to know more."""
        if self.verbose:
            complain(line)

    def show(self, facts: Any, lines: Iterable[str] = ()) -> None:
        """The result: `facts`, plain values, as JSON if that was asked for; otherwise the lines."""
        if self.json:
            _write(sys.stdout, json.dumps(facts, indent=2, ensure_ascii=False), wrapped=False)
            return
        for line in lines:
            self.say(line)

    @property
    def width(self) -> int | None:
        """Columns of the terminal on stdout; None where it is a file or a pipe."""
        return _find_width(sys.stdout)

    def track(self, items: Sequence[Item], what: str = "") -> Iterator[Item]:
        """The items, with a bar and the time left on stderr if that is a terminal and there are several.

        Args:
            items: each is done when the next one is taken.
            what: the word before the bar.
        """
        if len(items) < 2:
            yield from items
            return
        told = f"{what}: " if what else ""
        with self.open_bar(len(items), told + "{n_fmt}/{total_fmt} |{bar}| {remaining} left") as advance:
            for number, item in enumerate(items):
                if number:
                    advance("")
                yield item

    @contextmanager
    def open_bar(self, total: int, form: str) -> Iterator[Callable[[str], None]]:
        """A bar on stderr if that is a terminal; gives what is called after each item, with words for the bar.

        Args:
            total: the number of items.
            form: what the bar shows, in the words of tqdm; `{postfix}` stands for the words.
        """
        if self.quiet or not sys.stderr.isatty():
            yield lambda _words: None
            return
        from tqdm import tqdm

        width = _find_width(sys.stderr)
        with tqdm(total=total, file=sys.stderr, bar_format=form, ncols=width, leave=False) as bar:

            def advance(words: str) -> None:
                if words:
                    bar.set_postfix_str(words, refresh=False)
                bar.update()

            yield advance


def say(line: str) -> None:
    """One line on stdout, at once."""
    _write(sys.stdout, line)


def complain(sentence: str) -> None:
    """One line on stderr, after all that was said before."""
    if not drop_unread():
        sys.stdout.flush()
    _write(sys.stderr, sentence)


def warn(sentence: str) -> None:
    """A warning on stderr; it is said with `--quiet` too."""
    complain(f"warning: {sentence}")


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


def wrap(line: str, width: int) -> str:
    """A line broken between words at `width` columns; the rest is indented two columns deeper than its beginning."""
    if len(line) <= width:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    broken = textwrap.wrap(
        line.strip(),
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(broken)


def _find_width(stream: TextIO) -> int | None:
    if not stream.isatty():
        return None
    return max(NARROWEST, os.get_terminal_size(stream.fileno()).columns or USUAL)


def _write(stream: TextIO, text: str, wrapped: bool = True) -> None:
    """Write lines, wrapped on a terminal, above a bar if there is one."""
    lines = [escape(line) for line in text.split("\n")]
    width = _find_width(stream) if wrapped else None
    if width is not None:
        lines = [wrap(line, width) for line in lines]
    written = "\n".join(lines) + "\n"
    if "tqdm" in sys.modules:  # only `track` imports it
        from tqdm import tqdm

        with tqdm.external_write_mode(stream):
            stream.write(written)
    else:
        stream.write(written)
    stream.flush()
