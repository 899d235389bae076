"""Draw the picture of docs/measures.md: centrelines, disc, zones B and C, fovea and quadrants on `retina.jpg`.

PYTHONPATH=. python bench/picture_of_measures.py [--output docs/images/measures.jpg]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import retseg
from retseg.measures import Landmarks, find_landmarks, trace_vessels

SIDE = 700
WHITE, CYAN, YELLOW, GREEN = (255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0)
PHOTOGRAPH = Path(__file__).parent.parent / "docs" / "images" / "retina.jpg"


def draw_landmarks(picture: NDArray[np.uint8], landmarks: Landmarks, scale: float) -> None:
    """Disc, zones, quadrants and the circle around the fovea; colours are BGR."""
    disc, fovea = landmarks.disc, landmarks.fovea
    if disc is None or fovea is None:
        raise SystemExit("the disc or the fovea was not found: there is nothing to draw")
    centre, radius = np.array([disc.x, disc.y]) * scale, disc.radius * scale
    place = tuple(np.rint(centre).astype(int).tolist())
    for times, colour in ((1, CYAN), (2, YELLOW), (3, YELLOW), (5, YELLOW)):
        cv2.circle(picture, place, round(times * radius), colour, 2, cv2.LINE_AA)
    for name, times in (("B", 2.65), ("C", 4.65)):
        at = (place[0] + 8, place[1] - round(times * radius))
        cv2.putText(picture, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, YELLOW, 2, cv2.LINE_AA)
    middle = np.array(fovea) * scale
    nasal = (centre - middle) / np.hypot(*(centre - middle))
    for way in (nasal, np.array([nasal[1], -nasal[0]])):
        ends = [tuple(np.rint(middle + reach * way).astype(int).tolist()) for reach in (-320, 320)]
        cv2.line(picture, ends[0], ends[1], GREEN, 1, cv2.LINE_AA)
    cv2.circle(picture, tuple(np.rint(middle).astype(int).tolist()), round(2 * radius), GREEN, 2, cv2.LINE_AA)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=PHOTOGRAPH.with_name("measures.jpg"), metavar="FILE")
    options = parser.parse_args(arguments)
    found = retseg.segment(PHOTOGRAPH, "vessel")
    pixels, vessels = found.image.pixels, found.masks["vessel"]
    scale = SIDE / pixels.shape[0]
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2BGR), np.uint8)
    for branch in trace_vessels(vessels).branches:
        points = np.rint(branch[:, ::-1] * scale * 16).astype(np.int32)
        cv2.polylines(picture, [points], False, WHITE, 1, cv2.LINE_AA, 4)
    draw_landmarks(picture, find_landmarks(pixels, found.field_of_view, vessels, None), scale)
    cv2.imwrite(str(options.output), picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    return 0


if __name__ == "__main__":
    sys.exit(main())
