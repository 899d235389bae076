"""Patches of whole images: padded to a square, or with the sides of the image."""

import dataclasses
from pathlib import Path

import pytest

from retseg.preprocessing import Framing
from train.config.patches import Sampling, Transform
from train.config.recipe import Recipe
from train.data.cases import gather_cases
from train.data.images import load_training_images
from train.data.patches import Patches


@pytest.mark.parametrize("padded", [True, False])
def test_a_whole_image_is_padded_to_a_square_or_keeps_its_sides(recipe: Recipe, data: Path, padded: bool) -> None:
    """Turned by a right angle it stands upright; with every lesion either way."""
    whole = dataclasses.replace(
        recipe,
        framing=Framing("frame"),
        sampling=Sampling(96, 1, position="whole", padded=padded),
        augmentation=(Transform("D4", {"p": 1.0}),),
    )
    images = load_training_images(gather_cases(whole, data), whole)
    height, width = images[0].patch.field_of_view.shape
    assert height != width < 96
    patches = Patches(images, whole, 0)
    shapes, counts = set(), set()
    for index in range(12):
        pixels, truth, region, _ = patches[index]
        assert pixels.shape[1:] == truth.shape[1:] == region.shape[1:]
        shapes.add(tuple(pixels.shape[1:]))
        counts.add(int((truth > 0.5).sum()))
    assert shapes == ({(96, 96)} if padded else {(height, width), (width, height)})
    assert counts <= {int((image.patch.truth > 127).sum()) for image in images}


def test_images_of_two_shapes_do_not_fit_into_one_batch() -> None:
    with pytest.raises(ValueError, match="needs position = 'whole' and batch = 1, found 'whole' and 2"):
        Sampling(96, 2, position="whole", padded=False)
