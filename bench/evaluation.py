"""Peak memory and seconds of the evaluator on the jobs of an algorithm phase: does memory grow with the cases?

    python bench/evaluation.py [--challenge drac22|idrid] [--keep DIR]

The program draws a few phantoms in the sizes of DRAC22 (1024 x 1024, masks of three lesions) and IDRiD (4288 x 2848,
probability maps of four). It links them under as many names as the leaderboards have cases, with `predictions.json` and
a folder for each job, as on the platform. Then `python evaluate.py` runs as a process of its own, with few cases and
with all of them. Its peak memory is that of the kernel (`ru_maxrss`). With `--keep` the files stay, for the container:

    docker run --rm --network none --memory 1g --memory-swap 1g --volume DIR/drac22-65/input:/input:ro \\
      --volume DIR/drac22-65/truth:/opt/ml/input/data/ground_truth:ro --volume OUTPUT:/output \\
      retseg-evaluation-drac22:0.2.0
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import SimpleITK
from numpy.typing import NDArray

from retseg.challenge import Challenge, load_challenge
from retseg.challenge.challenge import Socket
from retseg.phantom import FundusContent, LesionCounts, OctaContent, Phantom, draw_fundus, draw_octa

ROOT = Path(__file__).resolve().parents[1]
COUNTS = {"drac22": (5, 65), "idrid": (2, 8)}
"""A small and a large number of cases; the large one of DRAC22 is that of the leaderboard."""

DRAWN = {"drac22": 3, "idrid": 1}
IDRID_SIZE = (4288, 2848)

WATCH = (
    "import resource, subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True); "
    "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_maxrss, used.ru_utime + used.ru_stime)"
)
"""The parent of the evaluation. It is small, because the peak of a child begins with the memory of its parent."""


def draw(challenge: str, seed: int) -> Phantom:
    """One phantom with every lesion of the challenge, in the size of its images."""
    if challenge == "drac22":
        return draw_octa(seed, "middle", OctaContent(irma=True, nonperfusion=True, neovascularization=True))
    return draw_fundus(seed, IDRID_SIZE, FundusContent(LesionCounts(18, 7, 4, 2)))


def predict(truth: NDArray[np.bool_], socket: Socket) -> NDArray[np.generic]:
    """The output of an invented algorithm: the truth moved by three pixels, or a blurred map of it."""
    moved = np.roll(truth, 3, axis=1)
    if socket.kind == "segmentation":
        return moved.astype(np.uint8)
    noise = np.random.default_rng(0).random(truth.shape, np.float32)
    return 0.8 * cv2.GaussianBlur(moved.astype(np.float32), (0, 0), 6) + 0.2 * noise


def write_phantom(challenge: Challenge, phantom: Phantom, folder: Path) -> None:
    """One drawn case: `<task>.png` is its truth, `<slug>.mha` what was predicted."""
    folder.mkdir(parents=True)
    for socket in challenge.socket:
        if socket.task:
            mask = phantom.masks[socket.task]
            cv2.imwrite(str(folder / f"{socket.task}.png"), mask.astype(np.uint8) * 255)
            image = SimpleITK.GetImageFromArray(predict(mask, socket))
            SimpleITK.WriteImage(image, str(folder / f"{socket.slug}.mha"), socket.kind == "segmentation")


def link_cases(challenge: Challenge, drawn: list[Path], count: int, folder: Path) -> None:
    """`folder/truth` and `folder/input` with `count` cases: the drawn ones, each under several names."""
    jobs = []
    for number in range(1, count + 1):
        source, pk = drawn[number % len(drawn)], f"job-{number}"
        outputs = []
        for socket in challenge.socket:
            if socket.task:
                link(source / f"{socket.task}.png", folder / "truth" / socket.task / f"{number:03d}.png")
                link(source / f"{socket.slug}.mha", folder / "input" / pk / "output" / socket.path / "mask.mha")
                outputs.append({"socket": {"slug": socket.slug, "relative_path": socket.path}})
        given = next(socket for socket in challenge.socket if not socket.task)
        named = {"socket": {"slug": given.slug, "relative_path": given.path}, "image": {"name": f"{number:03d}.png"}}
        jobs.append({"pk": pk, "status": "Succeeded", "inputs": [named], "outputs": outputs})
    (folder / "input" / "predictions.json").write_text(json.dumps(jobs))


def link(source: Path, path: Path) -> None:
    """The same file under another name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, path)


def measure(challenge: str, folder: Path) -> Mapping[str, float]:
    """Peak resident memory, in MB, and seconds of one evaluation."""
    options = ["--challenge", challenge, "--ground-truth", folder / "truth", "--predictions", folder / "input"]
    evaluation = ["evaluate.py", *map(str, options), "--output", str(folder / "output")]
    start = time.perf_counter()
    command = [sys.executable, "-c", WATCH, *evaluation]
    done = subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"the evaluation of {folder} failed: see the line above")
    kilobytes, used = done.stdout.splitlines()[-1].split()
    return {
        "peak_mb": round(int(kilobytes) * 1024 / 1e6),
        "seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(float(used), 1),
        "report_mb": round((folder / "output" / "report.html").stat().st_size / 1e6, 1),
    }


def main() -> None:
    """Draw, evaluate, print a line per set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--challenge", choices=tuple(COUNTS), help="only this one")
    parser.add_argument("--keep", metavar="DIR", type=Path, help="write the files here, leave them, draw none again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for name in (options.challenge,) if options.challenge else tuple(COUNTS):
            challenge, root = load_challenge(name), options.keep or Path(scratch)
            drawn = [root / f"{name}-drawn" / str(seed) for seed in range(DRAWN[name])]
            for seed, folder in enumerate(drawn):
                if not folder.is_dir():
                    write_phantom(challenge, draw(name, seed), folder)
            for count in COUNTS[name]:
                folder = root / f"{name}-{count}"
                link_cases(challenge, drawn, count, folder)
                print(json.dumps({"challenge": name, "cases": count, **measure(name, folder)}))


if __name__ == "__main__":
    main()
