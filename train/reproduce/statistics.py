"""One number of several seeds: its mean, and a 95 % interval over seeds and images together.

A result keeps the values of its measures in resamples of its images. Results of the same images have the same
resamples, so their values can be averaged and subtracted resample by resample. For each resample of the images, seeds
are drawn with replacement, too. With a single seed the interval is over the images alone. A run without resamples, of
an earlier version, gets the deviations of the other seeds from their values.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SEED_DRAWS = 25
"""Draws of seeds for each resample of the images."""


@dataclass(frozen=True)
class Score:
    """One measure of one run.

    Attributes:
        value: of all images.
        replicates: (resamples,) of the images; empty where the result has none.
        images: the names of the images, in order; none where the result does not have them.
    """

    value: float
    replicates: Floats
    images: tuple[str, ...]


@dataclass(frozen=True)
class Spread:
    """A mean over seeds with its 95 % interval; both ends are nan where there are no resamples."""

    mean: float
    low: float
    high: float
    seeds: int


def average(scores: Mapping[int, Score]) -> Spread:
    """The mean over the seeds of one experiment.

    Args:
        scores: seed to score; at least one.
    """
    chosen = list(scores.values())
    mean = float(np.mean([score.value for score in chosen]))
    whole = [score for score in chosen if score.replicates.size]
    if not whole or len({score.images for score in whole}) > 1:
        return Spread(mean, np.nan, np.nan, len(chosen))
    deviations = np.mean([score.replicates - score.value for score in whole], axis=0)
    table = [score.replicates if score.replicates.size else score.value + deviations for score in chosen]
    return Spread(mean, *_find_ends(np.stack(table)), len(chosen))


def subtract(first: Mapping[int, Score], second: Mapping[int, Score]) -> Spread | None:
    """The second number less the first, by the seeds that both have; None where they share none.

    The difference is taken seed by seed and resample by resample if both are of the same images. If not, there is no
    interval of that seed.
    """
    shared = sorted(first.keys() & second.keys())
    if not shared:
        return None
    differences = {}
    for seed in shared:
        before, after = first[seed], second[seed]
        paired = before.images == after.images and before.replicates.size and after.replicates.size
        replicates = after.replicates - before.replicates if paired else np.empty(0)
        differences[seed] = Score(after.value - before.value, replicates, before.images)
    return average(differences)


def _find_ends(replicates: Floats) -> tuple[float, float]:
    """The ends of the 95 % interval of (seeds, resamples) values; resamples without a value are left out."""
    seeds, resamples = replicates.shape
    drawn = np.random.default_rng(0).integers(seeds, size=(SEED_DRAWS, seeds, resamples))
    means = np.take_along_axis(replicates[None], drawn, axis=1).mean(axis=1)
    low, high = np.nanpercentile(means, (2.5, 97.5)) if np.isfinite(means).any() else (np.nan, np.nan)
    return float(low), float(high)
