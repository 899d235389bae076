"""Processes: an image on which they end or hang costs no other image."""

import importlib
import multiprocessing
import sys

import pytest

from retseg.cohort import CohortError, Hands, Item, run_pool

ACTING = """
import os, signal, time
from dataclasses import dataclass
from retseg.cohort import Result

@dataclass(frozen=True)
class Acting:
    fails: bool = False

    def open(self):
        if self.fails:
            raise ValueError("no such model")
        return self

    def examine(self, item):
        if item.address == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if item.address == "hang":
            time.sleep(1000)
        return Result(item, {"done": True})
"""


@pytest.fixture
def acting(tmp_path, monkeypatch):
    """A work whose images say what happens to the process that takes them, in a module that processes can import."""
    (tmp_path / "acting.py").write_text(ACTING)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("acting").Acting
    del sys.modules["acting"]


def list_items(*addresses):
    return [Item(str(number), address, str(number)) for number, address in enumerate(addresses)]


def test_images_that_kill_or_hang_are_failures_and_all_others_are_done_once(acting):
    items = list_items("fine", "kill", "fine", "hang", "fine", "fine")
    results = sorted(run_pool(items, acting(), Hands(2, timeout=5.0)), key=lambda result: result.item.id)
    assert [result.item for result in results] == items
    assert [bool(result.failure) for result in results] == [False, True, False, True, False, False]
    assert "3 processes ended on this image (signal 9)" in results[1].failure
    assert "was not done after 5 s" in results[3].failure
    assert all(result.passing for result in results if result.failure)


def test_models_that_cannot_be_loaded_end_the_run_with_their_sentence(acting):
    with pytest.raises(CohortError, match="no such model"):
        list(run_pool(list_items("fine"), acting(fails=True), Hands(1)))


def test_a_run_that_is_left_early_leaves_no_process(acting):
    results = run_pool(list_items("fine", "hang"), acting(), Hands(1))
    assert next(results).found == {"done": True}
    assert multiprocessing.active_children()
    results.close()
    assert not multiprocessing.active_children()
