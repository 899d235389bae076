"""What to tell the user about an exception, in one sentence.

Errors that the package raises on purpose are `ValueError`s of its own (`ImageError`, `ModelError`, ...), and their
message already says what was met and what to do. Everything else is either the file system's or a fault of ours.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Let whatever fails inside say what was being worked on: `explain` puts it at the end of the sentence."""
    try:
        yield
    except Exception as error:
        error.add_note(what)
        raise


def is_expected(error: BaseException) -> bool:
    """Whether the error is about what the user handed over, so that a traceback would only hide the sentence."""
    own = isinstance(error, ValueError) and type(error).__module__.partition(".")[0] == "retseg"
    return own or (isinstance(error, OSError) and error.filename is not None)


def explain(error: BaseException) -> str:
    """One sentence, on one line, that says what is wrong and what to do."""
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return _explain(error) + notes


def _explain(error: BaseException) -> str:
    words = " ".join(str(error).split())
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"{error.filename}: {error.strerror}; check that the path is right and that "
            f"the user this runs as (uid {os.getuid()}) may use it"
        )
    if isinstance(error, MemoryError):
        return "there is not enough memory for this image: give the process more, or a smaller image"
    if is_expected(error):
        return words
    return f"an internal error, please report it with the lines above: {type(error).__name__}: {words}"
