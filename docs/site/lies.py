"""Score one prediction by every rule: the tables and the picture of docs/explanation/how-scores-lie.md.

    python -m docs.site.lies             print the tables
    python -m docs.site.lies --picture   write docs/images/how-scores-lie.png too

Four drawn eyes have exact truth. The prediction is this truth moved by one pixel down and to the right, and blurred a
little; in one eye without haemorrhages it has a spot of 10 x 10 pixels. No model takes part, so every machine has the
same numbers.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import retseg
from retseg.image import write_mask, write_picture, write_probability
from retseg.phantom import FundusContent, LesionCounts, draw_fundus
from retseg.phantom.phantom import Phantom

SIDE = 384
HAEMORRHAGES = {1: 14, 2: 2, 3: 0, 4: 0}
"""Seed of each eye to its number of haemorrhages."""

FALSE_ALARM = 3
TASKS = ("vessel", "haemorrhage")
PICTURE = Path(__file__).resolve().parent.parent / "images" / "how-scores-lie.png"
GREY, ORANGE, BLUE = (238, 238, 238), (230, 159, 0), (86, 180, 233)
SHOWN = {
    "vessel": (
        ("drive", "drive-fov", "accuracy"),
        ("drive", "drive-frame", "accuracy"),
        ("drive", "drive-fov", "auc_roc"),
        ("drive", "drive-frame", "auc_roc"),
        ("drive", "drive-fov", "dice"),
        ("drive", "drive-fov", "iou"),
        ("drive", "drive-leaky-miou", "mean_iou"),
        ("drive", "drive-keras-accuracy-512", "accuracy"),
        ("drive", "drive-keras-accuracy-256", "accuracy"),
    ),
    "haemorrhage": (
        ("idrid", "idrid-per-image", "dice"),
        ("fundus", "fundus-frame-pooled", "dice"),
        ("idrid", "idrid-33-per-image", "auc_pr"),
        ("idrid", "idrid-33-present", "auc_pr"),
        ("idrid", "idrid-33", "auc_pr"),
        ("idrid", "idrid-33-step", "auc_pr"),
        ("idrid", "m2mrf-11", "auc_pr"),
        ("idrid", "redseg-31", "auc_pr"),
        ("idrid", "idrid-ap", "ap"),
        ("idrid", "idrid-lesions", "lesions_found"),
        ("idrid", "idrid-lesions", "false_lesions_per_image"),
        ("fundus", "fundus-frame", "empty_truth_false_alarm"),
    ),
}
"""Task to the numbers of its table: challenge, protocol, metric."""


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", action="store_true", help="write the picture too")
    if parser.parse_args().picture:
        write_picture(PICTURE, draw_picture())
    for task in TASKS:
        print(f"\n{task}")
        for row in list_rows(task):
            print(row)
    return 0


def draw_eye(seed: int) -> Phantom:
    """One of the four eyes."""
    lesions = LesionCounts(microaneurysm=0, haemorrhage=HAEMORRHAGES[seed], hard_exudate=0, soft_exudate=0)
    return draw_fundus(seed, (SIDE, SIDE), FundusContent(lesions=lesions))


def predict(eye: Phantom, seed: int, task: str) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """The truth of a task, bool (H, W), and the prediction, float32 (H, W)."""
    truth = eye.masks.get(task, np.zeros((SIDE, SIDE), bool))
    moved = np.roll(truth, (1, 1), (0, 1))
    if task == "haemorrhage" and seed == FALSE_ALARM:
        moved[180:190, 180:190] = True
    return truth, cv2.GaussianBlur(moved.astype(np.float32), (0, 0), 1.0)


def list_rows(task: str) -> Iterator[str]:
    """The rows of the table of a task, as Markdown: protocol, metric, value."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_files(folder, task)
        found = {}
        for challenge in dict.fromkeys(challenge for challenge, *_ in SHOWN[task]):
            outcome = retseg.evaluate(
                folder / "predicted", folder / "truth", challenge=challenge, protocol="all", tasks=[task]
            )
            for each in outcome.evaluations:
                found[challenge, each.protocol.name] = each.aggregates[task]
    for challenge, protocol, metric in SHOWN[task]:
        yield f"| `{protocol}` | {metric} | {found[challenge, protocol][metric].mean:.3f} |"


def write_files(folder: Path, task: str) -> None:
    """Truth and predictions as a participant and an organiser would have them."""
    geometry = retseg.Geometry((SIDE, SIDE))
    for seed in HAEMORRHAGES:
        eye = draw_eye(seed)
        truth, predicted = predict(eye, seed, task)
        write_mask(folder / "truth" / task / f"{seed}.png", truth, geometry)
        write_mask(folder / "truth" / "fov" / f"{seed}.png", eye.field_of_view, geometry)
        write_picture(folder / "truth" / "images" / f"{seed}.png", eye.pixels)
        write_probability(folder / "predicted" / task / f"{seed}.png", predicted, geometry)


def draw_picture(seed: int = 1, left: int = 60, top: int = 150, side: int = 64) -> NDArray[np.uint8]:
    """An eye, its vessels, and a part of them enlarged: found is grey, missed orange, added blue."""
    eye = draw_eye(seed)
    truth, predicted = predict(eye, seed, "vessel")
    mask = predicted >= 0.5
    drawn = np.zeros((SIDE, SIDE, 3), np.uint8)
    for where, colour in ((truth & mask, GREY), (truth & ~mask, ORANGE), (mask & ~truth, BLUE)):
        drawn[where] = colour
    part = drawn[top : top + side, left : left + side]
    gap = np.full((SIDE, 12, 3), 255, np.uint8)
    return np.hstack([eye.pixels, gap, drawn, gap, cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)])


if __name__ == "__main__":
    sys.exit(main())
