"""How well and how fast the field of view is found from the pixels of an image.

    RETSEG_DATA=DIR python bench/field_of_view.py [--phantoms N] [--first-seed SEED]

The images are real photographs and N drawn ones with a hard surround (200 by default). For images with a mask of their
field of view, the program prints the intersection over union of the found area with this mask. For all images it
prints the processor time per image on one core, and how many get a warning: about the field of view, or any warning.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.image import describe_problems, fit_field_of_view, read_image, read_mask
from retseg.phantom.surrounds import SURROUNDS, draw_surround

REPEATS = 3
FILM_SHARE = 0.4  # of the phantoms: old film scans are the hardest
Case = tuple[str, NDArray[np.uint8], NDArray[np.bool_] | None]


@dataclass
class Row:
    """The measurements of one kind of image."""

    overlaps: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    faults: int = 0
    warnings: int = 0


def list_photographs(data: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Data set, photograph and, if there is one, the mask of its field of view."""
    for part in ("training", "test"):
        for image in sorted((data / "DRIVE" / part / "images").glob("*.tif")):
            yield f"DRIVE, {part}", image, data / "DRIVE" / part / "mask" / f"{image.stem}_mask.gif"
    for image in sorted((data / "CHASEDB1").glob("Image_*.jpg")):
        yield "CHASE_DB1", image, data / "CHASEDB1" / "mask" / f"{image.stem}.gif"
    for image in sorted((data / "LES-AV" / "images").glob("*.png")):
        yield "LES-AV", image, data / "LES-AV" / "masks" / image.name
    others = {
        "HRF": "HRF/images/*.*",
        "IDRiD": "IDRiD/**/IDRiD_??.jpg",
        "IDRiD, a half": "IDRiD_vessels/images/*.*",
        "IDRiD, a quarter": "IDRiD_quarter*/**/IDRiD_??.png",
        "IDRiD, green squares": "IDRiD_EX_gray512/images/*.*",
        "FIVES, a caption": "FIVES_caption/*.jpg",
        "CC0": "CC0_retina/*.jpg",
    }
    for name, pattern in others.items():
        for image in sorted(data.glob(pattern)):
            yield name, image, None


def list_cases(data: Path, phantoms: int, first_seed: int) -> Iterator[Case]:
    """Kind, pixels (H, W, 3) and, if it is known, the true field of view (H, W)."""
    for name, image, mask in list_photographs(data):
        yield name, read_image(image).pixels, None if mask is None else np.asarray(read_mask(mask) > 0)
    for kind in SURROUNDS:
        share = FILM_SHARE if kind == "film" else (1 - FILM_SHARE) / (len(SURROUNDS) - 1)
        for number in range(round(share * phantoms)):
            phantom = draw_surround(first_seed + number, kind)
            yield f"drawn: {kind}", phantom.pixels, phantom.field_of_view


def measure(case: Case, row: Row) -> None:
    """Add the measurements of one image to a row."""
    _, pixels, truth = case
    runs = []
    for _ in range(REPEATS):
        start = time.process_time()
        found = fit_field_of_view(pixels)
        runs.append(time.process_time() - start)
    row.times.append(1000 * min(runs))
    row.faults += found.fault is not None
    row.warnings += bool(describe_problems(pixels, found, "cfp", "image"))
    if truth is not None:
        row.overlaps.append(float((found.mask & truth).sum() / (found.mask | truth).sum()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phantoms", type=int, default=200, metavar="N")
    parser.add_argument("--first-seed", type=int, default=20000, metavar="SEED")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    rows: dict[str, Row] = {}
    for case in list_cases(Path(os.environ.get("RETSEG_DATA", "nowhere")), options.phantoms, options.first_seed):
        measure(case, rows.setdefault(case[0], Row()))
    print("| images | number | mean IoU | worst IoU | below 0.9 | CPU time | fault of the field | any warning |")
    print("|---|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        overlaps = np.array(row.overlaps)
        found = f"{overlaps.mean():.4f} | {overlaps.min():.4f} | {(overlaps < 0.9).sum()}" if row.overlaps else "| |"
        time_of_one = f"{np.median(row.times):.1f} ms"
        print(f"| {name} | {len(row.times)} | {found} | {time_of_one} | {row.faults} | {row.warnings} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
