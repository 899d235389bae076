"""All models of `fundus` on one photograph, from its file to its masks, compared with the sum of their own times.

A model's own time begins with decoded pixels and a known field of view; for all models together both are done once. The
runs take turns, so that a slower or faster machine changes all alike.

    python bench/together.py [--image FILE]

The default image is the first photograph of `test/cases/fundus`. The program prints the ratio and its bar, and exits
with 1 if the ratio is above the bar.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import load_challenge
from retseg.image import Image, find_field_of_view, read_image
from retseg.predictor import Predictor

ROOT = Path(__file__).resolve().parent.parent
BAR = 1.05
TURNS = 7


def time_together(predictor: Predictor, path: Path) -> float:
    """Seconds from the file to the masks of all models."""
    began = time.perf_counter()
    predictor.predict(read_image(path))
    return time.perf_counter() - began


def time_alone(predictor: Predictor, image: Image, field_of_view: NDArray[np.bool_]) -> float:
    """Seconds from pixels and field of view to the masks of one model."""
    began = time.perf_counter()
    predictor.predict(image, field_of_view)
    return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> int:
    """Take turns, print the seconds and their ratio; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, default=min((ROOT / "test/cases/fundus").rglob("input/images/*/*.mha")))
    path = parser.parse_args(arguments).image
    models = load_challenge("fundus").models
    names = tuple(dict.fromkeys(models.values()))
    groups = [{task: each for task, each in models.items() if each == name} for name in names]
    together, *alone = (
        Predictor.open(group, [ROOT / "model_weights"], "openvino") for group in (dict(models), *groups)
    )
    image = read_image(path)
    seen = image, find_field_of_view(image.pixels)
    turns = [(time_together(together, path), [time_alone(each, *seen) for each in alone]) for _ in range(TURNS + 1)][1:]
    for name, column in zip(names, zip(*(each for _, each in turns), strict=True), strict=True):
        print(f"{name} alone: {statistics.median(column):.3f} s")
    print(f"together: {statistics.median(all_at_once for all_at_once, _ in turns):.3f} s")
    ratio = statistics.median(all_at_once / sum(each) for all_at_once, each in turns)
    print(f"ratio to their sum {ratio:.2f} (at most {BAR}): {'holds' if ratio <= BAR else 'MISSED'}")
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
