"""How the verdict on quality holds: on photographs, on damaged copies at five levels, and where there is no retina.

    RETSEG_DATA=DIR PYTHONPATH=. python bench/quality.py [--every N]

The limits were chosen on every second training image of DRIVE, every fifth of CHASE_DB1 and LES-AV, every fourth of
IDRiD at a quarter of its scale, and every fourth picture of `non_retinal.py`. These are left out here; of the others
every Nth is judged. Damages, from level 1 to 5: a blur by a Gaussian with a deviation of 0.2, 0.4, 0.7, 1 and 1.6 %
of the frame's longer side; brightness times 0.7, 0.5, 0.35, 0.2 and 0.1; a white reflex with a radius of 2, 6, 12, 20
and 35 % of the frame's shorter side. No vessels are given.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from non_retinal import list_pictures
from numpy.typing import NDArray

from retseg.image import find_field_of_view, read_image
from retseg.measures import Quality, find_landmarks, judge_quality
from retseg.phantom import draw_fundus

Pixels = NDArray[np.uint8]
SETS = {
    "DRIVE, training": ("DRIVE/training/images/*.tif", 2),
    "DRIVE, test": ("DRIVE/test/images/*.tif", 0),
    "CHASE_DB1": ("CHASEDB1/Image_*.jpg", 5),
    "LES-AV": ("LES-AV/images/*.png", 5),
    "HRF": ("HRF/images/*.*", 0),
    "IDRiD, a quarter": ("IDRiD_quarter/**/IDRiD_??.png", 4),
    "IDRiD, more at a quarter": ("IDRiD_quarter_HE_EX/**/IDRiD_??.png", 0),
    "CC0": ("CC0_retina/*.jpg", 0),
    "FIVES": ("FIVES_caption/*.jpg", 0),
}
DAMAGED = 4
MOST_SIDE = 1000


def list_photographs(data: Path, every: int) -> Iterator[tuple[str, Pixels]]:
    """Set and pixels of the photographs that the limits have not seen."""
    for name, (pattern, step) in SETS.items():
        paths = [path for number, path in enumerate(sorted(data.glob(pattern))) if step == 0 or number % step]
        for path in paths[::every]:
            pixels = read_image(path).pixels
            scale = min(1.0, MOST_SIDE / max(pixels.shape[:2]))
            yield name, np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def blur(pixels: Pixels, level: int) -> Pixels:
    """Out of focus."""
    share = (0.002, 0.004, 0.007, 0.01, 0.016)[level]
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), share * max(pixels.shape)), np.uint8)


def darken(pixels: Pixels, level: int) -> Pixels:
    """Too little light."""
    return np.rint(pixels * (0.7, 0.5, 0.35, 0.2, 0.1)[level]).astype(np.uint8)


def dazzle(pixels: Pixels, level: int) -> Pixels:
    """A white spot beside the middle."""
    height, width = pixels.shape[:2]
    radius = (0.02, 0.06, 0.12, 0.2, 0.35)[level] * min(height, width)
    y, x = np.mgrid[:height, :width]
    away = np.hypot(x - 0.45 * width, y - 0.6 * height) / radius
    light = 300 * np.exp(-(np.clip(away - 0.8, 0, None) ** 2) / 0.05)
    return np.clip(pixels + light[..., None], 0, 255).astype(np.uint8)


DAMAGES: dict[str, Callable[[Pixels, int], Pixels]] = {"blur": blur, "dark": darken, "reflex": dazzle}


def judge(pixels: Pixels) -> Quality:
    """The verdict, from the pixels alone."""
    view = find_field_of_view(pixels)
    return judge_quality(pixels, view, find_landmarks(pixels, view, None, None))


def show(name: str, verdicts: list[Quality]) -> None:
    """One row: the verdicts, and the first reason of those that are not gradable."""
    counts = Counter(each.verdict for each in verdicts)
    reasons = Counter(each.reasons[0] for each in verdicts if each.reasons)
    said = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    print(f"| {name} | {len(verdicts)} | {counts['gradable']} | {counts['usable']} | {counts['reject']} | {said} |")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, metavar="N")
    every = parser.parse_args(arguments).every
    data = Path(os.environ.get("RETSEG_DATA", "nowhere"))
    print("| images | number | gradable | usable | reject | first reason |")
    print("|---|---:|---:|---:|---:|---|")
    photographs: dict[str, list[Pixels]] = {}
    for name, pixels in list_photographs(data, every):
        photographs.setdefault(name, []).append(pixels)
    for name, each in photographs.items():
        show(name, [judge(pixels) for pixels in each])
    drawn = [draw_fundus(seed, (500, 500)).pixels for seed in range(100, 110, every)]
    show("drawn eyes", [judge(pixels) for pixels in drawn])
    good = [
        *islice(photographs.get("DRIVE, test", []), DAMAGED),
        *islice(photographs.get("HRF", []), DAMAGED),
        *drawn[:4],
    ]
    for name, damage in DAMAGES.items():
        for level in range(5):
            show(f"{name}, level {level + 1}", [judge(damage(pixels, level)) for pixels in good])
    unseen = [pixels for number, (_, pixels) in enumerate(list_pictures()) if number % 4][::every]
    show("no retina", [judge(np.ascontiguousarray(pixels)) for pixels in unseen])
    return 0


if __name__ == "__main__":
    sys.exit(main())
