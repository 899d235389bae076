"""Metrics of a challenge's own, from the function beside its file to `metrics.json`, the table and the page."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retseg import cli
from retseg.challenge import load_challenge
from retseg.challenge.own_code import OwnCodeError
from retseg.challenge.protocol import OwnMetric, Protocol
from retseg.evaluation.scoring.aggregate import estimate
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.image import Geometry, write_mask
from retseg.report.labels import label_metric
from retseg.toml_schema import SchemaError

CODE = """
import numpy as np

def miss_rate(tp, fp, fn, tn):
    return fn / (tp + fn) if tp + fn else None

def shift(prediction, truth):
    if not prediction.any() or not truth.any():
        return None
    return float(abs(np.argwhere(prediction).mean(axis=0) - np.argwhere(truth).mean(axis=0)).max())

def words(prediction, truth):
    return "far"
"""
MISS = OwnMetric("miss_rate", "mine.miss_rate", "counts", lower_is_better=True)
SHIFT = OwnMetric("shift", "mine.shift", "masks", "Shift", "pixels between the centres", True, 1)


@pytest.fixture
def protocol(tmp_path: Path) -> Protocol:
    (tmp_path / "mine.py").write_text(CODE)
    names = ("shift", "miss_rate", "dice")
    fixed = {"region": "frame", "pooling": "per_image", "empty_truth": "leave_out", "headline": "shift"}
    return Protocol("p", "title", "source", **fixed, metrics=names, own_metric=(MISS, SHIFT), directory=tmp_path)


def row(text: str) -> np.ndarray:
    """One row of pixels: `#` set, `.` not."""
    return np.array([[letter == "#" for letter in text]])


def score(protocol: Protocol, truth: str, predicted: str, region: str = "", name: str = "a"):
    maps = CaseMaps(row(truth), row(predicted), None, row(region) if region else None)
    return score_case(name, "disc", maps, [protocol], None)["p"]


def test_functions_of_counts_and_of_masks_give_metrics_of_an_image(protocol: Protocol) -> None:
    """One of two true pixels is missed, so the rate is 1/2; the centres are at 2.5 and at 2, so the shift is 1/2."""
    assert score(protocol, "..##..", "..#...").metrics == pytest.approx({"shift": 0.5, "miss_rate": 0.5, "dice": 2 / 3})


def test_masks_are_empty_outside_the_region(protocol: Protocol) -> None:
    """Inside the first four pixels truth and prediction have pixel 2 alone."""
    inside = replace(protocol, region="field_of_view")
    assert score(inside, "..#...", "..#..#", "####..").metrics["shift"] == 0


def test_an_image_with_an_empty_truth_is_left_out_or_left_to_the_function(protocol: Protocol) -> None:
    assert score(protocol, "......", "..#...").metrics == {}
    asked = replace(protocol, empty_truth="one")
    assert set(score(asked, "......", "..#...").metrics) == {"dice"}, "both functions return None for it"


def test_a_metric_of_counts_is_pooled_and_resampled(protocol: Protocol) -> None:
    """Misses are 1 of 2 and 0 of 1, together 1 of 3; every resample of two images is 0, 1/3 or 1/2."""
    pooled = replace(protocol, pooling="pooled", metrics=("miss_rate",), headline="miss_rate", own_metric=(MISS,))
    scores = [score(pooled, "..##..", "..#..."), score(pooled, "..#...", "..#...", name="b")]
    found = estimate(scores, ["disc"], pooled, 0)["disc"]["miss_rate"]
    assert found.value == pytest.approx(1 / 3)
    assert sorted(set(np.round(found.replicates, 4))) == [0, 0.3333, 0.5]


def test_the_report_has_the_words_of_the_challenge(protocol: Protocol) -> None:
    shown = label_metric("shift", protocol)
    assert (shown.name, shown.meaning, shown.lower_is_better, shown.decimals) == (
        "Shift",
        "pixels between the centres",
        True,
        1,
    )
    assert label_metric("miss_rate", protocol).name == "miss rate"
    assert label_metric("dice", protocol).name == "Dice"


def test_a_function_that_gives_no_number_is_refused_in_one_sentence(protocol: Protocol) -> None:
    wrong = replace(SHIFT, function="mine.words")
    with pytest.raises(OwnCodeError, match=r"'mine.words' gives 'far': return a number"):
        score(replace(protocol, own_metric=(MISS, wrong)), "..#...", "..#...")


FILE = """
title = "Discs"
modality = "slo"
field_of_view = "frame"
source = "mine"
socket = []
interface = []
default_protocol = "discs"

[[task]]
name = "optic_disc"
model = "discs"

[protocol.discs]
title = "Discs"
source = "mine"
region = "frame"
pooling = "per_image"
empty_truth = "leave_out"
headline = "shift"
metrics = ["shift", "dice"]

[[protocol.discs.own_metric]]
name = "shift"
function = "mine.shift"
of = "masks"
label = "Shift"
lower_is_better = true
"""


def test_a_challenge_ranks_by_a_metric_that_lies_beside_its_file(tmp_path: Path, capsys) -> None:
    """Discs of 10 x 10 pixels, moved by 2 and by 4 pixels: a mean shift of 3."""
    (tmp_path / "mine.py").write_text(CODE)
    (tmp_path / "discs.toml").write_text(FILE)
    for case, moved in (("1", 2), ("2", 4)):
        for folder, left in (("truth", 10), ("found", 10 + moved)):
            mask = np.zeros((40, 40), bool)
            mask[10:20, left : left + 10] = True
            write_mask(tmp_path / folder / "optic_disc" / f"{case}.png", mask, Geometry((40, 40)))
    folders = [
        "--ground-truth",
        tmp_path / "truth",
        "--predictions",
        tmp_path / "found",
        "--output",
        tmp_path / "score",
    ]
    assert cli.main(["evaluate", "--challenge", str(tmp_path / "discs.toml"), *map(str, folders)]) == 0
    assert "Shift 3.0" in capsys.readouterr().out
    document = json.loads((tmp_path / "score" / "metrics.json").read_text())
    assert document["aggregates"]["optic_disc"]["shift"]["mean"] == pytest.approx(3)
    assert str(tmp_path) not in json.dumps(document["protocol"]), "the folder of this machine is nobody's business"
    assert "Shift" in (tmp_path / "score" / "report.html").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '["shift", "dice"]',
            '["shift", "dise"]',
            r"no metric 'dise'; did you mean 'dice'\?; one of your own",
        ),
        ('metrics = ["shift", "dice"]', 'metrics = ["dice"]', "'shift' ranks but is not|'shift' is not among"),
        ('pooling = "per_image"', 'pooling = "pooled"', "takes masks, which a pool of pixels does not have"),
        ('"mine.shift"', '"shift"', "has no module: write module.function"),
        ('of = "masks"', 'of = "pixels"', "'pixels' is not one of counts, masks"),
    ],
)
def test_a_metric_that_cannot_be_is_refused_with_the_file(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in FILE
    (tmp_path / "discs.toml").write_text(FILE.replace(old, new))
    with pytest.raises(SchemaError, match=message):
        load_challenge(tmp_path / "discs.toml")
