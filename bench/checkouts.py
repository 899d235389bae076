"""This checkout against another one: cold start, images per second of predictions, and steps per second of a training.

    git worktree add ../before COMMIT
    OMP_NUM_THREADS=2 python bench/checkouts.py ../before

The checkouts take turns, so that a slower or faster machine changes both alike. Each turn is a new process, with the
packages of the Python that runs this program. The images are drawn, so no data set is necessary. The program takes
about six minutes on two idle cores. It prints a table with the median of the turns, and the median of the ratios of a
turn.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from retseg.phantom.data_sets import write_drive

HERE = Path(__file__).resolve().parent.parent
IMAGES, TRAINING_IMAGES = 20, 4
BYTECODE = Path(tempfile.gettempdir()) / "retseg-checkouts-bytecode"


def run_in(checkout: Path, *arguments: str) -> str:
    """What Python prints in a checkout, with the checkout's own packages first on its path."""
    variables = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONPYCACHEPREFIX": str(BYTECODE)}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # as in the container, nothing is compiled at each start
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=checkout, env=variables, stdout=subprocess.PIPE, text=True, check=True).stdout


def take_seconds(checkout: Path, *arguments: str) -> float:
    """Wall-clock seconds of a new process."""
    began = time.perf_counter()
    run_in(checkout, *arguments)
    return time.perf_counter() - began


def start_cold(checkout: Path, data: Path) -> float:
    """Seconds of `process.py` from its start to its end, on one image of DRIVE's size."""
    source = str(checkout / "test" / "cases" / "drive" / "01" / "input")
    output = str(data / "cold")
    return take_seconds(checkout, "process.py", "--challenge", "drive", "--input", source, "--output", output)


def predict(checkout: Path, data: Path) -> float:
    """Images per second of `retseg predict` with `vessel-drive`, with its start."""
    images = str(data / "many" / "training" / "images")
    arguments = ("-m", "retseg", "predict", "--challenge", "drive", "--output", str(data / "masks"), images)
    return IMAGES / take_seconds(checkout, *arguments)


def train(checkout: Path, data: Path) -> float:
    """Images per second of the training loop of `vessel-drive`, by `bench/training.py` of the checkout."""
    return float(run_in(checkout, "bench/training.py", "here", str(data)).split()[-1])


MEASURES: dict[str, tuple[Callable[[Path, Path], float], int]] = {
    "cold `process.py`, seconds": (start_cold, 15),
    "`retseg predict`, images per second": (predict, 5),
    # "training, images per second": (train, 5),
}


def main() -> None:
    """Measure both checkouts in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("other", type=Path, help="another checkout of this project")
    other = parser.parse_args().other.resolve()
    print("| measure | there | here | here / there |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        write_drive(data / "DRIVE", TRAINING_IMAGES, (565, 584), 1)
        write_drive(data / "many", IMAGES, (565, 584), 2)
        for title, (measure, turns) in MEASURES.items():
            measure(other, data), measure(HERE, data)
            pairs = [(measure(other, data), measure(HERE, data)) for _ in range(turns)]
            there, here = (statistics.median(column) for column in zip(*pairs, strict=True))
            ratio = statistics.median(mine / theirs for theirs, mine in pairs)
            print(f"| {title} | {there:.2f} | {here:.2f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
