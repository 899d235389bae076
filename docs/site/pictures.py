"""Draw the picture of docs/how-to/read-a-mask.md: `python -m docs.site.pictures`."""

import sys
from pathlib import Path

import cv2
import numpy as np

import retseg
from retseg.image import write_picture

IMAGES = Path(__file__).resolve().parent.parent / "images"
LEFT, TOP, SIDE, SHOWN = 560, 330, 200, 400
"""The part of the photograph that is shown, in its pixels, and the side of the picture of it."""


def main() -> int:
    """Write the picture."""
    found = retseg.segment(IMAGES / "retina.jpg", "vessel")
    probability = np.round(found.probabilities["vessel"] * 255).astype(np.uint8)
    mask = found.masks["vessel"].astype(np.uint8) * 255
    planes = [found.image.pixels, *(cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB) for plane in (probability, mask))]
    part = (slice(TOP, TOP + SIDE), slice(LEFT, LEFT + SIDE))
    shown = [cv2.resize(plane[part], (SHOWN, SHOWN), interpolation=cv2.INTER_NEAREST) for plane in planes]
    gap = np.full((SHOWN, 10, 3), 255, np.uint8)
    write_picture(IMAGES / "read-a-mask.png", np.hstack([shown[0], gap, shown[1], gap, shown[2]]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
