"""What is wrong with /input or /output."""

from retseg.errors import RetsegError


class ContractError(RetsegError):
    """The input is not what the platform hands over, or the output cannot be written; says what and what to do."""
