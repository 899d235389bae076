"""How well and how fast the field of view is found, from pixels alone.

    RETSEG_DATA=DIR python bench/field_of_view.py

prints, for the photographs of DRIVE and CHASE_DB1 that come with a mask of their field of view, the intersection over
union of the found area with that mask, and for every photograph of the folder the processor time per image on one core.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from retseg.image import find_field_of_view, read_image, read_mask

REPEATS = 5


def list_photographs(data: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Data set, photograph and, where there is one, mask."""
    for part in ("training", "test"):
        for image in sorted((data / "DRIVE" / part / "images").glob("*.tif")):
            yield f"DRIVE {part}", image, data / "DRIVE" / part / "mask" / f"{image.stem}_mask.gif"
    for image in sorted((data / "CHASEDB1").glob("Image_*.jpg")):
        yield "CHASE_DB1", image, data / "CHASEDB1" / "mask" / f"{image.stem}.gif"
    for image in sorted((data / "HRF" / "images").glob("*")):
        yield "HRF", image, None
    for image in sorted((data / "IDRiD").rglob("IDRiD_??.jpg")):
        yield "IDRiD", image, None


def measure_overlap(image: Path, mask: Path) -> float:
    """Intersection over union of the found area and the published one."""
    found, truth = find_field_of_view(read_image(image).pixels), read_mask(mask) > 0
    return float((found & truth).sum() / (found | truth).sum())


def measure_time(image: Path) -> float:
    """Processor time of the shortest of some runs, in milliseconds; reading the file is not counted."""
    pixels = read_image(image).pixels
    runs = []
    for _ in range(REPEATS):
        start = time.process_time()
        find_field_of_view(pixels)
        runs.append(time.process_time() - start)
    return 1000 * min(runs)


def main() -> int:
    """Print the table; says so where there is no photograph to measure on."""
    cv2.setNumThreads(1)
    overlaps: dict[str, list[float]] = {}
    times: dict[str, list[float]] = {}
    for data_set, image, mask in list_photographs(Path(os.environ.get("RETSEG_DATA", ""))):
        times.setdefault(data_set, []).append(measure_time(image))
        if mask is not None:
            overlaps.setdefault(data_set, []).append(measure_overlap(image, mask))
    if not times:
        print("nothing to measure on: let RETSEG_DATA name the folder that holds DRIVE, CHASEDB1, HRF or IDRiD")
        return 0
    print(f"{'data set':<16}{'images':>7}{'mean IoU':>10}{'worst IoU':>11}{'CPU ms':>10}")
    for data_set, values in times.items():
        found = overlaps.get(data_set)
        quality = f"{np.mean(found):>10.4f}{min(found):>11.4f}" if found else f"{'-':>10}{'-':>11}"
        print(f"{data_set:<16}{len(values):>7}{quality}{np.median(values):>10.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
