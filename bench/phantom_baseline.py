"""Compare the shipped DRAC22 models with a tuned classical baseline, on drawn angiograms that are new to both.

    python -m bench.phantom_baseline [--cases 40] [--models DIR] [--tuning 24]

The baseline filters an angiogram with Frangi's vesselness, averages it locally, and applies a threshold: the mask of
non-perfusion is below it, that of IRMA and neovascularization above it. Width of the filter, width of the average,
threshold and minimum component size are tuned for each lesion, on phantoms of the level that the models were trained
on. They give the best mean Dice over the images that have the lesion. The program prints this Dice, and the share of
images without the lesion in which anything is found, at three levels of difficulty.
"""

import argparse
import itertools
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import frangi

from retseg.image import Geometry, Image
from retseg.metrics.components import drop_small
from retseg.metrics.counts import count_confusion
from retseg.metrics.derived import dice
from retseg.metrics.resampling import bootstrap_mean
from retseg.phantom import Phantom, draw_octa
from retseg.phantom.octa import LEVELS
from retseg.predictor import Predictor
from train import REPOSITORY
from train.model.thresholds import THRESHOLDS, count_parts

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
TASKS = ("irma", "nonperfusion", "neovascularization")
TUNING_SEED, TEST_SEED = 22_000, 90_000
HALF = 512
WIDTHS: tuple[tuple[float, ...], ...] = ((1.0,), (1.5,), (2.5,), (1.0, 2.0))
REACHES = (2.0, 4.0, 8.0, 16.0)
AREAS = (0, 25, 50, 100, 200, 400)
"""Minimum component sizes, in pixels at half the scale."""


@dataclass(frozen=True)
class Baseline:
    """The tuned values for one lesion.

    Attributes:
        widths: standard deviations of the vesselness filter, in pixels at half the scale.
        reach: standard deviation of the local average, in pixels at half the scale.
        sign: -1 where the lesion lacks vessels, 1 where it is full of them.
        threshold: of sign x density.
        minimum_component_size: in pixels at half the scale.
        score: mean Dice over the phantoms with the lesion that it was tuned on.
    """

    widths: tuple[float, ...]
    reach: float
    sign: int
    threshold: float
    minimum_component_size: int
    score: float

    def segment(self, phantom: Phantom) -> Mask:
        """The mask at the phantom's own size."""
        density = measure_density(measure_vesselness(phantom, self.widths), self.reach)
        shape = phantom.pixels.shape[1::-1]
        mask = np.asarray(cv2.resize(self.sign * density, shape) >= self.threshold)
        return drop_small(mask, self.minimum_component_size * 4)


def measure_vesselness(phantom: Phantom, widths: Sequence[float]) -> Floats:
    """Frangi's vesselness at half the scale, float32 (512, 512), its mean 1."""
    grey = cv2.resize(phantom.pixels[:, :, 0], (HALF, HALF), interpolation=cv2.INTER_AREA).astype(np.float64) / 255
    found = frangi(grey, sigmas=widths, black_ridges=False)
    return np.asarray(found / max(float(found.mean()), 1e-12), np.float32)


def measure_density(vesselness: Floats, reach: float) -> Floats:
    """The local mean of a map (h, w), by a Gaussian window."""
    return np.asarray(cv2.GaussianBlur(vesselness, (0, 0), reach, borderType=cv2.BORDER_REFLECT), np.float32)


def tune(task: str, phantoms: Sequence[Phantom], maps: dict[tuple[float, ...], list[Floats]]) -> Baseline:
    """The best baseline for one lesion on the phantoms, whose vesselness is given for each width."""
    having = [number for number, phantom in enumerate(phantoms) if phantom.masks[task].any()]
    truths = [halve(phantoms[number].masks[task]) for number in having]
    sign = -1 if task == "nonperfusion" else 1
    found = []
    for widths, reach in itertools.product(WIDTHS, REACHES):
        densities = [sign * measure_density(maps[widths][number], reach) for number in having]
        # finest where lesions are rare: thresholds at the shares 0.5 to 0.0005 of all pixels, evenly in the logarithm
        shares = np.geomspace(0.5, 0.0005, len(THRESHOLDS))
        levels = np.quantile(np.concatenate([density[::4, ::4].ravel() for density in densities]), 1 - shares)
        everywhere = np.ones((HALF, HALF), bool)
        counts = []
        for density, truth in zip(densities, truths, strict=True):
            rank = np.searchsorted(levels, density, side="right").astype(np.float32)
            step = np.float32(THRESHOLDS[0])
            counts.append(count_parts(rank * step + step / 2 * (rank > 0), truth, everywhere, AREAS))
        table = dice.over(np.stack(counts)).mean(axis=0)
        area, best = np.unravel_index(int(np.argmax(table)), table.shape)
        score = float(table[area, best])
        found.append(Baseline(widths, reach, sign, float(levels[best]), AREAS[area], score))
    return max(found, key=lambda baseline: baseline.score)


def halve(mask: Mask) -> Mask:
    """A mask at half its scale: where at least half of the four pixels are set."""
    shares = cv2.resize(mask.astype(np.float32), (HALF, HALF), interpolation=cv2.INTER_AREA)
    return np.asarray(shares >= 0.5)


def overlap(found: Mask, truth: Mask) -> float:
    """Dice of two masks, not both empty."""
    return float(dice.over(count_confusion(found, truth).as_row()))


def compare(level: str, cases: int, baselines: dict[str, Baseline], predictor: Predictor) -> list[str]:
    """The rows of one level: a line for each lesion."""
    present: dict[str, list[tuple[float, float]]] = {task: [] for task in TASKS}
    absent: dict[str, list[tuple[bool, bool]]] = {task: [] for task in TASKS}
    for number in range(cases):
        phantom = draw_octa(TEST_SEED + number, level)  # type: ignore[arg-type]
        height, width = phantom.pixels.shape[:2]
        prediction = predictor.predict(Image(phantom.pixels, Geometry((width, height)), f"phantom {number}"))
        for task in TASKS:
            truth, ours = phantom.masks[task], prediction.masks[task]
            theirs = baselines[task].segment(phantom)
            if truth.any():
                present[task].append((overlap(theirs, truth), overlap(ours, truth)))
            else:
                absent[task].append((bool(theirs.any()), bool(ours.any())))
        print(f"{level}: {number + 1}/{cases}", file=sys.stderr, flush=True)
    return [write_row(task, level, present[task], absent[task]) for task in TASKS]


def write_row(
    task: str, level: str, present: Sequence[tuple[float, float]], absent: Sequence[tuple[bool, bool]]
) -> str:
    """One line of the table; the gap comes with the 95 % interval of a paired bootstrap over images."""
    scores = "- | - | -"
    if present:
        pairs = np.array(present)
        gaps = pairs[:, 1] - pairs[:, 0]
        interval = bootstrap_mean(gaps, 0)
        gap = f"{gaps.mean():+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
        scores = f"{pairs[:, 0].mean():.3f} | {pairs[:, 1].mean():.3f} | {gap}"
    alarms = "- | -"
    if absent:
        alarms = " | ".join(f"{sum(side) / len(absent):.2f}" for side in zip(*absent, strict=True))
    return f"| {task} | {level} | {len(present)} | {scores} | {len(absent)} | {alarms} |"


def main() -> int:
    """Tune, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=40, help="phantoms per level (default: %(default)s)")
    parser.add_argument("--tuning", type=int, default=24, help="phantoms to tune on (default: %(default)s)")
    parser.add_argument("--models", type=Path, default=REPOSITORY / "model_weights", help="folder of the models")
    options = parser.parse_args()
    absent = [task for task in TASKS if not (options.models / f"drac22-{task}").is_dir()]
    if absent:
        print(f"not run: no model for {', '.join(absent)} in {options.models}: make them as docs/drac22.md says")
        return 0
    predictor = Predictor.open({task: f"drac22-{task}" for task in TASKS}, [options.models], "openvino")
    phantoms = [draw_octa(TUNING_SEED + number) for number in range(options.tuning)]
    maps = {widths: [measure_vesselness(phantom, widths) for phantom in phantoms] for widths in WIDTHS}
    baselines = {task: tune(task, phantoms, maps) for task in TASKS}
    for task, baseline in baselines.items():
        print(f"{task}: {baseline}")
    print("\n| lesion | level | with it | baseline Dice | model Dice | gap | without it | its alarms | model's |")
    print("|---|---|---|---|---|---|---|---|---|")
    for level in LEVELS:
        for row in compare(level, options.cases, baselines, predictor):
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
