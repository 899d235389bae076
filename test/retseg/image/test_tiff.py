"""Directories of TIFF files that lie, loop or claim too much are refused before a pixel is decoded."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retseg.image import ImageError, read_image

Writer = Callable[..., Path]
HEIGHT, WIDTH = 41, 53
GREY = {258: 8, 262: 1}


def test_a_directory_that_leads_back_to_itself_is_refused(tmp_path: Path, write_tiff_strip: Writer) -> None:
    """Native readers went round for ever."""
    path = write_tiff_strip(tmp_path / "a.tif", bytes(HEIGHT * WIDTH), (HEIGHT, WIDTH), GREY)
    data = bytearray(path.read_bytes())
    data[-4:] = data[4:8]
    path.write_bytes(data)
    with pytest.raises(ImageError, match="directories lead back to an earlier one"):
        read_image(path)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({256: 100_000, 257: 100_000, 278: 100_000}, "claims 100000 x 100000 pixels, and the limit is 67108864 pixels"),
        ({256: 0}, "claims 0 x 41 pixels"),
        ({279: 1 << 30}, "bytes of 1073741832"),
        ({258: 7}, "holds values of 7 bits"),
        ({258: 16, 339: 5}, "holds values of 16 bits of the kind 5"),
        ({259: 34712}, "is compressed by the method 34712: save it with LZW"),
        ({262: 5, 277: 4}, "is a CMYK image: convert it to RGB"),
        ({262: 6, 277: 3}, "holds colours of the kind 6"),
        ({262: 2}, "has 1 channels of 3"),
        ({277: 5}, "has 5 channels: save it as grey or RGB"),
        ({262: 3}, "its palette has 0 values of 768"),
        ({259: 8, 317: 9}, "is stored by the predictor 9"),
        ({278: 1}, "has 1 offsets and 1 lengths of 41 strips"),
        ({259: 4}, "compressed as if they had one"),
        ({322: 1 << 30, 323: 1 << 30, 324: 8, 325: 8}, "claims 1073741824 x 1073741824 pixels"),
    ],
)
def test_what_is_not_decoded_rightly_is_refused(
    tmp_path: Path, write_tiff_strip: Writer, tags: dict[int, int], message: str
) -> None:
    path = write_tiff_strip(tmp_path / "a.tif", bytes(HEIGHT * WIDTH), (HEIGHT, WIDTH), GREY | tags)
    with pytest.raises(ImageError, match=message):
        read_image(path)


def test_headers_at_random_are_refused_or_decoded_and_nothing_else(tmp_path: Path, write_tiff_strip: Writer) -> None:
    """200 files with up to five bytes of the directory changed."""
    path = write_tiff_strip(tmp_path / "a.tif", bytes(HEIGHT * WIDTH), (HEIGHT, WIDTH), GREY)
    good = path.read_bytes()
    (start,) = struct.unpack_from("<I", good, 4)
    rng = np.random.default_rng(3)
    for _ in range(200):
        data = bytearray(good)
        for at in rng.integers(start, len(data), int(rng.integers(1, 6))):
            data[at] = int(rng.integers(0, 256))
        path.write_bytes(data)
        try:
            read_image(path)
        except ImageError as error:
            assert "\n" not in str(error)
