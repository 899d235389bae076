"""A network whose answer cannot be right gives an error, not a mask."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from retseg.engine.checked import CheckedEngine
from retseg.image import Image, ImageError, read_image
from retseg.models import ModelError
from retseg.predictor import segment_file

CARD: Any = SimpleNamespace(name="two-tasks", tasks={"vessel": None, "irma": None})
Array = np.ndarray[Any, np.dtype[np.float32]]
TILES = np.zeros((3, 3, 8, 16), np.float32)


class Made:
    """An engine that gives what it is told to give."""

    memory = 10**9
    description = "made"

    def __init__(self, give: Callable[[Array], Array]) -> None:
        self._give = give

    def __call__(self, tiles: Array) -> Array:
        return self._give(tiles)


def test_logits_of_the_right_shape_pass_as_they_are() -> None:
    logits = np.arange(3 * 2 * 8 * 16, dtype=np.float32).reshape(3, 2, 8, 16)
    assert CheckedEngine(Made(lambda _: logits), CARD)(TILES) is logits


@pytest.mark.parametrize("shape", [(3, 1, 8, 16), (1, 2, 8, 16), (3, 2, 16, 8), (3, 2, 4, 8), (2,)])
def test_another_shape_than_the_card_says_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"'two-tasks' gives logits of shape .*, its card says \(3, 2, 8, 16\)"):
        CheckedEngine(Made(lambda _: np.zeros(shape, np.float32)), CARD)(TILES)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_one_logit_that_is_not_finite_is_refused(value: float) -> None:
    logits = np.zeros((3, 2, 8, 16), np.float32)
    logits[2, 1, 7, 15] = value
    with pytest.raises(ModelError, match="not finite"):
        CheckedEngine(Made(lambda _: logits), CARD)(TILES)


def test_memory_that_ends_in_native_code_is_told_with_the_size_of_the_image(green_job: Any) -> None:
    def run_out(_: Any) -> Any:
        raise RuntimeError("Exception from src/inference/src/cpp/infer_request.cpp:223: std::bad_alloc")

    def predict(image: Image) -> Any:
        return CheckedEngine(Made(run_out), CARD)(TILES)

    path = Path(green_job.input / "images/x/disc.mha")
    assert read_image(path).geometry.size == (400, 300)
    sentence = "there is not enough memory to segment .*disc.mha, an image of 400 x 300 pixels: give the process more"
    with pytest.raises(ImageError, match=sentence):
        segment_file(path, predict, print)


def test_another_fault_in_native_code_stays_what_it_is() -> None:
    def fail(_: Any) -> Any:
        raise RuntimeError("shape inference failed")

    with pytest.raises(RuntimeError, match="shape inference"):
        CheckedEngine(Made(fail), CARD)(TILES)
