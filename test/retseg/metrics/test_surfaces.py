import math

import numpy as np
import pytest
from grand_challenge_metrics import stats as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from retseg.metrics.surfaces import hd95, measure_surfaces, normalised_surface_distance

masks = hnp.arrays(np.bool_, (9, 12))


def draw_blobs(seed: int) -> np.ndarray:
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal((60, 70)), 3)
    return noise > noise.std()


def test_distances_of_two_crafted_lines() -> None:
    """Prediction: row 1, columns 0 to 3. Truth: row 3, columns 0 to 3 and the single pixel (3, 9).

    The four pairs of pixels are 2 apart, the far pixel is sqrt(2^2 + 6^2) from (1, 3). Tolerance 2: 8 of 9 are near.
    HD95 of the truth: distances 2 2 2 2 6.32, 95 % lies 0.8 of the way from the fourth to the fifth.
    """
    prediction, truth = np.zeros((5, 10), dtype=bool), np.zeros((5, 10), dtype=bool)
    prediction[1, :4] = truth[3, :4] = truth[3, 9] = True
    far = math.sqrt(40)
    assert hd95(prediction, truth) == pytest.approx(2 + 0.8 * (far - 2))
    assert normalised_surface_distance(prediction, truth, 2) == pytest.approx(8 / 9)
    assert normalised_surface_distance(prediction, truth, 1.9) == 0
    assert hd95(prediction, truth, spacing=(0.5, 0.5)) == pytest.approx(1 + 0.4 * (far - 2))


def test_only_outlines_are_compared() -> None:
    """A filled 5 x 5 square and its 16-pixel outline have the same outline."""
    filled = np.zeros((9, 9), dtype=bool)
    filled[2:7, 2:7] = True
    ring = filled.copy()
    ring[3:6, 3:6] = False
    distances = measure_surfaces(filled, ring)
    assert distances.of_prediction.tolist() == [0] * 16
    assert distances.of_truth.size == 16


@pytest.mark.parametrize(("left", "right"), [(False, True), (True, False)])
def test_an_empty_mask_is_infinitely_far_from_a_filled_one(left: bool, right: bool) -> None:
    one, other = np.full((4, 4), left), np.full((4, 4), right)
    assert hd95(one, other) == math.inf
    assert normalised_surface_distance(one, other, 100) == 0


def test_two_empty_masks_have_no_distance_and_two_full_ones_none_at_all() -> None:
    empty, full = np.zeros((4, 4), dtype=bool), np.ones((4, 4), dtype=bool)
    assert math.isnan(hd95(empty, empty))
    assert math.isnan(normalised_surface_distance(empty, empty, 1))
    assert hd95(full, full) == 0
    assert normalised_surface_distance(full, full, 0) == 1


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 2.0)])
def test_hd95_lies_where_grand_challenge_metrics_puts_it(seed: int, spacing: tuple[float, float]) -> None:
    """The oracle takes the distance just below the 95th percentile: ours lies between this and the next above."""
    one, other = draw_blobs(seed), draw_blobs(seed + 100)
    below = oracle.percentile_hausdorff_distance(one, other, 0.95, spacing)
    distances = measure_surfaces(one, other, spacing)
    above = max(np.quantile(d, 0.95, method="higher") for d in (distances.of_prediction, distances.of_truth))
    assert below - 1e-9 <= hd95(one, other, spacing) <= above + 1e-9
    together = [distances.of_prediction.max(), distances.of_truth.max()]
    assert max(together) == pytest.approx(oracle.hausdorff_distance(one, other, spacing))
    means = [distances.of_prediction.mean(), distances.of_truth.mean()]
    assert max(means) == pytest.approx(oracle.modified_hausdorff_distance(one, other, spacing))


@settings(deadline=None, max_examples=20)
@given(masks, masks, st.floats(0, 20))
def test_distances_are_symmetric_bounded_and_fall_with_the_tolerance(
    one: np.ndarray, other: np.ndarray, tolerance: float
) -> None:
    assert hd95(one, other) == pytest.approx(hd95(other, one), nan_ok=True)
    share = normalised_surface_distance(one, other, tolerance)
    assert share == pytest.approx(normalised_surface_distance(other, one, tolerance), nan_ok=True)
    assert math.isnan(share) or 0 <= share <= 1
    assert math.isnan(share) or share <= normalised_surface_distance(one, other, tolerance + 1)
    assert not one.any() or hd95(one, one) == 0
