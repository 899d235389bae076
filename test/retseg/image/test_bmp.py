"""BMP files of every depth are decoded as Pillow decodes them; those that lie are refused."""

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from retseg.image import ImageError, read_image


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_pixels_are_those_of_pillow(tmp_path: Path, colours: NDArray[np.uint8], mode: str) -> None:
    Pillow.fromarray(colours).convert(mode).save(tmp_path / "a.bmp")
    expected = np.asarray(Pillow.open(tmp_path / "a.bmp").convert("RGB"))
    assert np.array_equal(read_image(tmp_path / "a.bmp").pixels, expected)


def write(path: Path, header: tuple[int, ...], rest: bytes) -> Path:
    """A file by hand: width, height, planes, bits, compression; then masks and pixels."""
    size = 54 + len(rest)
    head = struct.pack("<2sIII", b"BM", size, 0, 54 + 12 * (header[4] == 3))
    path.write_bytes(head + struct.pack("<IiiHHI", 40, *header) + bytes(20) + rest)
    return path


def test_rows_from_the_top_and_colours_by_masks(tmp_path: Path) -> None:
    masks = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
    words = np.array([[0xF800, 0x07E0], [0x001F, 0xFFFF]], "<u2").tobytes()
    path = write(tmp_path / "a.bmp", (2, -2, 1, 16, 3), masks + words)
    expected = [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]]
    assert read_image(path).pixels.tolist() == expected


@pytest.mark.parametrize(
    ("header", "rest", "message"),
    [
        ((2, 2, 1, 8, 1), bytes(2000), "is a BMP file that is compressed"),
        ((0, 2, 1, 24, 0), bytes(99), "claims 0 x 2 pixels"),
        ((2, 2, 1, 8, 0), bytes(40), "its table of 256 colours does not fit"),
        ((2, 2, 1, 16, 3), struct.pack("<3I", 0, 5, 1) + bytes(99), "no bits, or holes"),
        ((30000, 30000, 1, 24, 0), bytes(99), "and the limit is"),
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, header: tuple[int, ...], rest: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        read_image(write(tmp_path / "a.bmp", header, rest))
