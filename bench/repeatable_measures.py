"""How well each measure repeats between copies of a photograph that differ as retakes do: intraclass correlations.

    RETSEG_DATA=DIR python bench/repeatable_measures.py [--most N] [--first-seed SEED]

The copies: as it is; with noise (a deviation of 4 grey levels); cropped by 3 % at each side, moved by up to 2 %;
turned by 5 degrees; and as JPEG of the quality 70. Vessels are those of the model `vessel`, lesions those of
`lesion`. The photographs are the training images of DRIVE and N of each of the other sets (8 by default), spread over
it, reduced to 1200 pixels a side where they are larger. The number is ICC(2,1) of Shrout and Fleiss: two-way, random,
absolute agreement, one measurement. Photographs with an empty value in any copy are left out, and counted. Models may
have been trained on these photographs; what repeats here is the whole way from pixels to a number.
"""

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import retseg
from retseg.image import read_image
from retseg.measures import Known, measure_masks

Pixels = NDArray[np.uint8]
SETS = {
    "DRIVE": "DRIVE/training/images/*.tif",
    "CHASE_DB1": "CHASEDB1/Image_*.jpg",
    "HRF": "HRF/images/*.*",
    "LES-AV": "LES-AV/images/*.png",
    "IDRiD": "IDRiD_quarter/**/IDRiD_??.png",
}
LEAST = 0.5
MOST_SIDE = 1200


def list_photographs(data: Path, most: int) -> Iterator[tuple[str, Path]]:
    """Set and photograph."""
    for name, pattern in SETS.items():
        paths = sorted(data.glob(pattern))
        count = len(paths) if name == "DRIVE" else min(most, len(paths))
        yield from ((name, paths[round(place)]) for place in np.linspace(0, len(paths) - 1, count) if paths)


def add_noise(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Grain."""
    return np.clip(np.rint(pixels + rng.normal(0, 4, pixels.shape)), 0, 255).astype(np.uint8)


def crop(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """94 % of the frame."""
    height, width = pixels.shape[:2]
    top, left = (round(side * (0.03 + rng.uniform(-0.02, 0.02))) for side in (height, width))
    return pixels[top : top + round(0.94 * height), left : left + round(0.94 * width)].copy()


def turn(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Five degrees to one side."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 5 * float(rng.choice([-1, 1])), 1)
    return np.asarray(cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC), np.uint8)


def press(pixels: Pixels) -> Pixels:
    """JPEG of the quality 70."""
    code = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 70])[1]
    return np.asarray(cv2.cvtColor(cv2.imdecode(code, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), np.uint8)


COPIES: dict[str, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "as it is": lambda pixels, _: pixels,
    "noise": add_noise,
    "crop": crop,
    "5 degrees": turn,
    "JPEG 70": lambda pixels, _: press(pixels),
}


def compute_icc(table: NDArray[np.float64]) -> float:
    """ICC(2,1) of a table (photographs, copies); nan where all numbers are one."""
    n, k = table.shape
    rows, columns, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    between = k * ((rows - mean) ** 2).sum() / (n - 1)
    copies = n * ((columns - mean) ** 2).sum() / (k - 1)
    error = ((table - rows[:, None] - columns[None] + mean) ** 2).sum() / ((n - 1) * (k - 1))
    below = between + (k - 1) * error + k * (copies - error) / n
    return float((between - error) / below) if below > 0 else math.nan


def measure_copies(path: Path, models: Sequence[retseg.Predictor], seed: int) -> dict[tuple[str, str], list[float]]:
    """Task and measure to its value in each copy, in pixels."""
    pixels = read_image(path).pixels
    scale = min(1.0, MOST_SIDE / max(pixels.shape[:2]))
    pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    found: dict[tuple[str, str], list[float]] = {}
    for number, change in enumerate(COPIES.values()):
        copy = change(pixels, np.random.default_rng([seed, number]))
        parts = [retseg.segment(copy, model) for model in models]
        masks = {task: mask for part in parts for task, mask in part.masks.items()}
        measures = measure_masks(parts[0].image, masks, parts[0].field_of_view, Known())
        for task, rows in measures.rows.items():
            for row in rows:
                found.setdefault((task, row.measure), []).append(row.value)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, default=8, metavar="N")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED")
    options = parser.parse_args(arguments)
    photographs = list(list_photographs(Path(os.environ.get("RETSEG_DATA", "nowhere")), options.most))
    if not photographs:
        print("RETSEG_DATA names no folder of data sets: nothing is measured")
        return 0
    models = [retseg.load_model(name) for name in ("vessel", "lesion")]
    tables: dict[tuple[str, str], list[list[float]]] = {}
    for number, (_, path) in enumerate(photographs):
        for key, values in measure_copies(path, models, options.first_seed + number).items():
            tables.setdefault(key, []).append(values)
        print(f"{number + 1} of {len(photographs)}", file=sys.stderr)
    print("| task | measure | ICC | photographs | with an empty value |")
    print("|---|---|---:|---:|---:|")
    for (task, measure), values in tables.items():
        table = np.array(values)
        whole = table[np.isfinite(table).all(axis=1)]
        icc = compute_icc(whole) if len(whole) > 2 else math.nan
        shown = "" if math.isnan(icc) else f"{icc:.2f}"
        mark = " (under .5)" if icc < LEAST else ""
        print(f"| `{task}` | `{measure}` | {shown}{mark} | {len(whole)} | {len(table) - len(whole)} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
