"""A network uses no more threads than the container may run at once."""

import os
from pathlib import Path

import pytest

from retseg.engine.threads import find_threads


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


@pytest.mark.parametrize(
    ("text", "threads"),
    [
        ("max 100000", 8),
        ("200000 100000", 2),
        ("250000 100000", 3),
        ("50000 100000", 1),
        ("9900000 100000", 8),
        ("", 8),
    ],
)
def test_by_version_two_of_control_groups(tmp_path: Path, text: str, threads: int) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(text + "\n")
    assert find_threads(quota) == threads


@pytest.mark.parametrize(("share", "threads"), [("-1", 8), ("400000", 4)])
def test_by_version_one(tmp_path: Path, share: str, threads: int) -> None:
    quota, period = tmp_path / "quota", tmp_path / "period"
    quota.write_text(share + "\n")
    period.write_text("100000\n")
    assert find_threads(tmp_path / "absent", (quota, period)) == threads


def test_without_a_container_every_processor_counts(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    assert find_threads(absent, (absent, absent)) == 8
