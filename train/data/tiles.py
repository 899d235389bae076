"""Cut images into tiles before they are divided into folds, as some published experiments did."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.config.images import Tiles
from train.data.augmentation import Patch
from train.data.cases import DataSetError
from train.data.images import TrainingImage


def cut_images(images: Sequence[TrainingImage], tiles: Tiles) -> tuple[TrainingImage, ...]:
    """The tiles of all images, and their copies; the images themselves if the side of a tile is 0.

    The grid lies in the middle of an image; pixels at its border that do not fill a tile are left out. A tile has the
    patient of its image, or counts as a patient of its own if `Tiles.parted` is set.

    Raises:
        DataSetError: an image is smaller than a tile.
    """
    if not tiles.side:
        return tuple(images)
    return tuple(tile for image in images for tile in _cut_image(image, tiles))


def turn(pixels: NDArray[Any], number: int) -> NDArray[Any]:
    """One of the eight symmetries of a square, for (h, h) or (h, h, C); number 0 changes nothing."""
    turned = np.rot90(pixels, number % 4)
    return np.ascontiguousarray(np.flip(turned, 1) if number >= 4 else turned)


def _cut_image(image: TrainingImage, tiles: Tiles) -> Iterator[TrainingImage]:
    height, width = image.field_of_view.shape
    rows, columns = height // tiles.side, width // tiles.side
    if not rows or not columns:
        raise DataSetError(f"{image.case.image} is {width}x{height}, smaller than a tile of {tiles.side} px")
    top, left = (height - rows * tiles.side) // 2, (width - columns * tiles.side) // 2
    for number in range(rows * columns * tiles.copies):
        position, copy = divmod(number, tiles.copies)
        row, column = divmod(position, columns)
        begin = (top + row * tiles.side, left + column * tiles.side)
        window = tuple(slice(start, start + tiles.side) for start in begin)
        name = f"{image.case.name}-{row}-{column}-{copy}"
        case = dataclasses.replace(image.case, name=name, patient=name if tiles.parted else image.case.patient)
        whole = image.patch
        patch = Patch(*(turn(part[window], copy) for part in (whole.pixels, whole.truth, whole.field_of_view)))
        truth = np.stack([turn(plane[window], copy) for plane in image.truth])
        field_of_view, original = turn(image.field_of_view[window], copy), turn(image.original[window], copy)
        yield TrainingImage(case, patch, image.brightness, original, field_of_view, truth)
