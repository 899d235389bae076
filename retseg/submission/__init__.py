"""Write archives of predictions in the form that the organisers of a challenge accept."""

from retseg.submission.plan import Plan, SubmissionError, plan_submission
from retseg.submission.writer import SubmittedCase, write_submission

__all__ = ["Plan", "SubmissionError", "SubmittedCase", "plan_submission", "write_submission"]
