"""A demo: vessels and lesions of a photograph of an eye; then the committed cases, segmented, scored and drawn.

Where RETSEG_DATA names a folder of data sets with DRIVE, its official training images are segmented and scored too.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from retseg.challenge import load_challenge
from retseg.image import read_image, read_mask, write_picture
from retseg.metrics.components import find_components
from retseg.report.overlay import draw_comparison, draw_overlay

ROOT = Path(__file__).resolve().parent
EYE = ROOT / "docs" / "images" / "retina.jpg"
CASES = ROOT / "test" / "cases" / "fundus"
OUTPUT = ROOT / "demo-output"
DRAWN = 4
"""The number of pictures that are drawn of a data set."""


def main() -> None:
    """Run the demo."""
    show_eye(OUTPUT / "eye")
    show_phantoms(OUTPUT / "phantoms")
    drive = Path(os.environ.get("RETSEG_DATA", "")).resolve() / "DRIVE"
    if os.environ.get("RETSEG_DATA") and (drive / "training").is_dir():
        show_drive(drive, OUTPUT / "drive")
    print(f"\nLook at\n  {(OUTPUT / 'eye' / 'overlay' / EYE.name).with_suffix('.png').relative_to(ROOT)}, the eye")
    for page in sorted(OUTPUT.glob("*/report.html")):
        print(f"  {page.relative_to(ROOT)} in a browser, and the pictures in {page.parent.relative_to(ROOT)}/overlays/")


def show_eye(output: Path) -> None:
    """Segment a photograph of a healthy eye, and print what was found."""
    began = time.perf_counter()
    run("-m", "retseg", "predict", EYE, "--output", output, "--overlay")
    print(f"A photograph of a healthy eye, {time.perf_counter() - began:.1f} s:")
    for folder in sorted(path for path in output.iterdir() if path.is_dir() and path.name != "overlay"):
        mask = read_mask(folder / f"{EYE.stem}.png") > 0
        components = len(find_components(mask))
        found = f"{mask.mean():.1%} of the frame" if folder.name == "vessel" else f"{components} found"
        print(f"  {folder.name.replace('_', ' ')}: {found}")


def show_phantoms(output: Path) -> None:
    """Segment, score and draw the committed cases, which are phantoms: one process for each, as on the platform."""
    print("\nDrawn photographs, one cold process each:")
    for case in sorted(CASES.iterdir()):
        began = time.perf_counter()
        run("process.py", "--challenge", "fundus", "--input", case / "input", "--output", output / "masks" / case.name)
        print(f"  case {case.name}: {time.perf_counter() - began:.1f} s")
    score("fundus", CASES, output / "masks", output)
    outputs = [socket for socket in load_challenge("fundus").socket if socket.task]
    for case in sorted(CASES.iterdir()):
        (image,) = case.glob("input/images/*/*.mha")
        found = {each.task: output / "masks" / case.name / each.path / image.name for each in outputs}
        drawn = draw_overlay(read_image(image).pixels, {task: read_mask(mask) > 0 for task, mask in found.items()})
        write_picture(output / "overlays" / f"case-{case.name}.png", drawn)
        truth = case / "expected" / "images" / "binary-vessel-segmentation" / image.name
        draw_vessels(image, found["vessel"], truth, output / "overlays" / f"case-{case.name}-vessels.png")


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
        draw_vessels(images / found.name, found, truth, output / "overlays" / f"{found.stem}.png")


def score(challenge: str, truth: Path, predictions: Path, output: Path, *more: str) -> None:
    """Score predictions and print the table."""
    options = ("--ground-truth", truth, "--predictions", predictions, "--output", output, *more)
    print(run("evaluate.py", "--challenge", challenge, *options))


def draw_vessels(image: Path, found: Path, truth: Path, picture: Path) -> None:
    """Draw true positives, false positives and false negatives over an image."""
    write_picture(picture, draw_comparison(read_image(image).pixels, read_mask(found) > 0, read_mask(truth) > 0))


def run(*arguments: str | Path) -> str:
    """Run one of the programs and return its output; end with its error where it fails."""
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return result.stdout.rstrip()


if __name__ == "__main__":
    main()
