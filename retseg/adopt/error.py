"""The error of a checkpoint that cannot be adopted."""

from retseg.errors import RetsegError


class AdoptError(RetsegError):
    """A checkpoint does not fit what is said of it, or cannot be read; the message names the fault and the remedy."""
