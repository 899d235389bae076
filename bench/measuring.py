"""Our vessel measures against the way of AutoMorph, computed by scikit-image on the same masks.

    python bench/measuring.py [--masks N]

AutoMorph (Zhou et al., Translational Vision Science and Technology 2022) measures density, fractal dimension, width and
the tortuosity of segments. Its way is written here from that description: thin the mask, count boxes, take the
branching points out, label the segments, and walk each one. Prints one JSON object: medians in seconds.
"""

import argparse
import json
import statistics
import time

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve, distance_transform_edt
from skimage.measure import label, regionprops
from skimage.morphology import skeletonize

from retseg.measures import measure_vessels
from retseg.phantom.fundus import draw_fundus

Mask = NDArray[np.bool_]


def measure_by_scikit_image(mask: Mask, field_of_view: Mask) -> tuple[float, ...]:
    """Density, fractal dimension, mean width, and the mean tortuosity of segments."""
    skeleton = skeletonize(mask)
    neighbours = convolve(skeleton.astype(np.uint8), np.ones((3, 3), np.uint8), mode="constant") - 1
    segments = regionprops(label(skeleton & ~(skeleton & (neighbours > 2)), connectivity=2))
    ratios = []
    for segment in segments:
        if segment.area < 10:
            continue
        line = walk(segment.coords)
        arc = np.hypot(*np.diff(line, axis=0).T).sum()
        chord = np.hypot(*(line[-1] - line[0]))
        if chord > 0:
            ratios.append(arc / chord)
    width = 2 * distance_transform_edt(mask)[skeleton].mean()
    return mask.sum() / field_of_view.sum(), count_boxes(mask), float(width), float(np.mean(ratios))


def walk(pixels: NDArray[np.intp]) -> NDArray[np.intp]:
    """The pixels of a segment, (n, 2), in order: from one end to the nearest that is left, again and again."""
    left = {tuple(pixel) for pixel in pixels.tolist()}

    def near(pixel: tuple[int, ...]) -> list[tuple[int, ...]]:
        around = ((pixel[0] + y, pixel[1] + x) for y in (-1, 0, 1) for x in (-1, 0, 1))
        return [each for each in around if each in left and each != pixel]

    here: tuple[int, ...] | None = next((pixel for pixel in sorted(left) if len(near(pixel)) == 1), min(left))
    line = []
    while here is not None:
        line.append(here)
        left.discard(here)
        here = next(iter(near(here)), None)
    return np.array(line)


def count_boxes(mask: Mask) -> float:
    """The fractal dimension by box counting with sides of powers of two."""
    sides = 2 ** np.arange(1, int(np.log2(min(mask.shape))))
    counts = []
    for side in sides:
        rows = np.add.reduceat(mask.astype(np.int64), np.arange(0, mask.shape[0], side), axis=0)
        counts.append((np.add.reduceat(rows, np.arange(0, mask.shape[1], side), axis=1) > 0).sum())
    return float(-np.polyfit(np.log(sides), np.log(counts), 1)[0])


def enlarge(mask: Mask) -> Mask:
    """A mask at the size of a photograph of HRF, with smooth edges."""
    return np.asarray(cv2.resize(mask.astype(np.float32), (3504, 2336), interpolation=cv2.INTER_LINEAR) >= 0.5)


def main() -> None:
    """Take turns over drawn masks of the size of HRF, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--masks", type=int, default=5)
    rows = []
    for seed in range(parser.parse_args().masks + 1):
        phantom = draw_fundus(seed)
        given = enlarge(phantom.masks["vessel"]), enlarge(phantom.field_of_view)
        began = time.perf_counter()
        measure_vessels(*given)
        middle = time.perf_counter()
        measure_by_scikit_image(*given)
        rows.append((middle - began, time.perf_counter() - middle))
    ours, theirs = (statistics.median(column) for column in zip(*rows[1:], strict=True))
    print(json.dumps({"ours": ours, "scikit-image": theirs}))


if __name__ == "__main__":
    main()
