"""Every conversion to 8-bit RGB, and the sentence that tells of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retseg.image import ImageError, read_image

Writer = Callable[..., Path]
HEIGHT, WIDTH = 41, 53


def test_grey_is_copied_to_three_channels(tmp_path: Path, colours: NDArray[np.uint8], write: Writer) -> None:
    image = read_image(write(tmp_path / "a.png", colours[:, :, 0]))
    assert (image.pixels == colours[:, :, :1]).all()
    assert len(image.warnings) == 1
    assert "greyscale" in image.warnings[0]


@pytest.mark.parametrize(("top", "scale"), [(4000, 4095), (1023, 1023), (65535, 65535), (300, 511)])
def test_16_bit_values_are_scaled_by_the_bits_they_use(tmp_path: Path, top: int, scale: int, write: Writer) -> None:
    values = np.linspace(0, top, HEIGHT * WIDTH * 3).reshape(HEIGHT, WIDTH, 3).astype(np.uint16)
    image = read_image(write(tmp_path / "a.mha", values))
    assert np.abs(image.pixels - values / scale * 255).max() <= 0.51
    assert image.warnings == (f"a.mha holds uint16 values from 0 to {top}: 0 to {scale} was scaled to 0 to 255.",)


def test_16_bit_png_and_tiff_keep_the_order_of_the_channels(
    tmp_path: Path, colours: NDArray[np.uint8], write_by_opencv: Writer
) -> None:
    deep = colours.astype(np.uint16) * 257
    deep[0, 0] = 65535
    for name in ("a.png", "b.tif"):
        pixels = read_image(write_by_opencv(tmp_path / name, deep)).pixels
        assert np.array_equal(pixels[1:], colours[1:]), name


def test_16_bit_storage_of_8_bit_values_leaves_them_alone(
    tmp_path: Path, colours: NDArray[np.uint8], write: Writer
) -> None:
    image = read_image(write(tmp_path / "a.mha", colours.astype(np.int16)))
    assert np.array_equal(image.pixels, colours)
    assert "8 bits as they are" in image.warnings[0]


def test_negative_values_are_scaled_from_minimum_to_maximum(tmp_path: Path, write: Writer) -> None:
    values = np.linspace(-1000, 1000, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.int16)
    image = read_image(write(tmp_path / "a.mha", values))
    assert image.pixels.min() == 0
    assert image.pixels.max() == 255
    assert "from -1000 to 1000: this range was scaled" in image.warnings[0]


@pytest.mark.parametrize(
    ("factor", "sentence"),
    [(1 / 255, "multiplied by 255"), (1.0, "8 bits as they are"), (10.0, "this range was scaled")],
)
def test_floats_are_scaled_by_their_range(
    tmp_path: Path, colours: NDArray[np.uint8], factor: float, sentence: str, write: Writer
) -> None:
    full = colours.copy()
    full[0, 0], full[0, 1] = 0, 255
    image = read_image(write(tmp_path / "a.mha", (full * factor).astype(np.float32)))
    assert np.array_equal(image.pixels, full)
    assert sentence in image.warnings[0]


def test_nan_becomes_black_and_infinity_the_brightest_value(tmp_path: Path, write: Writer) -> None:
    values = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    values[3, 4], values[5, 6], values[7, 8] = np.nan, np.inf, -np.inf
    values[9, 9] = 1.0
    image = read_image(write(tmp_path / "a.mha", values))
    assert image.pixels[3, 4].tolist() == [0, 0, 0]
    assert image.pixels[5, 6].tolist() == [255, 255, 255]
    assert image.pixels[0, 0].tolist() == [128, 128, 128]
    assert image.warnings[0].startswith("a.mha has 9 values that are NaN or infinite")


def test_an_image_of_nothing_but_nan_is_black(tmp_path: Path, write: Writer) -> None:
    image = read_image(write(tmp_path / "a.mha", np.full((HEIGHT, WIDTH), np.nan, np.float32)))
    assert not image.pixels.any()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.mha"])
def test_alpha_is_blended_onto_black(tmp_path: Path, colours: NDArray[np.uint8], name: str, write: Writer) -> None:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:10] = 0
    image = read_image(write(tmp_path / name, np.concatenate([colours, alpha], axis=2)))
    assert not image.pixels[:10].any()
    assert np.array_equal(image.pixels[10:], colours[10:])
    assert "blended onto black" in image.warnings[0]


def test_an_alpha_channel_without_meaning_is_left_out(
    tmp_path: Path, colours: NDArray[np.uint8], write_by_opencv: Writer
) -> None:
    clear = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    image = read_image(write_by_opencv(tmp_path / "a.png", np.concatenate([colours, clear], axis=2)))
    assert np.array_equal(image.pixels, colours)
    assert "left out" in image.warnings[0]


def test_more_than_four_channels_are_refused(tmp_path: Path, write: Writer) -> None:
    with pytest.raises(ImageError, match="has 5 channels: save it as grey or RGB"):
        read_image(write(tmp_path / "a.mha", np.zeros((HEIGHT, WIDTH, 5), np.uint8)))


def test_complex_values_are_refused(tmp_path: Path, write: Writer) -> None:
    with pytest.raises(ImageError, match="complex64"):
        read_image(write(tmp_path / "a.nii.gz", np.zeros((HEIGHT, WIDTH), np.complex64)))
