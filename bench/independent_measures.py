"""Our measures of vessels against those of other programs, on the same masks.

    RETSEG_DATA=DIR python bench/independent_measures.py [--pvbm FOLDER]

The masks are those of the first observer on the 20 training images of DRIVE. scikit-image counts boxes
(`block_reduce`), thins (`skeletonize`) and sums (`regionprops`). PVBM (GPL, no dependency of this package) is asked for
the same where FOLDER holds it: `pip install --no-deps --target FOLDER pvbm`. It prints the largest difference of any
image, in parts of the other program's number.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage.measure import block_reduce, regionprops
from skimage.morphology import skeletonize

from retseg.image import read_mask
from retseg.measures import measure_fractals, measure_vessels, trace_vessels

Mask = NDArray[np.bool_]
DIMENSIONS = ("fractal_box", "fractal_information", "fractal_correlation")


def list_masks(data: Path) -> Iterator[tuple[Mask, Mask]]:
    """Vessels and field of view of each training image."""
    folder = data / "DRIVE" / "training"
    for path in sorted((folder / "1st_manual").glob("*.gif")):
        view = read_mask(folder / "mask" / f"{path.stem[:2]}_training_mask.gif") > 0
        yield (read_mask(path) > 0) & view, view


def choose_boxes(view: Mask) -> tuple[int, int, NDArray[np.int64]]:
    """The first row and column of the field of view, and the sides of the boxes: a quarter to a 128th of it."""
    rows, columns = np.flatnonzero(view.any(axis=1)), np.flatnonzero(view.any(axis=0))
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    return int(rows[0]), int(columns[0]), np.round(side / 2.0 ** np.arange(2, 8)).astype(np.int64)


def fit(sides: NDArray[np.int64], shares: Sequence[NDArray[np.float64]]) -> list[float]:
    """The dimensions of the orders 0, 1 and 2 from the shares of the boxes of each side."""
    entropies = [[np.log(len(p)), -(p * np.log(p)).sum(), -np.log((p**2).sum())] for p in shares]
    return [float(value) for value in -np.polyfit(np.log(sides), entropies, 1)[0]]


def ask_scikit_image(mask: Mask, view: Mask) -> dict[str, float]:
    """Dimensions and densities by scikit-image."""
    top, left, sides = choose_boxes(view)
    part, shares = mask[top:, left:], []
    for side in sides:
        counts = block_reduce(part, (int(side), int(side)), np.sum).ravel()
        shares.append(counts[counts > 0] / counts.sum())
    area = regionprops(mask.astype(np.uint8))[0].area / regionprops(view.astype(np.uint8))[0].area
    thinned = skeletonize(mask).sum() / view.sum()
    return {**dict(zip(DIMENSIONS, fit(sides, shares), strict=True)), "density": area, "skeleton_density": thinned}


def ask_pvbm(mask: Mask, view: Mask) -> dict[str, float]:
    """The same by PVBM with our boxes, and its own dimensions, whose boxes are 5 pixels to 0.6 of the side."""
    from PVBM.FractalAnalysis import MultifractalVBMs
    from PVBM.GeometricalAnalysis import GeometricalVBMs

    program = MultifractalVBMs(optimize=False, min_proba=0, maxproba=1)
    top, left, sides = choose_boxes(view)
    part = mask[top:, left:].astype(np.float64)
    shares = [program._probability_per_pixel(part, int(side), [0, 1]).ravel() for side in sides]
    own = program.compute_multifractals(mask.astype(np.float64))[:3]
    dimensions = fit(sides, [share[share > 0] for share in shares])
    return {
        **dict(zip(DIMENSIONS, dimensions, strict=True)),
        **{f"{name}, its own boxes": float(value) for name, value in zip(DIMENSIONS, own, strict=True)},
        "density": float(GeometricalVBMs().area(mask) / view.sum()),
    }


def ask_us(mask: Mask, view: Mask) -> dict[str, float]:
    """The numbers of this package; the pixels of the centreline stand for themselves, before bumps are dropped."""
    tree = trace_vessels(mask)
    found = measure_fractals(mask, view)
    numbers = {name: float(getattr(found, name)) for name in DIMENSIONS}
    numbers |= {f"{name}, its own boxes": value for name, value in numbers.items()}
    numbers["density"] = measure_vessels(mask, view, tree).density
    numbers["skeleton_density"] = float(tree.skeleton.sum() / view.sum())
    return numbers


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pvbm", type=Path, metavar="FOLDER", help="that holds PVBM")
    options = parser.parse_args(arguments)
    masks = list(list_masks(Path(os.environ.get("RETSEG_DATA", "nowhere"))))
    if not masks:
        print("RETSEG_DATA names no folder with DRIVE: nothing is compared")
        return 0
    programs = {"scikit-image": ask_scikit_image}
    if options.pvbm:
        sys.path.append(str(options.pvbm))
        programs["PVBM"] = ask_pvbm
    ours = [ask_us(*pair) for pair in masks]
    print("| program | measure | ours, mean | its, mean | largest difference |")
    print("|---|---|---:|---:|---:|")
    for program, ask in programs.items():
        theirs = [ask(*pair) for pair in masks]
        for measure in theirs[0]:
            a, b = (np.array([row[measure] for row in rows]) for rows in (ours, theirs))
            worst = float(np.abs(a / b - 1).max())
            print(f"| {program} | {measure} | {a.mean():.4f} | {b.mean():.4f} | {100 * worst:.2f} % |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
