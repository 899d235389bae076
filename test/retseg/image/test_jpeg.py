"""JPEG files: missing parts are found although an end marker follows, and markers that lie are refused."""

import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from PIL import Image as Pillow

from retseg.image import ImageError, UnreadableError, read_image


def save(path: Path, colours: NDArray[np.uint8], **how: object) -> bytes:
    """Write a JPEG file by Pillow, and return its bytes."""
    Pillow.fromarray(colours).save(path, **how)
    return path.read_bytes()


@pytest.mark.parametrize("how", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 3}])
def test_pixels_are_those_of_pillow_which_the_platform_converts_with(
    tmp_path: Path, colours: NDArray[np.uint8], how: dict[str, object]
) -> None:
    save(tmp_path / "a.jpg", colours, **how)
    assert np.array_equal(read_image(tmp_path / "a.jpg").pixels, np.asarray(Pillow.open(tmp_path / "a.jpg")))
    save(tmp_path / "b.jpg", colours[:, :, 0], **how)
    assert np.array_equal(read_image(tmp_path / "b.jpg").pixels[:, :, 1], np.asarray(Pillow.open(tmp_path / "b.jpg")))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_part_of_a_scan_with_an_end_marker_is_refused(
    tmp_path: Path, colours: NDArray[np.uint8], progressive: bool, share: float
) -> None:
    """The rest was filled with grey, and half a retina was segmented."""
    data = save(tmp_path / "a.jpg", np.tile(colours, (4, 4, 1)), progressive=progressive)
    (tmp_path / "a.jpg").write_bytes(data[: int(share * len(data))] + b"\xff\xd9")
    with pytest.raises(UnreadableError, match=r"scans? is (missing|incomplete)"):
        read_image(tmp_path / "a.jpg")


def test_what_follows_the_end_marker_is_left_out(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    """Cameras and phones put further pictures there."""
    data = save(tmp_path / "a.jpg", colours)
    before = read_image(tmp_path / "a.jpg").pixels
    (tmp_path / "a.jpg").write_bytes(data + data[:300])
    assert np.array_equal(read_image(tmp_path / "a.jpg").pixels, before)


@pytest.mark.parametrize("dpi", [(300, 300), (72, 36)])
def test_the_spacing_is_that_of_simpleitk(tmp_path: Path, colours: NDArray[np.uint8], dpi: tuple[int, int]) -> None:
    save(tmp_path / "a.jpg", colours, dpi=dpi)
    expected = SimpleITK.ReadImage(str(tmp_path / "a.jpg")).GetSpacing()
    assert read_image(tmp_path / "a.jpg").geometry.spacing == pytest.approx(expected)


def test_the_orientation_of_exif_is_said_and_not_applied(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    save(tmp_path / "a.jpg", colours, exif=exif)
    image = read_image(tmp_path / "a.jpg")
    assert image.pixels.shape == colours.shape
    assert image.warnings == (
        "a.jpg says that it is shown turned (EXIF orientation 6): its pixels are taken as they are stored.",
    )


@pytest.mark.parametrize(
    ("offset", "content", "message"),
    [
        (5, struct.pack(">HH", 60000, 60000), "claims 60000 x 60000 pixels, and the limit is"),
        (5, struct.pack(">HH", 0, 53), "has a wrong header"),
        (4, b"\x0c", "of 12 bits"),
        (1, b"\xc9", "of an unusual kind"),
        (9, b"\x02", "has a wrong header"),
        (10, b"\x07", "a scan is of an unknown component"),
    ],
)
def test_a_frame_header_that_lies_is_refused(
    tmp_path: Path, colours: NDArray[np.uint8], offset: int, content: bytes, message: str
) -> None:
    data = bytearray(save(tmp_path / "a.jpg", colours))
    at = data.index(b"\xff\xc0") + offset
    data[at : at + len(content)] = content
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(ImageError, match=message):
        read_image(tmp_path / "a.jpg")


def test_a_cmyk_file_is_refused(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    Pillow.fromarray(colours).convert("CMYK").save(tmp_path / "a.jpg")
    with pytest.raises(ImageError, match="is a CMYK image: convert it to RGB"):
        read_image(tmp_path / "a.jpg")
