"""The interval of a number covers seeds and images together, and a difference is paired by both."""

import numpy as np
import pytest

from train.reproduce.statistics import Score, average, subtract

IMAGES = tuple(f"eye{number}" for number in range(20))


def make_score(value: float, seed: int = 0, images: tuple[str, ...] = IMAGES, deviation: float = 0.01) -> Score:
    """A score whose resamples spread around it; the same seed gives the same resamples of the images."""
    return Score(value, value + deviation * np.random.default_rng(seed).standard_normal(400), images)


def test_the_interval_of_one_seed_is_that_of_its_images() -> None:
    score = make_score(0.8)
    found = average({0: score})
    low, high = np.percentile(score.replicates, (2.5, 97.5))
    assert (found.mean, found.seeds) == (0.8, 1)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_the_mean_over_seeds_lies_in_its_interval_even_if_seeds_differ_more_than_images() -> None:
    scores = {seed: make_score(value, deviation=0.001) for seed, value in enumerate((0.70, 0.75, 0.80))}
    found = average(scores)
    assert found.mean == pytest.approx(0.75)
    assert found.low < 0.71 and found.high > 0.79


def test_a_difference_is_paired_by_images_and_seeds() -> None:
    """Images make both numbers rise and fall together, so the difference is known better than either."""
    first = {seed: make_score(0.7, seed, deviation=0.05) for seed in (0, 1)}
    second = {seed: make_score(0.72, seed, deviation=0.05) for seed in (0, 1)}
    found = subtract(first, second)
    assert found is not None
    assert (found.mean, found.low, found.high) == (pytest.approx(0.02), pytest.approx(0.02), pytest.approx(0.02))


def test_a_difference_takes_only_the_seeds_that_both_have() -> None:
    found = subtract({0: make_score(0.7), 1: make_score(0.1)}, {0: make_score(0.8), 2: make_score(0.9)})
    assert found is not None and found.seeds == 1 and found.mean == pytest.approx(0.1)
    assert subtract({0: make_score(0.7)}, {1: make_score(0.8)}) is None


def test_numbers_of_different_images_have_a_difference_without_an_interval() -> None:
    found = subtract({0: make_score(0.7)}, {0: make_score(0.8, images=("other",))})
    assert found is not None and found.mean == pytest.approx(0.1)
    assert np.isnan(found.low) and np.isnan(found.high)


def test_a_resample_without_a_value_is_left_out() -> None:
    score = make_score(0.8)
    score.replicates[:100] = np.nan
    found = average({0: score})
    assert 0.7 < found.low < 0.8 < found.high < 0.9


def test_a_run_without_resamples_takes_the_deviations_of_the_other_seeds() -> None:
    whole, bare = make_score(0.8), Score(0.7, np.empty(0), ())
    found = average({0: whole, 1: bare})
    both = average({0: whole, 1: Score(0.7, whole.replicates - 0.1, IMAGES)})
    assert (found.mean, found.low, found.high) == (both.mean, pytest.approx(both.low), pytest.approx(both.high))
    assert np.isnan(average({1: bare}).low)
