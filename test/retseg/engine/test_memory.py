"""The memory of a network follows from the limit of the container, or else from the machine."""

from pathlib import Path

import pytest

from retseg.engine.memory import RESERVED, find_budget

GIB = 2**30


@pytest.mark.parametrize(
    ("limits", "allowed"),
    [([], 16 * GIB), (["max"], 16 * GIB), ([str(4 * GIB)], 4 * GIB), (["max", str(8 * GIB)], 8 * GIB)],
)
def test_three_quarters_of_the_smallest_limit_less_a_reserve(tmp_path: Path, limits: list[str], allowed: int) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemFree: 1 kB\nMemTotal:       {16 * GIB // 1024} kB\n")
    files = []
    for number, text in enumerate(limits):
        files.append(tmp_path / f"limit-{number}")
        files[-1].write_text(text + "\n")
    assert find_budget((*files, tmp_path / "absent"), meminfo) == allowed * 3 // 4 - RESERVED


def test_a_tiny_container_leaves_nothing_and_not_less(tmp_path: Path) -> None:
    limit = tmp_path / "limit"
    limit.write_text("1000000")
    assert find_budget((limit,)) == 0
