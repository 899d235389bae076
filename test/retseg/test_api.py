"""retseg from Python: what `import retseg` gives, the examples of its docstrings and of docs/python.md."""

import doctest
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import retseg
from retseg import api
from retseg.api import ModelChoiceError, load_model, segment
from retseg.image import ImageError, read_image, write_picture
from retseg.measures import MeasureError
from retseg.models import ModelError
from retseg.phantom import draw_fundus

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_nothing_heavy_is_imported_before_a_name_is_used(repository: Path) -> None:
    code = "import sys, retseg; print([m for m in ('numpy', 'cv2', 'torch', 'openvino') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_is_there_and_no_other() -> None:
    for name in retseg.__all__:
        assert getattr(retseg, name) is not None and name in dir(retseg)
    with pytest.raises(AttributeError, match="no attribute 'segement'"):
        _ = retseg.segement


def test_the_examples_of_the_docstrings_run() -> None:
    assert doctest.testmod(api, optionflags=FLAGS).failed == 0


def test_the_examples_of_the_page_run(repository: Path) -> None:
    page = repository / "docs" / "python.md"
    assert doctest.testfile(str(page), module_relative=False, optionflags=FLAGS).failed == 0


def test_a_path_an_image_and_an_array_give_the_same_masks(tmp_path: Path) -> None:
    pixels = draw_fundus(3, (160, 160)).pixels
    write_picture(tmp_path / "eye.png", pixels)
    model = load_model("vessel-drive")
    path = tmp_path / "eye.png"
    found = [segment(image, model) for image in (path, str(path), read_image(path), pixels)]
    assert all(np.array_equal(each.masks["vessel"], found[0].masks["vessel"]) for each in found)
    assert all(np.array_equal(each.image.pixels, pixels) for each in found)


def test_a_grey_array_is_converted_and_an_array_of_another_shape_is_refused() -> None:
    model = load_model("vessel-drive")
    found = segment(draw_fundus(3, (96, 96)).pixels[..., 1], model)
    assert any("grey" in sentence for sentence in found.warnings)
    for shape in ((4, 5, 6, 3), (4, 5, 6), (4,)):
        with pytest.raises(ImageError, match="is no image: give"):
            segment(np.zeros(shape), model)


def test_one_model_or_those_of_a_challenge_are_loaded(repository: Path) -> None:
    assert load_model(challenge="fundus").tasks[:2] == ("vessel", "microaneurysm")
    assert load_model(repository / "model_weights" / "vessel-drive").tasks == ("vessel",)
    for words in ({}, {"model": "vessel", "challenge": "drive"}):
        with pytest.raises(ModelChoiceError, match="give either"):
            load_model(**words)
    with pytest.raises(ModelError, match="no model 'vessel-dirve'"):
        load_model("vessel-dirve")


def test_vessels_are_not_measured_without_scikit_image(monkeypatch: pytest.MonkeyPatch) -> None:
    found = segment(draw_fundus(3, (96, 96)).pixels, "vessel-drive")
    assert found.measure().rows["vessel"][0].measure == "density"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MeasureError, match=r"install `retseg\[evaluate\]`"):
        found.measure()
