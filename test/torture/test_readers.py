"""The short form of `make torture`: no mutated file crashes a reader, holds it up, or ends in an internal error."""

import os
import subprocess
import sys
from pathlib import Path


def test_mutated_files_are_decoded_or_refused(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, "test/torture/readers.py", "--seconds", "4", "--seed", "5", "--keep", str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": str(repository)}
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = [row.split("|")[2] for row in done.stdout.splitlines() if row.startswith("| `")]
    assert len(counts) == 12
    assert min(map(int, counts)) > 0
