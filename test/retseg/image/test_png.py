"""PNG files: chunks that native readers stumble over, and colours that are declared transparent."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray
from PIL import Image as Pillow

from retseg.image import ImageError, UnreadableError, read_image, read_mask, read_values

Writer = Callable[..., Path]
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def header(width: int = 4, height: int = 3, bits: int = 8, kind: int = 0) -> bytes:
    """The first chunk."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))


PIXELS = chunk(b"IDAT", zlib.compress(bytes(3 * 5)))
END = chunk(b"IEND", b"")


@pytest.mark.parametrize("second", [header(), header(60000, 60000)])
def test_an_animation_with_a_second_header_is_refused(tmp_path: Path, second: bytes) -> None:
    """OpenCV died of it."""
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 4, 3, 0, 0, 1, 1, 0, 0))
    (tmp_path / "a.png").write_bytes(SIGNATURE + header() + control + frame + second + PIXELS + END)
    with pytest.raises(UnreadableError, match="it has two headers"):
        read_image(tmp_path / "a.png")


def test_an_animation_gives_its_first_picture(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    frames = [Pillow.fromarray(colours), Pillow.fromarray(255 - colours)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert np.array_equal(read_image(tmp_path / "a.png").pixels, colours)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((header(kind=3), PIXELS, END), "it has no table of colours"),
        ((header(kind=3), chunk(b"PLTE", bytes(4)), PIXELS, END), "one of the wrong length"),
        ((header(kind=3), chunk(b"PLTE", bytes(3)), chunk(b"tRNS", bytes(9)), PIXELS, END), "one of the wrong length"),
        ((header(), header(), PIXELS, END), "two headers"),
        ((PIXELS, header(), END), "does not begin with a header"),
        ((header(), END), "has no pixels"),
        ((header(bits=3), PIXELS, END), "3 bits, stored in an unknown way"),
        ((header(width=0), PIXELS, END), "claims 0 x 3 pixels"),
        ((header(height=4), PIXELS, END), "holds 15 bytes of 20"),
        ((header(height=2), PIXELS, END), "holds more bytes of 10"),
        ((header(), PIXELS), "its end is missing"),
    ],
)
def test_chunks_that_do_not_fit_are_refused(tmp_path: Path, parts: tuple[bytes, ...], message: str) -> None:
    (tmp_path / "a.png").write_bytes(SIGNATURE + b"".join(parts))
    with pytest.raises(UnreadableError, match=message):
        read_values(tmp_path / "a.png")


def test_a_header_that_claims_too_much_is_refused_by_the_name_of_the_limit(tmp_path: Path) -> None:
    """171 bytes took 4.3 GB."""
    (tmp_path / "a.png").write_bytes(SIGNATURE + header(40000, 40000) + PIXELS + END)
    with pytest.raises(ImageError, match="claims 40000 x 40000 pixels, and the limit is 67108864 pixels"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "1", "I;16"])
def test_every_kind_of_colour_is_read_as_pillow_reads_it(tmp_path: Path, colours: NDArray[np.uint8], mode: str) -> None:
    picture = (
        Pillow.fromarray(colours[:, :, 0].astype(np.uint16) * 200)
        if mode == "I;16"
        else Pillow.fromarray(colours).convert(mode)
    )
    picture.save(tmp_path / "a.png")
    values = np.asarray(picture).astype(np.uint16 if mode == "I;16" else np.uint8) * (255 if mode == "1" else 1)
    if mode in ("L", "LA", "1", "I;16"):
        assert np.array_equal(read_values(tmp_path / "a.png"), values if values.ndim == 2 else values[:, :, 0])
    else:
        assert np.array_equal(read_image(tmp_path / "a.png").pixels, values[:, :, :3])


@pytest.mark.parametrize("spacing", [(0.25, 0.5), (3e-05, 12.0), (1.0, 1.0)])
def test_the_spacing_is_that_of_simpleitk(tmp_path: Path, write: Writer, spacing: tuple[float, float]) -> None:
    """ITK writes it as the physical scale."""
    how = {"spacing": spacing, "origin": (0.0, 0.0), "direction": (1.0, 0.0, 0.0, 1.0)}
    path = write(tmp_path / "a.png", np.zeros((3, 4), np.uint8), **how)
    found = read_image(path).geometry.spacing
    assert found == pytest.approx(SimpleITK.ReadImage(str(path)).GetSpacing())
    assert found == pytest.approx(spacing)


@pytest.mark.parametrize(
    "scale", [b"", b"\x01", b"\x011\0" + b"9" * 5000, b"\x010\x001", b"\x01nan\x001", b"\x01-1\x001"]
)
def test_a_scale_that_is_no_spacing_is_left_out(tmp_path: Path, scale: bytes) -> None:
    (tmp_path / "a.png").write_bytes(SIGNATURE + header() + chunk(b"sCAL", scale) + PIXELS + END)
    assert read_image(tmp_path / "a.png").geometry.spacing == (1.0, 1.0)


def test_a_transparent_colour_is_black_in_the_image_and_itself_in_the_mask(tmp_path: Path) -> None:
    rows = b"".join(b"\0" + bytes([7, 0, 9, 7]) for _ in range(3))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    (tmp_path / "a.png").write_bytes(SIGNATURE + header() + chunk(b"tRNS", b"\0\x09") + pixels + END)
    assert read_image(tmp_path / "a.png").pixels[0, :, 0].tolist() == [7, 0, 0, 7]
    assert read_mask(tmp_path / "a.png")[0].tolist() == [7, 0, 9, 7]
