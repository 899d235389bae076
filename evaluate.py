"""Predictions and ground truth in, metrics.json and report.html out; also the entry of an evaluation container."""

import sys

from retseg.cli import run_script

if __name__ == "__main__":
    sys.exit(run_script("evaluate", "evaluate.py"))
