"""The contract of Grand Challenge: what lies in /input, what must lie in /output, once (`exec`) or warm (`invoke`)."""

from retseg.container.error import ContractError
from retseg.container.job import Job, Predict, Say, run_job

__all__ = ["ContractError", "Job", "Predict", "Say", "run_job"]
