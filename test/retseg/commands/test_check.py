"""`retseg check`: a challenge of one's own, and options that do not go together."""

from pathlib import Path

import pytest

from retseg.cli import main


def test_the_challenge_may_lie_in_a_folder_of_ones_own(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own").mkdir()
    text = (repository / "challenges" / "drive.toml").read_text(encoding="utf-8")
    (tmp_path / "own" / "ours.toml").write_text(text.replace('"drive"', '"ours"'), encoding="utf-8")
    (tmp_path / "output").mkdir()
    check = ["check", "--output", str(tmp_path / "output"), "--challenge", "ours"]
    assert main(check) == 1
    assert capsys.readouterr().err.startswith("there is no challenge 'ours'")
    assert main([*check, "--challenges", str(tmp_path / "own")]) == 1
    told = capsys.readouterr()
    assert "output.present" in told.out and "no challenge" not in told.err


@pytest.mark.parametrize("what", ["--output", "--archive", "--evidence"])
def test_hostile_jobs_without_an_image_to_run_are_refused(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", what, str(tmp_path), "--hostile"]) == 1
    told = capsys.readouterr()
    assert "name the image by --image TAG" in told.err and not told.out
