"""Refuse large files, as git keeps each version for ever: over 1 MB outside the folders below, over 8 MB anywhere."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SMALL, LARGE = 1_000_000, 8_000_000
"""The limits in bytes, with and without the folders."""

FOLDERS = ("model_weights/", "docs/images/", "test/cases/")
"""Where a file may have up to `LARGE` bytes: weights, pictures, and photographs whose sum a test limits."""


def find_faults(sizes: Iterable[tuple[str, int]]) -> list[str]:
    """A sentence for each file, given as its path from the root and its bytes, that is too large for its folder."""
    faults = []
    for name, size in sizes:
        limit = LARGE if name.startswith(FOLDERS) else SMALL
        if size > limit:
            faults.append(
                f"{name} has {size / 1e6:.1f} MB, the limit there is {limit / 1e6:g} MB: "
                "make it smaller, or publish it elsewhere and name its address"
            )
    return faults


def main() -> int:
    """Check every file that git tracks or that is staged."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    faults = find_faults((name, (ROOT / name).stat().st_size) for name in paths)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
