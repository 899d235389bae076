"""Archives of predictions as the organisers of a challenge accept them."""

from retseg.submission.plan import Plan, SubmissionError, plan_submission
from retseg.submission.writer import SubmittedCase, write_submission

__all__ = ["Plan", "SubmissionError", "SubmittedCase", "plan_submission", "write_submission"]
