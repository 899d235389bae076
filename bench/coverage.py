"""How often a 95 % interval holds the true value: simulated studies of 5, 20 and 65 images.

    python bench/coverage.py

Each study draws images from a population whose true value is known. Two metrics stand for all: the mean over images of
a Dice per image, and the F1 of all pixels together, where few images hold most of the lesion. For each, three intervals
are compared: the percentiles of the evaluator, BCa (bias-corrected and accelerated), and Student's t with the standard
error of the jackknife. A good interval holds the true value in 95 % of the studies.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from retseg.metrics.derived import f1
from retseg.metrics.resampling import draw_resamples, find_interval, resample_mean, resample_pooled

STUDIES, RESAMPLES, POPULATION = 1000, 2000, 200_000
Floats = NDArray[np.float64]
Ends = tuple[float, float]


def draw_dice(rng: np.random.Generator, images: int) -> Floats:
    """Dice of each image: most near 0.8, a tail of failures."""
    return np.where(rng.random(images) < 0.1, rng.beta(2, 4, images), rng.beta(24, 6, images))


def draw_counts(rng: np.random.Generator, images: int) -> Floats:
    """Counts tp, fp, fn, tn of each image, (images, 4): areas of lesions over three powers of ten."""
    area = np.exp(rng.normal(6, 1.6, images))
    recall, precision = rng.beta(6, 3, images), rng.beta(6, 4, images)
    found = area * recall
    return np.round(np.stack([found, found * (1 / precision - 1), area - found, np.full(images, 7e5)], axis=1))


def correct_interval(value: float, replicates: Floats, left_out: Floats) -> Ends:
    """The BCa interval (Efron, 1987).

    Args:
        value: of all images.
        replicates: of the bootstrap.
        left_out: the value without each image in turn.
    """
    share = np.clip((np.sum(replicates < value) + np.sum(replicates == value) / 2) / len(replicates), 1e-4, 1 - 1e-4)
    bias = stats.norm.ppf(share)
    deviations = left_out.mean() - left_out
    acceleration = np.sum(deviations**3) / (6 * max(np.sum(deviations**2), 1e-30) ** 1.5)
    shifted = bias + stats.norm.ppf([0.025, 0.975])
    low, high = stats.norm.cdf(bias + shifted / (1 - acceleration * shifted))
    return float(np.quantile(replicates, low)), float(np.quantile(replicates, high))


def spread_interval(value: float, left_out: Floats) -> Ends:
    """Student's t with the standard error of the jackknife; that of a mean is the usual one."""
    n = len(left_out)
    error = np.sqrt((n - 1) / n * np.sum((left_out - left_out.mean()) ** 2))
    reach = float(stats.t.ppf(0.975, n - 1) * error)
    return value - reach, value + reach


def count_coverage(
    draw: Callable[[np.random.Generator, int], Floats], measure: Callable[[Floats, Floats], Floats], images: int
) -> dict[str, tuple[float, float]]:
    """For each interval the share of studies that hold the true value, and the mean width.

    Args:
        draw: images of a population.
        measure: (images, ...) and (resamples, images) weights to the value of each resample.
        images: of a study.
    """
    rng = np.random.default_rng(images)
    population = draw(rng, POPULATION)
    truth = float(measure(population, np.ones((1, POPULATION)))[0])
    weights = draw_resamples(images, 0, RESAMPLES)
    without = 1 - np.eye(images)
    held: dict[str, list[tuple[bool, float]]] = {"percentile": [], "BCa": [], "Student's t": []}
    for _ in range(STUDIES):
        sample = draw(rng, images)
        value = float(measure(sample, np.ones((1, images)))[0])
        replicates, left_out = measure(sample, weights), measure(sample, without)
        percentile = find_interval(replicates)
        ends = {
            "percentile": (percentile.low, percentile.high),
            "BCa": correct_interval(value, replicates, left_out),
            "Student's t": spread_interval(value, left_out),
        }
        for name, (low, high) in ends.items():
            held[name].append((low <= truth <= high, high - low))
    return {
        name: (float(np.mean([h for h, _ in pairs])), float(np.mean([w for _, w in pairs])))
        for name, pairs in held.items()
    }


def main() -> None:
    """Print a row for each metric, number of images and interval."""
    print("| number | images | interval | holds the true value | mean width |\n|---|---|---|---|---|")
    metrics = {
        "mean Dice of images": (draw_dice, resample_mean),
        "F1 of all pixels": (draw_counts, lambda counts, weights: resample_pooled(counts, f1.over, weights)),
    }
    for title, (draw, measure) in metrics.items():
        for images in (5, 20, 65):
            for name, (share, width) in count_coverage(draw, measure, images).items():
                print(f"| {title} | {images} | {name} | {share:.1%} | {width:.3f} |", flush=True)


if __name__ == "__main__":
    main()
