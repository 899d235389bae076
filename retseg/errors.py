"""The base class of all errors of the package, and the sentence that the user reads about any exception.

Every error that the package raises on purpose is a `RetsegError`. Its message gives what was found, what was wanted and
what to do. The entry points print that sentence alone. Any other exception comes from the file system or is a bug.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space, the user's quota, the largest size of a file."""

Say = Callable[[str], None]
"""Writes one line to the log. Warnings begin with `warning: `."""

Track = Callable[[Sequence[Any]], Iterable[Any]]
"""Gives the items one by one, and may show how many are done."""


class RetsegError(ValueError):
    """The input of the user cannot be used; the message gives what was found, what was wanted and what to do."""


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Add a note to any exception of the block; `explain` puts the note in brackets at the end of the sentence.

    Args:
        what: the thing that the block works on, such as `case '7', vessel`.
    """
    try:
        yield
    except Exception as error:
        error.add_note(what)
        raise


def is_expected(error: BaseException) -> bool:
    """Whether the error is about the input of the user; then its sentence is enough and no traceback is printed.

    True for every `RetsegError`, and for an error of the file system that names a file or tells of a full disk.
    """
    if isinstance(error, OSError):
        return error.filename is not None or error.errno in FULL_DISK
    return isinstance(error, RetsegError)


def explain(error: BaseException) -> str:
    """One sentence, on one line, that says what is wrong and what to do, followed by the notes of the error."""
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return escape(_explain(error) + notes)


def escape(text: str) -> str:
    """Write control characters, and all else that is not printed, as `\\x1b`.

    Names of files and headers of images may hold such characters; all that is said to the user goes through here.
    """
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _explain(error: BaseException) -> str:
    message = " ".join(str(error).split())
    if isinstance(error, RetsegError):
        return message
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"{error.filename}: {error.strerror}; check that the path is right and that "
            f"the user this runs as (uid {os.getuid()}) may use it"
        )
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return f"a file cannot be written ({error.strerror}): free space on the disk, or give a folder on another one"
    if isinstance(error, MemoryError):
        return "there is not enough memory for this image: give the process more, or a smaller image"
    return f"an internal error, please report it with the lines above: {type(error).__name__}: {message}"
