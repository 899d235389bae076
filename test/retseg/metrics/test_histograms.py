import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from retseg.metrics.histograms import (
    BINS,
    CHUNK,
    count_grid,
    count_probabilities,
    find_centres,
    find_exact_bins,
    find_lower_edges,
    step_above,
)

probabilities = hnp.arrays(np.float32, 16, elements=st.floats(0, 1, width=32))
truths = hnp.arrays(np.bool_, 16)


def place(values: list[float]) -> list[int]:
    """The bins of single values, in the order given."""
    histograms = [count_probabilities(np.array([v], dtype=np.float32), np.array([True])) for v in values]
    return [int(np.flatnonzero(h.positives)[0]) for h in histograms]


def test_zero_and_one_have_bins_of_their_own_and_nothing_between_is_clipped() -> None:
    smallest, next_to_one = float(np.nextafter(np.float32(0), np.float32(1))), float(np.float32(1 - 2**-24))
    assert place([0.0, 1.0]) == [0, BINS - 1]
    bins = place([smallest, 1e-44, 1e-30, 1e-20, 1e-6, 0.5, 0.999, next_to_one])
    assert bins == sorted(set(bins))
    assert bins[0] > 0
    assert bins[-1] < BINS - 1


def test_bins_are_even_in_the_logit() -> None:
    edges = find_lower_edges()[1:-1]
    logits = np.log(edges) - np.log1p(-edges)
    widths = np.diff(logits)
    assert np.mean(np.isclose(widths, 121 / (BINS - 2), rtol=1e-3)) > 0.99
    assert np.all(widths > 0)
    assert widths.max() < 2.1 * 121 / (BINS - 2)
    assert np.all(np.diff(find_centres()) > 0)


@settings(deadline=None, max_examples=15)
@given(probabilities, truths)
def test_the_order_of_the_pixels_survives_the_bins(probability: np.ndarray, truth: np.ndarray) -> None:
    order = np.argsort(probability)
    bins = np.array(place(probability[order].tolist()))
    assert np.all(np.diff(bins) >= 0)
    histograms = count_probabilities(probability, truth)
    assert histograms.positives.sum() == truth.sum()
    assert histograms.negatives.sum() == (~truth).sum()


@settings(deadline=None, max_examples=15)
@given(probabilities)
def test_each_pixel_lies_between_the_edges_of_its_bin(probability: np.ndarray) -> None:
    edges = np.append(find_lower_edges(), 2)
    bins = np.array(place(probability.tolist()))
    slack = 1e-4 * np.minimum(probability, 1 - probability) + 1e-8  # the logarithm of float32
    assert np.all(edges[bins] - slack <= probability)
    assert np.all(probability <= edges[bins + 1] + slack)


@pytest.mark.parametrize("parts", [10, 30, 32])
def test_counts_at_the_usual_thresholds_are_exact_at_and_around_them(parts: int) -> None:
    grid = np.arange(parts + 1) / parts
    single = grid.astype(np.float32)
    around = np.concatenate([single, np.nextafter(single, np.float32(0)), np.nextafter(single, np.float32(1))])
    noise = np.random.default_rng(parts).random(20_000, dtype=np.float32)
    coarse = (np.arange(256) / 255).astype(np.float32)
    probability = np.concatenate([around, noise, coarse])
    truth = np.random.default_rng(1).random(probability.size) < 0.4
    histograms = count_probabilities(probability, truth)
    for thresholds in (grid, step_above(grid)):
        first = find_exact_bins(thresholds)
        expected = [int(np.sum(truth & (probability >= np.float32(t)))) for t in thresholds]
        assert [int(histograms.positives[b:].sum()) for b in first] == expected
        assert count_grid(probability, truth, None, thresholds)[:, 0].tolist() == expected


def test_a_threshold_beside_the_grids_is_refused_by_the_histogram_and_counted_by_the_grid() -> None:
    with pytest.raises(ValueError, match=r"0\.42 .* count_grid"):
        find_exact_bins(np.array([0.5, 0.42]))
    rows = count_grid(np.array([0.41, 0.42, 0.43], np.float32), np.array([True, False, True]), None, np.array([0.42]))
    assert rows.tolist() == [[1, 1, 1, 0]]


def test_an_eight_bit_value_meets_the_threshold_that_it_equals_as_a_fraction() -> None:
    """51/255 = 6/30 and 17/255 = 2/30: `p >= t` must hold, though 51/255 in float32 is not 0.2 in float64."""
    probability = (np.array([17, 51, 50]) / 255).astype(np.float32)
    rows = count_grid(probability, np.ones(3, dtype=bool), None, np.arange(31) / 30)
    assert rows[2, 0] == 3
    assert rows[6, 0] == 1
    assert rows[7, 0] == 0


def test_only_the_region_counts_whatever_lies_outside_it() -> None:
    probability = np.array([[0.25, np.nan], [0.75, 7.0]], dtype=np.float32)
    truth, region = np.array([[True, True], [False, False]]), np.array([[True, False], [True, False]])
    histograms = count_probabilities(probability, truth, region)
    assert (histograms.positives.sum(), histograms.negatives.sum()) == (1, 1)
    assert histograms.squared_error == pytest.approx(2 * 0.75**2)


@pytest.mark.parametrize("bad", [np.nan, -0.1, 1.5, np.inf])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        count_probabilities(np.array([0.5, bad], dtype=np.float32), np.array([True, False]))
    with pytest.raises(ValueError, match="float32"):
        count_probabilities(np.array([0.5]), np.array([True]))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="do not fit"):
        count_probabilities(np.array([0.5], dtype=np.float32), np.array([True, False]))


@settings(deadline=None, max_examples=20)
@given(probabilities, truths, st.integers(0, 16))
def test_histograms_of_parts_add_up_to_the_whole(probability: np.ndarray, truth: np.ndarray, cut: int) -> None:
    whole = count_probabilities(probability, truth)
    parts = count_probabilities(probability[:cut], truth[:cut]) + count_probabilities(probability[cut:], truth[cut:])
    assert np.array_equal(whole.positives, parts.positives)
    assert np.array_equal(whole.negatives, parts.negatives)
    assert whole.squared_error == pytest.approx(parts.squared_error, abs=1e-5)


def test_memory_does_not_grow_with_the_image() -> None:
    probability = np.zeros(3 * CHUNK, dtype=np.float32)
    truth = np.zeros(3 * CHUNK, dtype=bool)
    tracemalloc.start()
    count_probabilities(probability, truth)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
