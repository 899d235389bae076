"""Pictures to read, and writers that do not share a line with the readers under test."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

HEIGHT, WIDTH = 41, 53


@pytest.fixture(scope="module")
def colours() -> NDArray[np.uint8]:
    """A smooth picture in colour, which JPEG keeps within a few grey levels."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([rows * 5, columns * 4, 200 - rows - columns], axis=2).astype(np.uint8)


@pytest.fixture
def classes() -> NDArray[np.uint8]:
    """A mask of four classes."""
    return (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) // 7 % 4).astype(np.uint8)


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    """A writer by SimpleITK: path, (H, W) or (H, W, C) values, `compress`, and spacing, origin and direction."""
    return write_by_simpleitk


@pytest.fixture(scope="session")
def write_by_opencv() -> Callable[[Path, NDArray[np.generic]], Path]:
    """A writer by OpenCV, of RGB, RGBA or grey values."""
    return write_rgb_by_opencv


@pytest.fixture(scope="session")
def write_palette() -> Callable[..., Path]:
    """A writer of palette images byte by byte: path (its suffix says the format), indices (H, W), colours, details."""
    writers = {".png": write_palette_png, ".tif": write_palette_tiff, ".gif": write_gif}
    return lambda path, *rest: writers[path.suffix](path, *rest)


@pytest.fixture(scope="session")
def write_tiff_strip() -> Callable[..., Path]:
    """A writer of TIFF files byte by byte: path, strip, (H, W), tags."""
    return write_tiff


@pytest.fixture(scope="session")
def make_nifti_header() -> Callable[..., bytearray]:
    """A maker of the header of a uint8 volume, by hand: (width, height, slices)."""
    return nifti_header


def nifti_header(size: tuple[int, int, int] = (2, 2, 2)) -> bytearray:
    """The first 352 bytes of a NIfTI file, by hand."""
    block = bytearray(352)
    struct.pack_into("<i", block, 0, 348)
    struct.pack_into("<8h", block, 40, 3, *size, 1, 1, 1, 1)
    struct.pack_into("<2h", block, 70, 2, 8)
    struct.pack_into("<3f", block, 108, 352, 1, 0)
    block[344:348] = b"n+1\0"
    return block


def write_by_simpleitk(
    path: Path, values: NDArray[np.generic], compress: bool = False, **geometry: tuple[float, ...]
) -> Path:
    """Write (H, W) or (H, W, C) values by SimpleITK."""
    image = SimpleITK.GetImageFromArray(values, isVector=values.ndim == 3)
    if "spacing" in geometry:
        image.SetSpacing(geometry["spacing"])
        image.SetOrigin(geometry["origin"])
        image.SetDirection(geometry["direction"])
    SimpleITK.WriteImage(image, str(path), useCompression=compress)
    return path


def write_rgb_by_opencv(path: Path, rgb: NDArray[np.generic]) -> Path:
    """Write RGB, RGBA or grey values by OpenCV."""
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    values = cv2.cvtColor(rgb, order[rgb.shape[2]]) if rgb.ndim == 3 else rgb
    assert cv2.imwrite(str(path), values)
    return path


def write_palette_png(
    path: Path, indices: NDArray[np.uint8], colours: list[tuple[int, int, int]], bits: int = 8
) -> Path:
    """Write a palette PNG byte by byte, as its specification says."""
    height, width = indices.shape
    packed = np.unpackbits(indices[:, :, None], axis=2)[:, :, 8 - bits :].reshape(height, -1)
    rows = np.packbits(packed, axis=1)
    scan = b"".join(b"\x00" + row.tobytes() for row in rows)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0)),
        (b"PLTE", bytes(sum(colours, ()))),
        (b"IDAT", zlib.compress(scan)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def write_palette_tiff(path: Path, indices: NDArray[np.uint8], colours: list[tuple[int, int, int]]) -> Path:
    """Write an 8-bit palette TIFF byte by byte."""
    table = np.zeros((3, 256), "<u2")
    table[:, : len(colours)] = np.array(colours).T * 257
    return write_tiff(path, indices.tobytes(), indices.shape, {258: 8, 262: 3}, table.tobytes())


def write_tiff(path: Path, data: bytes, shape: tuple[int, ...], tags: dict[int, int], table: bytes = b"") -> Path:
    """Write a TIFF file of one strip and one sample per pixel."""
    start = 8 + len(data)
    tags = {256: shape[1], 257: shape[0], 259: 1, 273: 8, 277: 1, 278: shape[0], 279: len(data)} | tags
    entries = [(tag, 4, 1, value) for tag, value in tags.items()] + ([(320, 3, 768, start)] if table else [])
    directory = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = struct.pack("<2sHI", b"II", 42, start + len(table))
    path.write_bytes(head + data + table + struct.pack("<H", len(entries)) + directory + bytes(4))
    return path


def write_gif(path: Path, indices: NDArray[np.uint8], colours: list[tuple[int, int, int]], transparent: int) -> Path:
    """Write a GIF of up to 128 colours without compression: an 8-bit code per pixel, the code table cleared in time."""
    height, width = indices.shape
    pixels = indices.tobytes()
    codes = b"".join(b"\x80" + pixels[start : start + 100] for start in range(0, len(pixels), 100)) + b"\x81"
    blocks = (codes[start : start + 255] for start in range(0, len(codes), 255))
    table = bytes(sum(colours, ())).ljust(3 * 128, b"\x00")
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x86, 0, 0) + table
    control = b"\x21\xf9\x04" + struct.pack("<BHB", 1, 0, transparent) + b"\x00"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x07"
    path.write_bytes(head + control + frame + b"".join(bytes([len(b)]) + b for b in blocks) + b"\x00\x3b")
    return path
