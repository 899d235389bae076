"""Two results of the benchmarks side by side, and the page that is made from one."""

import json
from pathlib import Path

import pytest

from bench.compare import choose_files, compare
from bench.page import BARS, list_bars, list_ways


def test_a_time_that_grew_by_more_than_a_tenth_is_worse_and_so_is_a_share_that_fell() -> None:
    before = {"ours, s": 1.0, "peer, s": 2.0, "share of oneDNN": 0.8, "gone": 1.0}
    after = {"ours, s": 1.2, "peer, s": 2.1, "share of oneDNN": 0.6, "new": 1.0}
    rows = {name: (ratio, worse) for name, ratio, worse in compare(before, after)}
    assert rows == {
        "ours, s": (pytest.approx(1.2), True),
        "peer, s": (pytest.approx(1.05), False),
        "share of oneDNN": (pytest.approx(0.75), True),
    }


def test_only_results_of_one_machine_are_compared(tmp_path: Path) -> None:
    for name, processor in (("2026-01", "one"), ("2026-02", "other"), ("2026-03", "one")):
        (tmp_path / f"{name}.json").write_text(json.dumps({"machine": {"processor": processor}}))
    assert [path.stem for path in choose_files([], tmp_path)] == ["2026-01", "2026-03"]
    (tmp_path / "2026-01.json").unlink()
    with pytest.raises(SystemExit, match="no two results of one machine"):
        choose_files([], tmp_path)


def test_a_number_that_was_not_measured_is_said_to_be_missing_and_a_bar_is_held_or_missed() -> None:
    _, upper, lower, bar, _ = BARS[0]
    assert "not measured" in list_bars({})[2]
    assert list_bars({upper: bar * 2, lower: 1.0})[2].endswith("holds |")
    assert list_bars({upper: bar / 2, lower: 1.0})[2].endswith("**missed** |")
    assert all("not measured" in line for line in list_ways({})[2:])
