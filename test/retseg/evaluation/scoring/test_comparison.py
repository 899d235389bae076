"""Two systems on the same cases."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from retseg.challenge import load_challenge
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
