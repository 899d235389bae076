"""metrics.json holds finite numbers under keys that a leaderboard can read."""

import json
from pathlib import Path

import numpy as np

from retseg.challenge import load_challenge
from retseg.evaluation.scoring.aggregate import estimate, summarise
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.evaluation.scoring.result import Evaluation, Standing
from retseg.report.metrics_json import describe, keep_finite, write_metrics

PROTOCOL = load_challenge("drac22").protocol["drac22"]


def make_evaluation() -> Evaluation:
    """Two images: Dice 1 and 0.5 for irma (tp 1, fp 1, fn 1), none for an empty truth."""
    truth = np.array([[True, True, False, False]])
    pairs = {
        ("b.1", "irma"): (truth, truth),
        ("a.2", "irma"): (truth, np.array([[True, False, True, False]])),
        ("a.2", "nonperfusion"): (np.zeros_like(truth), truth),
    }
    scores = tuple(
        score_case(name, task, CaseMaps(*maps, None, None), [PROTOCOL], None)["drac22"]
        for (name, task), maps in pairs.items()
    )
    tasks = ("irma", "nonperfusion")
    aggregates = summarise(estimate(scores, tasks, PROTOCOL, 0))
    standing = Standing(1, 1, 2, 14, (("lhy-init", 0.5931),), "dice", "Task 1", "the leaderboard", "2024-04-28")
    return Evaluation("drac22", PROTOCOL, tasks, scores, aggregates, {}, ("a warning",), standing)


def list_keys(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in list_keys(item))]
    return [key for item in value for key in list_keys(item)] if isinstance(value, list) else []


def test_a_leaderboard_finds_its_number_by_dotted_keys(tmp_path: Path) -> None:
    write_metrics(tmp_path / "metrics.json", describe(make_evaluation()))
    document = json.loads((tmp_path / "metrics.json").read_text())
    for path, expected in (("aggregates.irma.dice.mean", 0.75), ("aggregates.overall.dice.mean", 0.75)):
        found = document
        for key in path.split("."):
            found = found[key]
        assert found == expected
    assert set(document["aggregates"]["irma"]["dice"]) == {"mean", "std", "ci95_low", "ci95_high"}
    assert document["results"] == [
        {"name": "b.1", "irma": {"dice": 1.0, "iou": 1.0}},
        {"name": "a.2", "irma": {"dice": 0.5, "iou": 1 / 3}, "nonperfusion": {}},
    ]
    assert document["protocol"]["name"] == "drac22"
    assert document["protocol"]["empty_truth"] == "leave_out"
    assert document["standing"]["rank"] == 1 and document["standing"]["date"] == "2024-04-28"
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_keys_hold_no_dots_and_numbers_are_finite() -> None:
    document = describe(make_evaluation(), [make_evaluation()])
    assert not [key for key in list_keys(document) if "." in key]
    json.dumps(document, allow_nan=False)
    assert "dice" not in document["aggregates"]["nonperfusion"]
    assert document["beside"]["drac22"]["aggregates"] == document["aggregates"]


def test_what_is_not_finite_is_left_out_of_tables() -> None:
    assert keep_finite({"a.b": float("nan"), "c.d": 1, "e": {"f": float("inf")}, "g": None}) == {"c_d": 1, "e": {}}
