"""What is wrong is said before anything is scored, and nothing is written."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from retseg.evaluation.scoring import evaluator
from retseg.evaluation.scoring.case import score_case


def test_a_misspelt_protocol_names_the_nearest(vessels: Path, evaluate, capsys) -> None:
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", "--protocol", "drive-fof", *options) == 1
    assert "did you mean 'drive-fov'" in capsys.readouterr().err.splitlines()[-1]


def test_what_is_wrong_is_listed_before_anything_is_scored(vessels: Path, evaluate, write_image, capsys) -> None:
    (vessels / "predicted" / "vessel" / "a_probability.png").unlink()
    write_image(vessels / "predicted" / "vessel" / "d.png", np.zeros((40, 50), np.uint8))
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *options) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("case 'd', vessel: a prediction without truth, ")
    assert lines[1].startswith("case 'a', vessel: a truth without prediction, ")
    assert lines[2].startswith(f"{lines[0]} (and 1 more, listed above); nothing was scored: mend the files")
    assert not (vessels / "out").exists()
    assert evaluate("--challenge", "drive", "--allow-missing", *options) == 0
    assert "Incomplete: 2 predictions or truths" in (vessels / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:40]), "b_probability.png"),
        (lambda path: path.unlink(), "a truth without prediction"),
        (lambda path: cv2.imwrite(str(path), np.full((40, 51), 7, np.uint16)), "is 51 x 40 pixels, its truth 50 x 40"),
        (lambda path: cv2.imwrite(str(path), np.full((40, 50), 7, np.uint8)), "holds the values 7"),
    ],
    ids=["damaged", "missing", "other size", "other values"],
)
def test_the_last_line_names_the_failing_case_and_the_remedy(
    vessels: Path, evaluate, capsys, spoil, sentence: str
) -> None:
    spoil(vessels / "predicted" / "vessel" / "b_probability.png")
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *options) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("case 'b', vessel: ")
    assert sentence in line
    assert "; nothing was scored: mend the files and evaluate again" in line
    assert not (vessels / "out").exists()


def test_a_case_that_fails_while_it_is_scored_is_named_too(vessels: Path, evaluate, capsys, monkeypatch) -> None:
    def run_out_of_memory(name: str, *given: Any) -> Any:
        if name == "b":
            raise MemoryError
        return score_case(name, *given)

    monkeypatch.setattr(evaluator, "score_case", run_out_of_memory)
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *options) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("there is not enough memory")
    assert last.endswith("(case 'b', vessel)")


@pytest.mark.parametrize("size", [100, 3000, 30_000])
def test_on_a_full_disk_there_is_one_sentence_and_no_file(vessels: Path, evaluate, capsys, full_disk, size) -> None:
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    with full_disk(size):
        assert evaluate("--challenge", "drive", "--save-figures", *options) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be written" in line
    assert list((vessels / "out").iterdir()) == []
