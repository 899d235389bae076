"""Draw sheets of phantoms with their masks, for the documentation.

`python -m retseg.phantom.sheets [DIRECTORY]` writes them to DIRECTORY, docs/images by default.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.colours import TASK_STYLES
from retseg.phantom.formats import write_photograph
from retseg.phantom.fundus import Camera, FundusContent, draw_fundus
from retseg.phantom.lesions import LesionCounts
from retseg.phantom.octa import Difficulty, OctaContent, draw_octa
from retseg.phantom.phantom import Phantom

ORDER = (
    "vessel",
    "soft_exudate",
    "haemorrhage",
    "hard_exudate",
    "microaneurysm",
    "nonperfusion",
    "irma",
    "neovascularization",
)
"""The tasks, the lesser drawn over the larger."""
RING = 6
"""Pixels between a small lesion and its ring."""

_FUNDUS = (
    (2, (565, 584), FundusContent()),
    (12, (565, 584), FundusContent()),
    (5, (999, 960), FundusContent(camera=Camera(44.0, "disc", 0.94))),
    (7, (1072, 712), FundusContent(LesionCounts(22, 9, 5, 3), Camera(46.0, "macula", 1.12))),
)
_OCTA_SEED = 1


def write_fundus_sheet(path: Path, height: int = 360) -> None:
    """Four photographs above their masks, at `height` pixels each."""
    _write(path, [draw_fundus(*given) for given in _FUNDUS], height)


def write_octa_sheet(path: Path, height: int = 400) -> None:
    """One eye at the three difficulties, above its masks, at `height` pixels each."""
    eye = OctaContent(True, True, True)
    difficulties: tuple[Difficulty, ...] = ("easy", "middle", "hard")
    _write(path, [draw_octa(_OCTA_SEED, difficulty, eye) for difficulty in difficulties], height)


def colour_masks(phantom: Phantom) -> NDArray[np.uint8]:
    """The masks (H, W, 3) in the colours of their tasks, on black, with rings around what is drawn so."""
    picture = np.zeros_like(phantom.pixels)
    for task in (task for task in ORDER if task in phantom.masks):
        mask, style = phantom.masks[task], TASK_STYLES[task]
        picture[mask] = style.colour
        if style.pattern == "ring":
            picture[_grow(mask, RING + 3) & ~_grow(mask, RING)] = style.colour
    return picture


def _grow(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def _write(path: Path, phantoms: Sequence[Phantom], height: int) -> None:
    columns = [np.vstack([_reduce(one, height) for one in (p.pixels, colour_masks(p))]) for p in phantoms]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_photograph(path, np.hstack(columns))


def _reduce(picture: NDArray[np.uint8], height: int) -> NDArray[np.uint8]:
    width = round(picture.shape[1] * height / picture.shape[0])
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write both sheets; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m retseg.phantom.sheets", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=Path("docs/images"))
    options = parser.parse_args(arguments)
    for name, write in (("phantoms-fundus.jpg", write_fundus_sheet), ("phantoms-octa.jpg", write_octa_sheet)):
        write(options.directory / name)
        sys.stdout.write(f"{options.directory / name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
