"""Write masks in the file formats of the official downloads: GIF, 1-bit TIFF, 1-bit PNG."""

import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

_RUN = 254  # pixels between two clear codes, so that 9 bits a code stay enough


def write_gif(path: Path, grey: NDArray[np.uint8]) -> None:
    """Write (H, W) as a GIF89a with a palette of 256 greys, as DRIVE's masks are (its pixels uncompressed)."""
    height, width = grey.shape
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    palette = bytes(level for grey_level in range(256) for level in (grey_level,) * 3)
    data = _code(grey.reshape(-1))
    blocks = b"".join(bytes([len(part)]) + part for part in (data[at : at + 255] for at in range(0, len(data), 255)))
    frame = b"," + bytes(4) + size + b"\0" + b"\x08" + blocks + b"\0"
    path.write_bytes(b"GIF89a" + size + b"\xf7\0\0" + palette + frame + b";")


def _code(pixels: NDArray[np.uint8]) -> bytes:
    """LZW without compression: a clear code before every run, and each pixel a code of 9 bits."""
    clear, end = 256, 257
    runs = [pixels[at : at + _RUN].astype(np.uint16) for at in range(0, len(pixels), _RUN)]
    codes = np.concatenate([part for run in runs for part in (np.array([clear], np.uint16), run)] + [[end]])
    bits = (codes[:, None].astype(np.uint16) >> np.arange(9, dtype=np.uint16)) & 1
    return np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little").tobytes()


def write_bilevel_tif(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write (H, W) as a 1-bit TIFF in one uncompressed strip, 1 being white, as IDRiD's and HRF's masks are."""
    height, width = mask.shape
    strip = np.packbits(mask, axis=1).tobytes()
    header = 8
    # Tag, type (3: 16 bits, 4: 32 bits), value; TIFF requires the order of the tags.
    fields = (
        (256, 4, width),
        (257, 4, height),
        (258, 3, 1),  # bits a sample
        (259, 3, 1),  # no compression
        (262, 3, 1),  # 0 is black
        (273, 4, header),  # where the strip is
        (277, 3, 1),  # samples a pixel
        (278, 4, height),  # rows a strip
        (279, 4, len(strip)),
    )
    directory = struct.pack("<H", len(fields)) + b"".join(
        struct.pack("<HHII", *field[:2], 1, field[2]) for field in fields
    )
    path.write_bytes(struct.pack("<2sHI", b"II", 42, header + len(strip)) + strip + directory + bytes(4))


def write_bilevel_png(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write (H, W) as a 1-bit PNG, as CHASE_DB1's masks are."""
    _write(path, mask, [cv2.IMWRITE_PNG_BILEVEL, 1])


def write_png(path: Path, mask: NDArray[np.bool_]) -> None:
    """Write (H, W) as an 8-bit PNG of 0 and 255."""
    _write(path, mask, [])


def write_grey_png(path: Path, grey: NDArray[np.uint8]) -> None:
    """Write (H, W) as an 8-bit PNG."""
    if not cv2.imwrite(str(path), np.ascontiguousarray(grey)):
        raise OSError(f"{path} could not be written: does its folder exist, and is there room?")


def write_photograph(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (H, W, 3) RGB in the format of the suffix; JPEG at quality 95."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if path.suffix.lower() in {".jpg", ".jpeg"} else []
    if not cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., ::-1]), options):
        raise OSError(f"{path} could not be written: does its folder exist, and is there room?")


def _write(path: Path, mask: NDArray[np.bool_], options: list[int]) -> None:
    if not cv2.imwrite(str(path), mask.astype(np.uint8) * 255, options):
        raise OSError(f"{path} could not be written: does its folder exist, and is there room?")
