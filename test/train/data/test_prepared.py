"""A prepared file holds all that a training reads, and gives it back to the last bit."""

import dataclasses
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from retseg.models import hash_file
from retseg.preprocessing import Framing, Preprocessing
from train.config.images import Supplement
from train.config.recipe import Recipe
from train.data.prepared import PreparedError, decode_pixels, encode_pixels, read_prepared, write_prepared
from train.model.networks import prepare

WAYS = {
    "field of view": {"preprocessing": Preprocessing(diameter=50)},
    "grey": {"preprocessing": Preprocessing(channels="grey", diameter=50)},
    "frame": {"framing": Framing("frame")},
    "square": {"framing": Framing("frame", (48, 40))},
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_read_is_what_was_written(recipe: Recipe, data: Path, tmp_path: Path, way: str) -> None:
    supplement = Supplement("lines", "fundus", ("vessel",), diameter=0)
    changed = dataclasses.replace(recipe, supplement=(supplement,), **WAYS[way])  # type: ignore[arg-type]
    prepared = prepare(changed, data)
    write_prepared(prepared, tmp_path / "lines.prepared")
    again = read_prepared(tmp_path / "lines.prepared")
    assert again.recipe == prepared.recipe and again.initial_models == prepared.initial_models
    assert len(again.images) == 8 and again.images[7].case.supplement == supplement
    for one, other in zip(prepared.images, again.images, strict=True):
        for part in ("pixels", "truth", "field_of_view"):
            np.testing.assert_array_equal(getattr(one.patch, part), getattr(other.patch, part))
        for values, others in zip(one.brightness, other.brightness, strict=True):
            np.testing.assert_array_equal(values, others)
        assert (one.case.name, one.case.data_set, one.case.patient) == (
            other.case.name,
            other.case.data_set,
            other.case.patient,
        )
        assert other.original.shape == (*other.field_of_view.shape, 3) == (*other.truth.shape[1:], 3)
        assert other.field_of_view.any() and one.case.has_truth("vessel") and other.case.has_truth("vessel")


def test_the_file_names_each_image_with_its_hash_and_no_folder(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "lines.prepared"
    write_prepared(prepare(recipe, data), path)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("prepared.json").decode()
    assert str(data) not in text
    entry = json.loads(text)["images"][2]
    assert entry["image"] == "eye2.png" and entry["sha256"] == hash_file(data / "lines" / "images" / "eye2.png")


def test_pixels_may_be_small_and_truths_are_exact_still(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    prepared = prepare(recipe, data)
    write_prepared(prepared, tmp_path / "exact")
    write_prepared(prepared, tmp_path / "small", 90)
    assert (tmp_path / "small").stat().st_size < (tmp_path / "exact").stat().st_size
    for one, other in zip(prepared.images, read_prepared(tmp_path / "small").images, strict=True):
        np.testing.assert_array_equal(one.patch.truth, other.patch.truth)
        difference = np.abs(one.patch.pixels.astype(int) - other.patch.pixels)
        assert 0 < difference.mean() < 5


def test_any_pixels_survive_lossless_streams() -> None:
    random = np.random.default_rng(0)
    for channels in (1, 3):
        pixels = random.integers(0, 256, (17, 23, channels)).astype(np.uint8)
        np.testing.assert_array_equal(decode_pixels(encode_pixels(pixels, 0)), pixels)


def test_only_keys_that_the_images_do_not_depend_on_may_be_changed(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "lines.prepared"
    write_prepared(prepare(recipe, data), path)
    changed = read_prepared(path, ["network.arguments.widths=[8, 8]", "stage.0.rate=0.5"]).recipe
    assert changed.network.arguments["widths"] == [8, 8] and changed.stage[0].learning_rate == 0.5
    for change in ("preprocessing.diameter=9", "tasks=[]", "seed=4", "folds=3"):
        with pytest.raises(PreparedError, match=r"the images of .* were prepared for the recipe as it was"):
            read_prepared(path, [change])


def test_another_file_is_refused(recipe: Recipe, data: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("no archive")
    with pytest.raises(PreparedError, match="other is not a file of `python -m train prepare`"):
        read_prepared(tmp_path / "other")
    with zipfile.ZipFile(tmp_path / "newer", "w") as archive:
        archive.writestr("prepared.json", '{"format": 2}')
    with pytest.raises(PreparedError, match="has the format 2, wanted 1"):
        read_prepared(tmp_path / "newer")
