"""The evaluator's speed as ratios to scikit-learn, MONAI and torchmetrics, measured in one run.

    python bench/metrics.py

The program prints one row per claim with its bar, and exits with 1 if one is missed. It needs the development
environment, takes about two minutes on one core, and draws its own data: 27 probability maps of 1072 x 712 and 65 pairs
of masks of 1024 x 1024.
"""

import functools
import multiprocessing
import operator
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from monai.metrics import DiceMetric
from sklearn.metrics import average_precision_score, roc_auc_score
from threadpoolctl import threadpool_limits
from torchmetrics.segmentation import DiceScore

from retseg.metrics.counts import count_confusion
from retseg.metrics.curves import auc_roc, average_precision, integrate_grid
from retseg.metrics.derived import dice
from retseg.metrics.histograms import count_grid, count_probabilities
from retseg.metrics.resampling import bootstrap_curves, bootstrap_mean, bootstrap_pooled
from retseg.metrics.surfaces import hd95

MAPS = {
    "smooth": lambda logits: 1 / (1 + np.exp(-logits)),
    "logit x 4": lambda logits: 1 / (1 + np.exp(-4 * logits)),
    "p to the fourth": lambda logits: (1 / (1 + np.exp(-logits))) ** 4,
    "8 bit": lambda logits: np.round(255 / (1 + np.exp(-logits))) / 255,
}


@dataclass(frozen=True)
class Row:
    """One claim: what was measured, the bar, and whether it holds."""

    claim: str
    measured: str
    bar: str
    holds: bool


def time_best(act: Callable[[], object], repeats: int = 3) -> float:
    """Seconds of processor time of the fastest of some repeats: other programs on the machine do not count."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        act()
        seconds.append(time.process_time() - start)
    return min(seconds)


def draw_cases(count: int, shape: tuple[int, int], seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Logits and truth of `count` images, 3 % of the pixels true."""
    rng = np.random.default_rng(seed)
    cases = []
    for _ in range(count):
        truth = rng.random(shape) < 0.03
        cases.append((rng.normal(-5, 2, shape).astype(np.float32) + 4 * truth, truth))
    return cases


def score_by_counting(maps: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """AP and AUC of all pixels, image by image."""
    pooled = functools.reduce(operator.add, (count_probabilities(values, truth) for values, truth in maps))
    return average_precision(pooled), auc_roc(pooled)


def score_by_sorting(values: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The same by scikit-learn."""
    return average_precision_score(truth, values), roc_auc_score(truth, values)


def measure_curves() -> list[Row]:
    """AP and AUC of 27 images, pooled, against a sort of their pixels by scikit-learn."""
    cases = draw_cases(27, (712, 1072))
    rows = []
    for name, sharpen in MAPS.items():
        maps = [(sharpen(logits).astype(np.float32), truth) for logits, truth in cases]
        pool = [np.concatenate([case[part].ravel() for case in maps]) for part in (0, 1)]
        start = time.process_time()
        expected = score_by_sorting(*pool)
        theirs = time.process_time() - start
        ours = time_best(functools.partial(score_by_counting, maps))
        off = float(np.abs(np.subtract(score_by_counting(maps), expected)).max())
        measured = f"{theirs / ours:.0f} x ({theirs:.2f} s / {ours:.3f} s)"
        rows.append(Row(f"AP and AUC, {name}", measured, ">= 50 x", theirs >= 50 * ours))
        rows.append(Row(f"off scikit-learn, {name}", f"{off:.1e}", "<= 5e-5", off <= 5e-5))
    return rows


def score_by_counts(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """Seconds of processor time for the Dice of each pair of masks by counting."""
    start = time.process_time()
    for prediction, truth in pairs:
        dice(count_confusion(prediction, truth))
    return time.process_time() - start


def score_by_monai(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """The same by MONAI."""
    metric = DiceMetric(include_background=True, ignore_empty=False)
    start = time.process_time()
    for prediction, truth in pairs:
        metric(torch.from_numpy(prediction)[None, None], torch.from_numpy(truth)[None, None])
    metric.aggregate()
    return time.process_time() - start


def score_by_torchmetrics(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    """The same by torchmetrics."""
    metric = DiceScore(num_classes=1, input_format="one-hot")
    start = time.process_time()
    for prediction, truth in pairs:
        metric.update(torch.from_numpy(prediction)[None, None], torch.from_numpy(truth)[None, None])
    metric.compute()
    return time.process_time() - start


def measure_dice() -> list[Row]:
    """Per-image Dice of 65 pairs of 1024 x 1024 bool masks, each computed once, as in an evaluation.

    Each run is a new process, and the best of three counts. In a second run of the same process the C library reuses
    the memory of intermediate arrays of 4 and 8 MB, and torchmetrics is up to ten times faster.
    """
    rng = np.random.default_rng(0)
    pairs = [(rng.random((1024, 1024)) < 0.1, rng.random((1024, 1024)) < 0.1) for _ in range(65)]
    seconds = {}
    for score in (score_by_counts, score_by_monai, score_by_torchmetrics):
        with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
            seconds[score] = min(pool.apply(score, (pairs,)) for _ in range(3))
    ours = seconds[score_by_counts]
    rows = []
    for name, score in (("MONAI", score_by_monai), ("torchmetrics", score_by_torchmetrics)):
        measured = f"{seconds[score] / ours:.0f} x ({seconds[score]:.2f} s / {ours * 1000:.0f} ms)"
        rows.append(Row(f"Dice of 65 masks, {name}", measured, ">= 30 x", seconds[score] >= 30 * ours))
    return rows


def measure_resampling() -> list[Row]:
    """10,000 resamples of 81 images, from their counts."""
    cases = draw_cases(81, (200, 300), seed=1)
    maps = [((1 / (1 + np.exp(-logits))).astype(np.float32), truth) for logits, truth in cases]
    histograms = [count_probabilities(values, truth) for values, truth in maps]
    grid = np.stack([count_grid(values, truth, None, np.arange(33) / 32) for values, truth in maps])
    counts = grid[:, 16]
    claims = [
        ("mean of values", 1.0, lambda: bootstrap_mean(dice.over(counts), seed=0)),
        ("pooled counts", 1.0, lambda: bootstrap_pooled(counts, dice.over, seed=0)),
        ("33 thresholds", 1.0, lambda: bootstrap_pooled(grid, lambda t: integrate_grid(t, "trapezoid"), seed=0)),
        ("AP and AUC", 30.0, lambda: bootstrap_curves(histograms, seed=0)),
    ]
    rows = []
    for name, bar, act in claims:
        seconds = time_best(act, 2)
        rows.append(Row(f"10,000 resamples, {name}", f"{seconds:.2f} s", f"<= {bar:.0f} s", seconds <= bar))
    return rows


def measure_memory() -> list[Row]:
    """The rise of the peak memory while 27 images of 4288 x 2848 pixels are counted, one in memory at a time."""
    rng = np.random.default_rng(0)
    peaks = [read_peak()]
    for _ in range(27):
        values = rng.random((2848, 4288), dtype=np.float32)
        truth, prediction = values > 0.98, values > 0.985
        count_probabilities(values, truth, np.ones_like(truth))
        count_confusion(prediction, truth)
        prediction[100:], truth[100:] = False, False
        hd95(prediction, truth)
        peaks.append(read_peak())
    rise, late = peaks[-1] - peaks[0], peaks[-1] - peaks[2]
    return [
        Row("peak above the start, 27 of 4288 x 2848", f"{rise:.0f} MB", "<= 300 MB", rise <= 300),
        Row("of this after the second image", f"{late:.0f} MB", "<= 30 MB", late <= 30),
    ]


def read_peak() -> float:
    """The peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> int:
    """Measure everything on one core and print the table; the exit status is 0 if all bars hold."""
    torch.set_num_threads(1)
    with threadpool_limits(1):
        with multiprocessing.get_context("fork").Pool(1) as pool:  # a peak never falls, so this needs a new process
            rows = pool.apply(measure_memory)
        rows += [*measure_dice(), *measure_resampling(), *measure_curves()]
    width = max(len(row.claim) for row in rows)
    for row in rows:
        print(f"{row.claim:<{width}}  {row.measured:<26}  {row.bar:<10}  {'holds' if row.holds else 'MISSED'}")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
