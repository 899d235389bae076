"""Palette images: files that store an index into a table of colours."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retseg.image import read_image, read_mask

Writer = Callable[..., Path]
HEIGHT, WIDTH = 41, 53


def test_gif_gives_the_colours_of_its_palette(
    tmp_path: Path, classes: NDArray[np.uint8], write_palette: Writer
) -> None:
    colours = [(0, 0, 0), (255, 0, 0), (10, 20, 255), (40, 250, 3)]
    image = read_image(write_palette(tmp_path / "a.gif", classes, colours, 99))
    assert np.array_equal(image.pixels, np.array(colours, np.uint8)[classes])
    assert image.geometry.size == (WIDTH, HEIGHT)
    assert image.warnings == ()


def test_a_palette_tiff_gives_the_colours_of_its_palette(tmp_path: Path, write_palette: Writer) -> None:
    indices = (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 3).astype(np.uint8)
    colours = [(0, 0, 0), (250, 10, 20), (30, 40, 255)]
    image = read_image(write_palette(tmp_path / "a.tif", indices, colours))
    assert np.array_equal(image.pixels, np.array(colours, np.uint8)[indices])
    assert image.warnings == ()


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_palette_masks_give_indices_even_where_colours_repeat(
    tmp_path: Path, classes: NDArray[np.uint8], bits: int, write_palette: Writer
) -> None:
    colours = [(0, 0, 0), (0, 255, 0), (255, 0, 0), (255, 0, 0)]
    assert np.array_equal(read_mask(write_palette(tmp_path / "a.png", classes, colours, bits)), classes)


def test_a_palette_tiff_gives_indices(tmp_path: Path, classes: NDArray[np.uint8], write_palette: Writer) -> None:
    colours = [(0, 0, 0), (0, 255, 0), (255, 0, 0), (0, 0, 255)]
    assert np.array_equal(read_mask(write_palette(tmp_path / "a.tif", classes, colours)), classes)


def test_a_palette_of_greys_gives_grey_levels_whatever_its_order(tmp_path: Path, write_palette: Writer) -> None:
    """Some published masks have white as the first colour of their palette: indices would invert them."""
    indices = np.zeros((HEIGHT, WIDTH), np.uint8)
    indices[10:20, 10:20] = 1
    mask = read_mask(write_palette(tmp_path / "a.png", indices, [(255, 255, 255), (0, 0, 0)], 1))
    assert np.array_equal(mask, np.where(indices == 0, 255, 0))


@pytest.mark.parametrize("transparent", [0, 1, 99])
def test_a_gif_mask_gives_grey_levels_or_indices_transparent_or_not(
    tmp_path: Path, classes: NDArray[np.uint8], transparent: int, write_palette: Writer
) -> None:
    black_last = [(255, 255, 255), (170, 170, 170), (85, 85, 85), (0, 0, 0)]
    assert np.array_equal(
        read_mask(write_palette(tmp_path / "a.gif", classes, black_last, transparent)), 255 - 85 * classes
    )
    coloured = [(0, 0, 0), (255, 0, 0), (10, 20, 255), (255, 0, 0)]
    assert np.array_equal(read_mask(write_palette(tmp_path / "b.gif", classes, coloured, transparent)), classes)
