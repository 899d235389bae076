"""What a network sees of an image, and the way back to the image's own grid."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.preprocessing import Framing
from train.config.images import Tiles
from train.config.patches import Sampling
from train.config.recipe import Recipe
from train.data.cases import DataSetError, gather_cases
from train.data.folds import split_folds
from train.data.images import load_training_images
from train.data.patches import Patches
from train.data.tiles import cut_images, turn
from train.fit.prediction import predict_image


class Echo:
    """An engine whose logit is the first channel."""

    memory = 10**9

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(tiles[:, :1])


echo = Echo()


def reframe(recipe: Recipe, **changes: object) -> Recipe:
    unit = dataclasses.replace(recipe.preprocessing, normalise="unit")
    return dataclasses.replace(recipe, preprocessing=unit, augmentation=(), **changes)


def test_the_whole_frame_is_seen_and_scored_where_the_recipe_says_so(data: Path, recipe: Recipe) -> None:
    whole = reframe(recipe, framing=Framing("frame"), sampling=Sampling(96, 1, position="whole"))
    image = load_training_images(gather_cases(whole, data), whole)[0]
    assert image.patch.pixels.shape == (72, 80, 3) and image.patch.field_of_view.all()
    assert not image.field_of_view.all()
    assert (predict_image(whole, image, echo)[0] >= 0.5).all()
    pixels, truth, field_of_view, _ = Patches([image], whole, 0)[3]
    assert pixels.shape == (3, 96, 96) and int(field_of_view.sum()) == 72 * 80
    np.testing.assert_allclose(pixels[:, 12:84, 8:88].numpy().transpose(1, 2, 0) * 255, image.original, atol=1e-3)
    assert int(truth.sum()) == int(image.truth.sum())


def test_a_grey_truth_is_the_mask_after_each_resize_and_scores_keep_the_exact_one(data: Path, recipe: Recipe) -> None:
    sizes = ((64, 48), (32, 24))
    grey = reframe(
        recipe, framing=Framing("frame", sizes[-1]), grey_truth=sizes, sampling=Sampling(32, 1, position="whole")
    )
    image = load_training_images(gather_cases(grey, data), grey)[0]
    wanted = image.truth[0].astype(np.uint8) * 255
    for size in sizes:
        wanted = np.asarray(cv2.resize(wanted, size, interpolation=cv2.INTER_LINEAR))
    np.testing.assert_array_equal(image.patch.truth[:, :, 0], wanted)
    assert np.unique(wanted).size > 10 and image.truth.dtype == bool
    _, truth, _, _ = Patches([image], grey, 0)[0]
    np.testing.assert_allclose(truth[0, 4:28].numpy(), wanted / np.float32(255), rtol=1e-6)


def test_a_resized_frame_loses_its_shape_and_its_answer_gets_it_back(data: Path, recipe: Recipe) -> None:
    square = reframe(recipe, framing=Framing("frame", (64, 48)))
    image = load_training_images(gather_cases(square, data), square)[0]
    assert image.patch.pixels.shape == (48, 64, 3)
    assert set(np.unique(image.patch.truth)) == {0, 255}
    found = predict_image(square, image, echo)
    assert found.shape == (1, 72, 80)
    inside = image.field_of_view & ~image.truth[0]
    assert found[0][inside].mean() > found[0][~image.field_of_view].mean() + 0.05


def test_tiles_cover_the_middle_and_their_copies_are_turned_with_their_truth(data: Path, recipe: Recipe) -> None:
    cut = reframe(recipe, framing=Framing("frame"), tiles=Tiles(32, 8))
    images = load_training_images(gather_cases(cut, data), cut)
    tiles = cut_images(images, cut.tiles)
    assert len(tiles) == 4 * 2 * 2 * 8
    first, second = tiles[0], tiles[5]
    np.testing.assert_array_equal(first.original, images[0].original[4:36, 8:40])
    np.testing.assert_array_equal(second.original, turn(first.original, 5))
    np.testing.assert_array_equal(second.truth[0], second.patch.truth[:, :, 0] > 127)
    assert len({turn(np.arange(9).reshape(3, 3), number).tobytes() for number in range(8)}) == 8
    assert predict_image(cut, second, echo).shape == (1, 32, 32)
    with pytest.raises(DataSetError, match="80x72, smaller than a tile of 96 px"):
        cut_images(images, Tiles(96))


@pytest.mark.parametrize("parted", [False, True])
def test_only_parted_tiles_leave_one_eye_on_both_sides_of_a_split(data: Path, recipe: Recipe, parted: bool) -> None:
    cut = reframe(recipe, framing=Framing("frame"), tiles=Tiles(32, 2, parted))
    tiles = cut_images(load_training_images(gather_cases(cut, data), cut), cut.tiles)
    held = split_folds([tile.case for tile in tiles], 2, 0)[0]
    sides = [{tile.case.image for i, tile in enumerate(tiles) if (i in held) is side} for side in (True, False)]
    assert bool(sides[0] & sides[1]) is parted
