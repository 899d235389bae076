"""Fixtures that the whole suite shares."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of public data sets that `RETSEG_DATA` names; the test is skipped where there is none."""
    folder = os.environ.get("RETSEG_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RETSEG_DATA does not name a folder of data sets: set it to run the tests on real images")
    return Path(folder)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent
