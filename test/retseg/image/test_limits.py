"""What a header claims is compared with limits before anything is decoded; the message names the limit."""

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retseg.image import ImageError, read_image
from retseg.image.limits import DEFAULT_LIMITS, Limits

Writer = Callable[..., Path]


@pytest.mark.parametrize("name", ["a.mha", "a.nii.gz", "a.tif", "a.png", "a.jpg", "a.bmp", "a.gif"])
def test_every_format_is_held_to_the_pixels(
    tmp_path: Path, colours: NDArray[np.uint8], name: str, write: Writer, write_by_opencv: Writer
) -> None:
    path = (write_by_opencv if name == "a.gif" else write)(tmp_path / name, colours)
    assert read_image(path, Limits(pixels=41 * 53)).pixels.shape == (41, 53, 3)
    wanted = rf"{name} claims 53 x 41 pixels, and the limit is 2000 pixels: give a smaller image, or .* --max-pixels"
    with pytest.raises(ImageError, match=wanted):
        read_image(path, Limits(pixels=2000))


def test_bytes_of_pixels_and_of_the_file_have_limits_of_their_own(
    tmp_path: Path, colours: NDArray[np.uint8], write: Writer
) -> None:
    path = write(tmp_path / "a.mha", colours.astype(np.float64))
    with pytest.raises(ImageError, match="claims 53 x 41 pixels of 24 bytes, and the limit is 9999 bytes"):
        read_image(path, Limits(pixel_bytes=9999))
    with pytest.raises(ImageError, match="bytes, and the limit is 500 bytes: give a smaller file"):
        read_image(path, Limits(file_bytes=500))


def test_the_largest_fundus_photographs_are_within_the_limits() -> None:
    DEFAULT_LIMITS.check_size(9000, 6000, 8)


def test_a_small_file_that_claims_much_takes_no_memory(
    tmp_path: Path, make_nifti_header: Callable[..., bytearray]
) -> None:
    """3.5 MB of NIfTI took 7.1 GB, an `.mha` that claimed 40 x 48 pixels 2.2 GB."""
    block = make_nifti_header((8000, 8000, 1))
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(block) + bytes(80_000_000), 1))
    tracemalloc.start()
    with pytest.raises(ImageError, match="has more than 65048928 bytes, and its header claims 64000352"):
        read_image(tmp_path / "a.nii.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
