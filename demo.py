"""The first look: segment the committed cases with `process.py`, score them with `evaluate.py`, draw what was found.

Where RETSEG_DATA names a folder of data sets that holds DRIVE, its official training images go the same way.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import cv2

from retseg.image import read_image, read_mask
from retseg.report.overlay import draw_comparison

ROOT = Path(__file__).resolve().parent
CASES = ROOT / "test" / "cases" / "fundus"
OUTPUT = ROOT / "demo-output"
DRAWN = 4
"""So many pictures are drawn of a data set."""


def main() -> None:
    """Run the demo."""
    show_phantoms(OUTPUT / "phantoms")
    drive = Path(os.environ.get("RETSEG_DATA", "")).resolve() / "DRIVE"
    if os.environ.get("RETSEG_DATA") and (drive / "training").is_dir():
        show_drive(drive, OUTPUT / "drive")
    print("\nLook at")
    for page in sorted(OUTPUT.glob("*/report.html")):
        print(f"  {page.relative_to(ROOT)} in a browser, and the pictures in {page.parent.relative_to(ROOT)}/overlays/")


def show_phantoms(output: Path) -> None:
    """Segment, score and draw the committed cases: drawn photographs, a process each, as the platform does."""
    print("Drawn photographs, one cold process each:")
    for case in sorted(CASES.iterdir()):
        began = time.perf_counter()
        run("process.py", "--challenge", "fundus", "--input", case / "input", "--output", output / "masks" / case.name)
        print(f"  case {case.name}: {time.perf_counter() - began:.1f} s")
    score("fundus", CASES, output / "masks", output)
    for found in sorted((output / "masks").rglob("*.mha")):
        truth = next(CASES.rglob(f"expected/images/*/{found.name}"))
        image = next(CASES.rglob(f"input/images/*/{found.name}"))
        draw(image, found, truth, output / "overlays" / f"case-{truth.parents[3].name}.png")


def show_drive(drive: Path, output: Path) -> None:
    """Segment DRIVE's training images in one process (the older contract: all images of a folder), score and draw."""
    images = drive / "training" / "images"
    print("\nDRIVE, the 20 training images, one process:")
    began = time.perf_counter()
    run("process.py", "--challenge", "drive", "--input", images, "--output", output / "masks")
    print(f"  {time.perf_counter() - began:.1f} s")
    score("drive", drive, output / "masks" / "images", output, "--split", "training", "--model", "vessel-drive")
    for found in sorted((output / "masks" / "images").iterdir())[:DRAWN]:
        truth = drive / "training" / "1st_manual" / f"{found.name.split('_')[0]}_manual1.gif"
        draw(images / found.name, found, truth, output / "overlays" / f"{found.stem}.png")


def score(challenge: str, truth: Path, predictions: Path, output: Path, *words: str) -> None:
    """Score predictions and print the table."""
    options = ("--ground-truth", truth, "--predictions", predictions, "--output", output, *words)
    print(run("evaluate.py", "--challenge", challenge, *options))


def draw(image: Path, found: Path, truth: Path, picture: Path) -> None:
    """Draw what was found, missed and too much over an image."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    drawn = draw_comparison(read_image(image).pixels, read_mask(found) > 0, read_mask(truth) > 0)
    cv2.imwrite(str(picture), drawn[:, :, ::-1])


def run(program: str, *words: str | Path) -> str:
    """Run one of the project's programs and return what it printed; end with its error where it fails."""
    command = [sys.executable, str(ROOT / program), *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return result.stdout.rstrip()


if __name__ == "__main__":
    main()
