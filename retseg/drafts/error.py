"""The error of a draft."""

from retseg.errors import RetsegError


class DraftError(RetsegError):
    """The files cannot be written from what was given; the message says what is missing or does not fit."""
