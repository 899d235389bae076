"""The contract of Grand Challenge: from /input to /output, one case per process (`exec`) or a server (`invoke`)."""

from retseg.container.error import ContractError
from retseg.container.job import Job, run_job

__all__ = ["ContractError", "Job", "run_job"]
