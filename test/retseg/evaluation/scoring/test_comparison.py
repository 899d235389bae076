"""Two systems on the same cases."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import stats

from retseg.challenge import load_challenge
from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.aggregate import estimate_columns
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.evaluation.scoring.comparison import ComparisonError, compare
from retseg.evaluation.scoring.result import CaseScore

DICE = load_challenge("drac22").protocol["drac22"]
POOLED = load_challenge("idrid").protocol["idrid-33"]


def make_scores(values: list[float]) -> list[CaseScore]:
    truth = np.eye(4, dtype=bool)
    template = score_case("", "irma", CaseMaps(truth, truth, None, None), [DICE], None)["drac22"]
    return [dataclasses.replace(template, name=f"case{i}", metrics={"dice": v}) for i, v in enumerate(values)]


def test_the_p_value_is_that_of_scipys_paired_permutation_test() -> None:
    rng = np.random.default_rng(0)
    first = rng.uniform(0.5, 0.9, 9)
    second = first - rng.normal(0.02, 0.03, 9)
    found = compare(make_scores(list(first)), make_scores(list(second)), ("irma",), DICE, 0)["irma"]["dice"]
    oracle = stats.permutation_test(
        (first, second), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=np.inf
    )
    assert found.difference == pytest.approx(np.mean(first - second))
    assert found.p_value == pytest.approx(oracle.pvalue, abs=1e-12)
    assert found.ci95_low < found.difference < found.ci95_high


def test_a_system_does_not_differ_from_itself() -> None:
    scores = make_scores([0.5, 0.6, 0.9])
    found = compare(scores, scores, ("irma",), DICE, 0)["overall"]["dice"]
    assert (found.difference, found.ci95_low, found.ci95_high, found.p_value) == (0, 0, 0, 1)


def test_the_order_of_the_other_systems_cases_does_not_matter() -> None:
    first, second = make_scores([0.5, 0.6, 0.9, 0.7]), make_scores([0.45, 0.5, 0.7, 0.72])
    one = compare(first, second, ("irma",), DICE, 0)
    assert one == compare(first, second[::-1], ("irma",), DICE, 0)


def test_only_common_cases_are_compared() -> None:
    first, second = make_scores([0.5, 0.6, 0.9]), make_scores([0.4, 0.5])
    assert compare(first, second, ("irma",), DICE, 0)["irma"]["dice"].difference == pytest.approx(0.1)
    with pytest.raises(ComparisonError, match="no case in common"):
        compare(first[2:], second, ("irma",), DICE, 0)


def test_pooled_curves_of_a_better_map_are_told_from_a_worse_one() -> None:
    rng = np.random.default_rng(1)
    better, worse = [], []
    for index in range(12):
        truth = rng.random((30, 30)) < 0.1
        for scores, gain in ((better, 0.45), (worse, 0.25)):
            maps = np.clip(rng.normal(0.3, 0.15, truth.shape) + gain * truth, 0, 1).astype(np.float32)
            case = CaseMaps(truth, None, maps, None)
            scores.append(score_case(str(index), "haemorrhage", case, [POOLED], None)["idrid-33"])
    found = compare(better, worse, ("haemorrhage",), POOLED, 0)["haemorrhage"]
    for metric in ("auc_pr", "ap", "auc_roc"):
        assert found[metric].ci95_low > 0, metric
        assert found[metric].p_value < 0.01, metric


def draw_pair(protocol: Protocol, cases: int, levels: int) -> tuple[list[CaseScore], list[CaseScore]]:
    """Two systems on the same cases, the second a little worse; maps of some grey levels, or of float32 (0 levels)."""
    rng = np.random.default_rng(3)
    systems: tuple[list[CaseScore], list[CaseScore]] = [], []
    for index in range(cases):
        truth = rng.random((30, 40)) < 0.1
        for scores, gain in zip(systems, (0.4, 0.3), strict=True):
            maps = np.clip(rng.normal(0.3, 0.15, truth.shape) + gain * truth, 0, 1)
            maps = (np.rint(maps * levels) / levels if levels else maps).astype(np.float32)
            case = CaseMaps(truth, None, maps, None)
            scores.append(score_case(f"case{index}", "haemorrhage", case, [protocol], None)[protocol.name])
    return systems


@pytest.mark.parametrize("levels", [0, 4095])
@pytest.mark.parametrize("cases", [3])
@pytest.mark.parametrize("pooling", ["pooled", "per_image"])
def test_every_p_value_is_that_of_all_exchanges_by_hand(pooling: str, cases: int, levels: int) -> None:
    """Each exchange swaps the results of some cases and computes both systems' metrics anew, from whole histograms.

    An exchange and its opposite have the same size, so no p is below 2 / 2^cases: .25 for three cases.
    """
    metrics = ("dice", "iou", "f1", "sensitivity", "specificity", "auc_roc", "ap", "brier", "ece")
    protocol = dataclasses.replace(
        POOLED, pooling=pooling, empty_truth="leave_out", metrics=metrics, headline="ap", pr_grid=None
    )
    first, second = draw_pair(protocol, cases, levels)
    found = compare(first, second, ("haemorrhage",), protocol, 0)["haemorrhage"]
    differences: dict[str, list[float]] = {metric: [] for metric in metrics}
    for swaps in itertools.product((False, True), repeat=cases):
        one = [b if swap else a for a, b, swap in zip(first, second, swaps, strict=True)]
        other = [a if swap else b for a, b, swap in zip(first, second, swaps, strict=True)]
        values = [_read_values(scores, protocol) for scores in (one, other)]
        for metric in metrics:
            differences[metric].append(values[0][metric] - values[1][metric])
    for metric in metrics:
        sizes = np.abs(differences[metric])
        assert found[metric].difference == pytest.approx(differences[metric][0]), metric
        assert found[metric].p_value == np.mean(sizes >= sizes[0] - 1e-9), metric
        assert found[metric].p_value >= 2 / 2**cases, metric


def _read_values(scores: list[CaseScore], protocol: Protocol) -> dict[str, float]:
    """Each metric of these cases, without resamples."""
    columns = {"haemorrhage": scores}
    found = estimate_columns(columns, protocol, np.ones((1, len(scores))))["haemorrhage"]
    return {metric: each.value for metric, each in found.items()}
