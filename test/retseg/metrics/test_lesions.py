import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from skimage import measure

from retseg.metrics.lesions import (
    LesionMatches,
    count_lesions,
    count_lesions_at,
    froc,
    froc_score,
    lesion_precision,
    lesion_sensitivity,
)

masks = hnp.arrays(np.bool_, (10, 10))


def draw(rows: list[str]) -> np.ndarray:
    return np.array([[mark != "." for mark in row] for row in rows])


TRUTH = draw(
    [
        "aa....b",
        "a....b.",
        ".......",
        "ccc....",
    ]
)
PREDICTION = draw(
    [
        "..p...q",
        ".......",
        "..r....",
        "r...s..",
    ]
)


def test_lesions_of_a_crafted_image() -> None:
    """Truth: a (3 pixels), b (2, joined over a corner), c (3). Prediction: five single pixels, p, q, s and two r.

    q lies on b, the lower r on c; p touches a only from outside, the upper r lies above c: found b and c of 3, right
    2 of 5. With an overlap of one half b keeps (1 of 2), c falls out (1 of 3); what is right is wholly on the truth.
    """
    assert count_lesions(PREDICTION, TRUTH) == LesionMatches(lesions=3, found=2, components=5, right=2)
    assert count_lesions(PREDICTION, TRUTH, overlap=0.5) == LesionMatches(lesions=3, found=1, components=5, right=2)
    assert lesion_sensitivity(count_lesions(PREDICTION, TRUTH)) == pytest.approx(2 / 3)
    assert lesion_precision(count_lesions(PREDICTION, TRUTH)) == pytest.approx(2 / 5)


def test_empty_masks_have_no_sensitivity_or_no_precision() -> None:
    empty = np.zeros_like(TRUTH)
    assert count_lesions(empty, TRUTH) == LesionMatches(3, 0, 0, 0)
    assert math.isnan(lesion_precision(count_lesions(empty, TRUTH)))
    assert count_lesions(TRUTH, empty) == LesionMatches(0, 0, 3, 0)
    assert math.isnan(lesion_sensitivity(count_lesions(TRUTH, empty)))
    assert count_lesions(~empty, ~empty) == LesionMatches(1, 1, 1, 1)


def test_an_overlap_that_is_no_share_is_refused() -> None:
    with pytest.raises(ValueError, match="overlap of 50"):
        count_lesions(PREDICTION, TRUTH, overlap=50)


@settings(deadline=None, max_examples=40)
@given(masks, masks)
def test_lesions_agree_with_a_walk_over_scikit_image_regions(prediction: np.ndarray, truth: np.ndarray) -> None:
    def walk(mask: np.ndarray, cover: np.ndarray) -> list[float]:
        regions = measure.regionprops(measure.label(mask, connectivity=2))
        return [float(np.mean(cover[tuple(region.coords.T)])) for region in regions]

    for overlap in (0.0, 0.5, 1.0):
        counts = count_lesions(prediction, truth, overlap)
        for covered, total, kept in (
            (walk(truth, prediction), counts.lesions, counts.found),
            (walk(prediction, truth), counts.components, counts.right),
        ):
            assert total == len(covered)
            assert kept == sum(share >= overlap and share > 0 for share in covered)
    exchanged = count_lesions(truth, prediction)
    assert (exchanged.lesions, exchanged.found) == (counts.components, count_lesions(prediction, truth).right)


def test_froc_of_a_crafted_pair_of_images() -> None:
    """Two images of one lesion each. First: lesion 0.9, a wrong spot 0.5. Second: lesion 0.6, wrong 0.8 and 0.4.

    Threshold 0.85: 0 wrong, 1 of 2 found. 0.7: 1 wrong, 1 found. 0.55: 1 wrong, 2 found. 0.3: 3 wrong, 2 found.
    Per image (0, 1/2), (1/2, 1/2), (1/2, 1), (3/2, 1). Mean of the sensitivity at 1/4 (1/2) and at 1 (1): 3/4.
    """
    truth = np.zeros((5, 9), dtype=bool)
    truth[2, 1] = True
    first, second = np.zeros((5, 9), dtype=np.float32), np.zeros((5, 9), dtype=np.float32)
    first[2, 1], first[2, 5] = 0.9, 0.5
    second[2, 1], second[2, 5], second[2, 8] = 0.6, 0.8, 0.4
    thresholds = np.array([0.3, 0.55, 0.7, 0.85])
    table = sum(
        np.stack([counts.as_row() for counts in count_lesions_at(image, truth, thresholds)])
        for image in (first, second)
    )
    curve = froc(table, thresholds)
    assert curve.thresholds.tolist() == [0.85, 0.7, 0.55, 0.3]
    assert curve.false_positives.tolist() == [0, 0.5, 0.5, 1.5]
    assert curve.sensitivity.tolist() == [0.5, 0.5, 1, 1]
    assert froc_score(curve, (0.25, 1.0)) == pytest.approx(0.75)


def test_froc_refuses_counts_that_do_not_fit_its_thresholds() -> None:
    with pytest.raises(ValueError, match=r"a table of \(1, 4\) does not make a FROC of 2 points"):
        froc(LesionMatches(1, 1, 1, 1).as_row()[None], np.array([0.2, 0.5]))
