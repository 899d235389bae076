"""What is installed with the package: the challenges, the models that they name, and one version number."""

import tomllib
from pathlib import Path

from retseg import __version__
from retseg.challenge import list_challenges, load_challenge


def test_a_wheel_holds_the_models_that_the_challenges_name(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["retseg"]
    packed = {pattern.split("/")[2] for pattern in patterns if pattern.startswith("data/model_weights/")}
    assert packed == {model for name in list_challenges() for model in load_challenge(name).models.values()}
    assert all(any((repository / "retseg").glob(pattern)) for pattern in patterns)


def test_the_version_is_written_once_more_only_where_the_package_says_it(repository: Path) -> None:
    assert tomllib.loads((repository / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_the_folders_of_the_package_are_those_of_the_checkout(repository: Path) -> None:
    for path in (repository / "retseg" / "data").iterdir():
        assert path.is_symlink() and path.resolve() == repository / path.name
