"""Freed memory is kept for the next step, in a process of its own, since the setting cannot be taken back."""

import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np
from train.fit.memory import keep_freed_memory

if sys.argv[1] == "kept" and not keep_freed_memory():
    sys.exit("this C library has no such setting")
np.ones(5_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(5_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def count_faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=False)
    if "no such setting" in done.stderr:
        pytest.skip("mallopt is glibc's")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_arrays_that_are_made_again_cost_no_page_faults() -> None:
    """40 MB are 9,766 pages, or 19 huge ones: by default each of ten arrays faults them in again."""
    assert count_faults("kept") < 19
    assert count_faults("as it is") >= 190
