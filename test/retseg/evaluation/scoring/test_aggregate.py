"""From cases to aggregates: means over images and tasks, pools, and intervals that know both."""

import dataclasses

import numpy as np
import pytest

from retseg.challenge import load_challenge
from retseg.evaluation.scoring import aggregate
from retseg.evaluation.scoring.aggregate import KnownCurves, estimate, pool_histograms, summarise
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.evaluation.scoring.result import CaseScore
from retseg.metrics.resampling import resample_curves

DRAC22 = load_challenge("drac22")
IDRID = load_challenge("idrid")


def draw_scores(
    protocol, seed: int, cases: int = 6, tasks: tuple[str, ...] = ("irma", "nonperfusion")
) -> list[CaseScore]:
    rng = np.random.default_rng(seed)
    scores = []
    for index in range(cases):
        for task in tasks:
            truth = rng.random((20, 20)) < 0.05 * (index + 1)
            maps = np.clip(rng.normal(0.3, 0.2, (20, 20)) + 0.3 * truth, 0, 1).astype(np.float32)
            scores.append(
                score_case(f"case{index}", task, CaseMaps(truth, None, maps, None), [protocol], None)[protocol.name]
            )
    return scores


def test_the_overall_score_is_the_mean_of_the_tasks_means() -> None:
    """irma: 0.5 and 0.7; nonperfusion in one image only: 0.2. Mean of 0.6 and 0.2 is 0.4, not the mean of three."""
    protocol = DRAC22.protocol["drac22"]
    template = draw_scores(protocol, 0, 1)[0]
    values = [("a", "irma", 0.5), ("b", "irma", 0.7), ("a", "nonperfusion", 0.2)]
    scores = [dataclasses.replace(template, name=n, task=t, metrics={"dice": v}) for n, t, v in values]
    scores.append(dataclasses.replace(template, name="b", task="nonperfusion", metrics={}))
    found = summarise(estimate(scores, ("irma", "nonperfusion"), protocol, 0))
    assert found["irma"]["dice"].mean == pytest.approx(0.6)
    assert found["irma"]["dice"].std == pytest.approx(np.std([0.5, 0.7], ddof=1))
    assert found["nonperfusion"]["dice"].std is None
    assert found["overall"]["dice"].mean == pytest.approx(0.4)
    assert "iou" not in found["overall"]


def test_the_interval_holds_the_value_and_repeats_with_its_seed() -> None:
    protocol = DRAC22.protocol["drac22"]
    scores = draw_scores(protocol, 1)
    one, same, other = (summarise(estimate(scores, ("irma", "nonperfusion"), protocol, seed)) for seed in (0, 0, 1))
    assert one == same
    assert one["overall"]["dice"] != other["overall"]["dice"]
    for task in ("irma", "nonperfusion", "overall"):
        summary = one[task]["dice"]
        assert summary.ci95_low < summary.mean < summary.ci95_high


def test_the_order_of_cases_changes_no_value() -> None:
    protocol = IDRID.protocol["idrid-33"]
    scores = draw_scores(protocol, 2, tasks=("haemorrhage",))
    one = estimate(scores, ("haemorrhage",), protocol, 0)["haemorrhage"]
    other = estimate(scores[::-1], ("haemorrhage",), protocol, 0)["haemorrhage"]
    assert {m: e.value for m, e in one.items()} == pytest.approx({m: e.value for m, e in other.items()}, abs=1e-12)


def test_a_single_case_has_a_value_and_no_interval() -> None:
    for protocol in (DRAC22.protocol["drac22"], IDRID.protocol["idrid-33"]):
        found = summarise(estimate(draw_scores(protocol, 3, 1, ("irma",)), ("irma",), protocol, 0))
        summary = found["irma"][protocol.headline]
        assert (summary.std, summary.ci95_low, summary.ci95_high) == (None, None, None)
        assert found["overall"] == found["irma"]


def test_a_pooled_metric_has_no_standard_deviation_but_an_interval() -> None:
    protocol = IDRID.protocol["idrid-33"]
    found = summarise(estimate(draw_scores(protocol, 4, tasks=("haemorrhage",)), ("haemorrhage",), protocol, 0))
    assert set(found["haemorrhage"]) == set(protocol.metrics)
    for metric, summary in found["haemorrhage"].items():
        assert summary.std is None
        assert summary.ci95_low <= summary.mean <= summary.ci95_high or metric == "ece", metric


@pytest.mark.parametrize("metric", ["auc_pr", "ap", "auc_roc", "dice", "brier"])
def test_the_bootstrap_pools_the_drawn_cases(metric: str) -> None:
    """The first resample, put together by hand from the cases that it draws, has the value of its replicate."""
    protocol = IDRID.protocol["idrid-33"]
    scores = draw_scores(protocol, 5, tasks=("haemorrhage",))
    replicate = estimate(scores, ("haemorrhage",), protocol, 7)["haemorrhage"][metric].replicates[0]
    drawn = np.random.default_rng(7).integers(6, size=(10_000, 6))[0]
    again = [dataclasses.replace(scores[i], name=str(place)) for place, i in enumerate(drawn)]
    expected = estimate(again, ("haemorrhage",), protocol, 0)["haemorrhage"][metric].value
    assert replicate == pytest.approx(expected, abs=1e-4)


def test_masks_alone_leave_the_curves_out() -> None:
    protocol = IDRID.protocol["idrid-33"]
    truth = np.eye(9, dtype=bool)
    scores = [
        score_case(n, "haemorrhage", CaseMaps(truth, truth, None, None), [protocol], None)["idrid-33"] for n in "ab"
    ]
    found = estimate(scores, ("haemorrhage",), protocol, 0)["haemorrhage"]
    assert "auc_pr" not in found
    assert found["dice"].value == 1
    assert pool_histograms(scores) is None


def test_protocols_that_pool_the_same_maps_share_their_resampled_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    pooled = IDRID.protocol["idrid-33"]
    same = [dataclasses.replace(pooled, name=name, threshold=at) for name, at in (("a", 0.3), ("b", 0.5), ("c", 0.7))]
    rng = np.random.default_rng(0)
    found: dict[str, list[CaseScore]] = {protocol.name: [] for protocol in same}
    for index in range(3):
        truth = rng.random((20, 20)) < 0.2
        maps = CaseMaps(truth, None, rng.random((20, 20), dtype=np.float32), None)
        for name, score in score_case(f"case{index}", "haemorrhage", maps, same, None).items():
            found[name].append(score)
    alone = [estimate(found[p.name], ("haemorrhage",), p, 0) for p in same]
    calls = []
    monkeypatch.setattr(aggregate, "resample_curves", lambda *given: calls.append(1) or resample_curves(*given))
    known = KnownCurves()
    together = [estimate(found[p.name], ("haemorrhage",), p, 0, known) for p in same]
    assert len(calls) == 1
    assert [summarise(each) for each in together] == [summarise(each) for each in alone]
