import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retseg.metrics import derived
from retseg.metrics.counts import Counts
from retseg.metrics.derived import DERIVED, Derived

numbers = st.integers(0, 2**31)
counts = st.builds(Counts, tp=numbers, fp=numbers, fn=numbers, tn=numbers)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (derived.dice, 6 / 10),
        (derived.f1, 6 / 10),
        (derived.iou, 3 / 7),
        (derived.mean_iou, (3 / 7 + 9 / 13) / 2),
        (derived.accuracy, 12 / 16),
        (derived.sensitivity, 3 / 6),
        (derived.specificity, 9 / 10),
        (derived.precision, 3 / 4),
        (derived.balanced_accuracy, 0.7),
        (derived.mcc, 24 / math.sqrt(4 * 6 * 10 * 12)),
        (derived.kappa, 3 / 7),
    ],
)
def test_metrics_of_crafted_counts(metric: Derived, expected: float) -> None:
    """tp 3, fp 1, fn 3, tn 9: 16 pixels, 4 predicted, 6 true.

    MCC: (27 - 3) / sqrt(4 x 6 x 10 x 12). Kappa: agreement 12/16, by chance (4 x 6 + 12 x 10)/256 = 9/16,
    (12/16 - 9/16) / (7/16) = 3/7.
    """
    assert metric(Counts(tp=3, fp=1, fn=3, tn=9)) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("case", "undefined"),
    [
        (Counts(0, 0, 0, 9), {"dice", "f1", "iou", "mean_iou", "sensitivity", "precision", "mcc", "kappa"}),
        (Counts(9, 0, 0, 0), {"mean_iou", "specificity", "mcc", "kappa"}),
        (Counts(0, 4, 0, 5), {"sensitivity", "mcc"}),
        (Counts(0, 0, 4, 5), {"precision", "mcc"}),
        (Counts(0, 0, 0, 0), set(DERIVED)),
    ],
    ids=["both empty", "both full", "empty truth", "empty prediction", "empty region"],
)
def test_a_metric_is_nan_where_its_formula_is_zero_by_zero(case: Counts, undefined: set[str]) -> None:
    if undefined >= {"sensitivity"} or undefined >= {"specificity"}:
        undefined = undefined | {"balanced_accuracy"}
    assert {name for name, metric in DERIVED.items() if math.isnan(metric(case))} == undefined


@settings(deadline=None)
@given(counts)
def test_metrics_stay_within_their_bounds(case: Counts) -> None:
    for name, metric in DERIVED.items():
        value = metric(case)
        assert math.isnan(value) or (-1 if name in {"mcc", "kappa"} else 0) - 1e-12 <= value <= 1 + 1e-12


@settings(deadline=None)
@given(counts)
def test_overlap_does_not_ask_which_mask_is_the_truth(case: Counts) -> None:
    exchanged = Counts(tp=case.tp, fp=case.fn, fn=case.fp, tn=case.tn)
    for metric in (derived.dice, derived.iou, derived.mean_iou, derived.accuracy, derived.mcc, derived.kappa):
        assert metric(case) == pytest.approx(metric(exchanged), nan_ok=True)
    assert derived.precision(case) == pytest.approx(derived.sensitivity(exchanged), nan_ok=True)


@settings(deadline=None)
@given(counts)
def test_dice_and_iou_tell_the_same(case: Counts) -> None:
    dice, iou = derived.dice(case), derived.iou(case)
    assert dice == pytest.approx(2 * iou / (1 + iou), nan_ok=True)


def test_a_table_gives_each_row_its_own_value() -> None:
    table = np.random.default_rng(0).integers(0, 100, (3, 5, 4))
    for metric in DERIVED.values():
        values = metric.over(table)
        assert values.shape == (3, 5)
        assert values[2, 1] == metric(Counts(*table[2, 1].tolist()))
    with pytest.raises(ValueError, match="tp, fp, fn, tn"):
        derived.dice.over(table[..., :3])
