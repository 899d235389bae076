"""Mutate small valid files with a fixed seed, and give them to every reader: each must be decoded or refused, quickly.

    python test/torture/readers.py [--seconds N | --executions N] [--seed N] [--only NAME]

A forked child runs the readers, with 1 GiB of memory above what it begins with. It is replaced when it dies, and killed
when one file takes more than five seconds. The same seed and number make the same file. The counts are printed.
The exit status is 1 where a file crashed it, took too long, or ended in an internal error.
"""

import argparse
import contextlib
import os
import resource
import select
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
from mutation import draw_seeds, make_file

from retseg.challenge import Challenge, load_challenge
from retseg.container.inputs import choose_image_socket, choose_interface, find_image, read_inputs
from retseg.errors import RetsegError, explain, is_expected
from retseg.evaluation.inputs.predictions import find_predictions
from retseg.image import read_image, read_mask

DEADLINE, MEMORY = 5.0, 1 << 30
DECODED, REFUSED, FAULT = b"D", b"R", b"F"
OUTCOMES = {DECODED: "decoded", REFUSED: "refused", FAULT: "internal errors", b"": "crashed", b"H": "hung"}
BAD = ("internal errors", "crashed", "hung")
Read = Callable[[Path], object]


def read_case(path: Path, challenge: Challenge) -> object:
    """Find the image of `inputs.json`, as `process.py` does."""
    sockets = read_inputs(path)
    choose_interface(challenge, (socket.slug for socket in sockets))
    return find_image(path.parent, choose_image_socket(challenge, sockets))


def read_archive(path: Path, challenge: Challenge) -> object:
    """Read every prediction of an archive or of a folder with `predictions.json`."""
    found = find_predictions(challenge, path, ["01"])
    values = [candidate.source.read() for candidate in found.candidates]
    if not values:
        raise RetsegError("nothing to read")
    return values


def read_both(path: Path) -> object:
    """Read a file as an image and as a mask."""
    image = read_image(path)
    with contextlib.suppress(RetsegError):
        read_mask(path)
    return image


def list_readers() -> dict[str, Read]:
    """The reader of each ending."""
    fundus, drive = load_challenge("fundus"), load_challenge("drive")
    return {
        "inputs.json": lambda path: read_case(path, fundus),
        "predictions.json": lambda path: read_archive(path.parent, drive),
        ".zip": lambda path: read_archive(path, drive),
        ".toml": lambda path: load_challenge(str(path)),
    }


class Child:
    """A process that reads files; it is asked for one file at a time."""

    def __init__(self, folder: Path, seeds: dict[str, list[bytes]], seed: int) -> None:
        ask, self._ask = os.pipe()
        self._answer, answer = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.close(self._ask)
            os.close(self._answer)
            serve(ask, answer, folder, seeds, seed)
        os.close(ask)
        os.close(answer)

    def run(self, name: str, number: int) -> bytes:
        """The outcome of one file; the child is dead after a crash and after `hung`."""
        os.write(self._ask, f"{name} {number}\n".encode())
        ready, _, _ = select.select([self._answer], [], [], DEADLINE)
        outcome = os.read(self._answer, 1) if ready else b"H"
        if outcome in (b"H", b""):
            self.end()
        return outcome

    def end(self) -> None:
        """Kill the child, and close its pipes."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self._ask)
        os.close(self._answer)


def serve(ask: int, answer: int, folder: Path, seeds: dict[str, list[bytes]], seed: int) -> None:
    """The loop of the child; never returns."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    readers = list_readers()
    with os.fdopen(ask) as lines:
        for line in lines:
            name, number = line.split()
            path = folder / (name if name.endswith(".json") else f"file{name}")
            path.write_bytes(make_file(seeds[name], name, int(number), seed))
            os.write(answer, execute(readers.get(name, read_both), path, f"{name} {number}"))
    os._exit(0)


def execute(read: Read, path: Path, what: str) -> bytes:
    """Read one file."""
    try:
        read(path)
        return DECODED
    except RetsegError as error:
        return REFUSED if "\n" not in explain(error) else FAULT
    except Exception as error:
        if is_expected(error):
            return REFUSED
        sys.stdout.write(f"{what}: {traceback.format_exc()}\n")
        sys.stdout.flush()
        return FAULT


def torture(options: argparse.Namespace, folder: Path) -> dict[str, Counter[str]]:
    """Run the readers in turn, until the time is over or the executions are done."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    cv2.setNumThreads(1)
    (folder / "images/color-fundus").mkdir(parents=True)
    seeds = draw_seeds(folder)
    (folder / "images/color-fundus/a.tif").write_bytes(seeds[".tif"][0])
    (folder / "one/output/images/binary-vessel-segmentation").mkdir(parents=True)
    (folder / "one/output/images/binary-vessel-segmentation/a.tif").write_bytes(seeds[".tif"][4])
    names = [name for name in seeds if not options.only or name == options.only]
    counts = {name: Counter[str]() for name in names}
    child = Child(folder, seeds, options.seed)
    end = time.monotonic() + options.seconds
    number = 0
    while number < options.executions and time.monotonic() < end:
        for name in names:
            outcome = OUTCOMES[child.run(name, number)]
            counts[name][outcome] += 1
            if outcome in BAD:
                kept = Path(options.keep) / f"{number}-{outcome.replace(' ', '-')}{name}"
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(make_file(seeds[name], name, number, options.seed))
                print(f"{outcome}: {kept}", flush=True)
            if outcome in ("crashed", "hung"):
                child = Child(folder, seeds, options.seed)
        number += 1
    child.end()
    return counts


def main() -> int:
    """Run, print a table, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--executions", type=int, default=10**9, help="of each reader")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--only", default="", help="one reader, such as .png")
    parser.add_argument("--keep", default="runs/torture", help="where files that failed are kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = torture(options, Path(folder))
    print(f"| reader | executions | {' | '.join(OUTCOMES.values())} |")
    print("|---|---|" + "---|" * len(OUTCOMES))
    for name, found in counts.items():
        cells = " | ".join(str(found[outcome]) for outcome in OUTCOMES.values())
        print(f"| `{name}` | {found.total()} | {cells} |")
    return int(any(found[outcome] for found in counts.values() for outcome in BAD))


if __name__ == "__main__":
    raise SystemExit(main())
