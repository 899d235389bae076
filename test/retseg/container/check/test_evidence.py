"""What container/collect.sh writes down is read as it was written."""

import json
from pathlib import Path

import pytest

from retseg.container.check.evidence import Answer, read_evidence


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """Two cases of one server: the second one met a process that had done the first."""
    (tmp_path / "image.json").write_text(json.dumps([{"Size": 7}]))
    (tmp_path / "cases/01").mkdir(parents=True)
    for number, (reused, status) in enumerate((("false", "201\nwritten"), ("true", "0\nno answer")), 1):
        folder = tmp_path / f"runs/{number:02d}"
        folder.mkdir(parents=True)
        lines = ["case=01", "title=read-only root", "api=invoke", f"reused={reused}", "limit=600"]
        (folder / "about").write_text("\n".join(lines) + "\n")
        (folder / "invoke").write_text(status)
        (folder / "seconds").write_text("1.25\n")
        (folder / "diff").write_text("C /root\nA /root/.cache\n")
    return tmp_path


def test_each_run_says_whether_its_process_had_done_a_case_before(evidence: Path) -> None:
    first, second = read_evidence(evidence).runs
    assert (first.reused, second.reused) == (False, True)
    assert (first.invoke, second.invoke) == (Answer(201, "written"), Answer(0, "no answer"))
    assert (first.seconds, first.limit, first.status, first.alive) == (1.25, 600, None, False)
    assert first.changed == ("/root", "/root/.cache")


def test_the_image_and_the_cases_are_those_of_the_folder(evidence: Path) -> None:
    read = read_evidence(evidence)
    assert read.image["Size"] == 7
    assert read.cases == {"01": evidence / "cases/01"}
