"""The options that build.sh, test.sh and export.sh share, read without an engine."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = 'source container/options.sh; FLAGS=() VALUES=(); parse_options "$@"; echo "$CHALLENGE $IMAGE ${OWN:-none}"'


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of one's own with a challenge."""
    (tmp_path / "challenges").mkdir()
    (tmp_path / "challenges" / "discs.toml").touch()
    return tmp_path


def parse(repository: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-euo", "pipefail", "-c", SCRIPT, "script", *map(str, arguments)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)


def test_a_challenge_of_a_folder_of_ones_own_is_known(repository: Path, own: Path) -> None:
    done = parse(repository, "discs", "--own", own, "--variant", "cpu")
    assert done.stdout.splitlines()[-1] == f"discs retseg-discs:0.2.0-cpu-exec {own}"
    assert parse(repository, "drive", "--own", own, "--variant", "cpu").returncode == 0, "and those of the checkout"


def test_without_the_folder_the_challenge_is_unknown_and_with_it_all_names_are_listed(
    repository: Path, own: Path
) -> None:
    assert "there is no challenge 'discs': known are chasedb1" in parse(repository, "discs").stderr
    assert "fundus idrid discs" in parse(repository, "dics", "--own", own).stderr


def test_a_folder_without_challenges_is_refused_with_the_command_that_makes_one(
    repository: Path, tmp_path: Path
) -> None:
    done = parse(repository, "discs", "--own", tmp_path)
    assert done.returncode == 1
    assert f"there is no folder {tmp_path}/challenges: `retseg new challenge` makes it" in done.stderr
