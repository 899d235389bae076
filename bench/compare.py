"""Two result files of `make bench`, number by number, as ratios; exit status 1 if one grew by more than a tenth.

    python bench/compare.py [BEFORE.json AFTER.json]

Without names, the last two files of bench/results/ that were made on the same machine, by their names. Every number is
a time, a memory or a ratio to the network: less is better. Shares, where more is better, begin with `share`.
"""

import argparse
import json
import sys
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
LIMIT = 1.10


def choose_files(given: list[Path], folder: Path = RESULTS) -> tuple[Path, Path]:
    """The earlier and the later file."""
    if len(given) == 2:
        return given[0], given[1]
    found = sorted(folder.glob("*.json"))
    machines = {path: json.loads(path.read_text())["machine"]["processor"] for path in found}
    same = [path for path in found if machines[path] == machines[found[-1]]]
    if len(same) < 2:
        raise SystemExit(f"{folder} holds no two results of one machine: name two files")
    return same[-2], same[-1]


def compare(before: dict[str, float], after: dict[str, float]) -> list[tuple[str, float, bool]]:
    """Name, after / before, and whether it is worse by more than the limit, of every number that both files have."""
    rows = []
    for name in before.keys() & after.keys():
        if before[name] > 0:
            ratio = after[name] / before[name]
            worse = 1 / ratio if name.startswith("share") and ratio > 0 else ratio
            rows.append((name, ratio, worse > LIMIT))
    return sorted(rows)


def main() -> int:
    """Print the ratios; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path)
    before, after = choose_files(parser.parse_args().files)
    rows = compare(*(json.loads(path.read_text())["numbers"] for path in (before, after)))
    print(f"{before.name} -> {after.name}")
    for name, ratio, worse in rows:
        print(f"{ratio:6.2f}  {name}{'  SLOWER' if worse else ''}")
    return int(any(worse for _, _, worse in rows))


if __name__ == "__main__":
    sys.exit(main())
