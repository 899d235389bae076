"""The error about /input or /output that ends a job."""

from retseg.errors import RetsegError


class ContractError(RetsegError):
    """The input is not what the platform provides, or the output cannot be written; the message says what to do."""
