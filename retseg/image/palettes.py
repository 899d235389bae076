"""Palette images: files that store an index into a table of colours, as label maps and many 1-bit and GIF masks do.

Decoders return the colours. In a label map the index is the class, and two indices may have the same colour. So the
file is marked as grey before it is decoded; the decoder then returns the index as a grey level.
"""

import struct
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.image.containers import PNG_MAGIC, TIFF_MAGICS, find_gif_parts, read_tiff_tags, walk_png

TIFF_BITS, TIFF_PHOTOMETRIC, TIFF_COLOUR_MAP = 258, 262, 320
PALETTE = 3  # the code of "palette" in a PNG header and in TIFF's photometric interpretation alike


@dataclass(frozen=True)
class PaletteImage:
    """Indices, uint8 (H, W), into a table of RGB colours, uint8 (entries, 3)."""

    indices: NDArray[np.uint8]
    colours: NDArray[np.uint8]

    def as_rgb(self) -> NDArray[np.uint8]:
        """The colours: uint8 (H, W, 3)."""
        return np.asarray(self.colours[self.indices], np.uint8)

    def as_values(self) -> NDArray[np.uint8]:
        """The values of a mask: grey levels if every used colour is grey and no two are equal, else the indices."""
        used = np.flatnonzero(np.bincount(self.indices.ravel(), minlength=len(self.colours)))
        colours = self.colours[used]
        grey = bool((colours == colours[:, :1]).all()) and len(np.unique(colours[:, 0])) == len(used)
        return np.asarray(self.colours[self.indices, 0], np.uint8) if grey else self.indices


def decode_palette_image(data: bytes) -> PaletteImage | None:
    """Decode a PNG, GIF or TIFF file that stores indices into a palette; None for any other file."""
    if data.startswith(PNG_MAGIC):
        return _decode_png(data) if data[25] == PALETTE else None
    if data.startswith(b"GIF8"):
        return _decode_gif(data)
    if data.startswith(TIFF_MAGICS):
        return _decode_tiff(data)
    return None


def _decode_png(data: bytes) -> PaletteImage | None:
    chunks = [(kind, content) for kind, content, _ in walk_png(data)]
    table = next(content for kind, content in chunks if kind == b"PLTE")
    grey = bytearray(PNG_MAGIC)
    for kind, content in chunks:
        if kind in (b"IHDR", b"IDAT", b"IEND"):
            body = kind + (content[:9] + b"\x00" + content[10:] if kind == b"IHDR" else content)
            grey += struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
    return _decode_grey(bytes(grey), data[24], np.frombuffer(table, np.uint8).reshape(-1, 3))


def _decode_gif(data: bytes) -> PaletteImage | None:
    parts = find_gif_parts(data)
    if not parts.colour_tables:
        return None
    grey = bytearray(data)
    for start, entries in parts.colour_tables:
        grey[start : start + 3 * entries] = np.repeat(np.arange(entries, dtype=np.uint8), 3).tobytes()
    for control in parts.controls:
        grey[control] &= 0xFE  # a transparent index is decoded like any other
    start, entries = parts.colour_tables[-1]
    return _decode_grey(bytes(grey), 8, np.frombuffer(data, np.uint8, 3 * entries, start).reshape(-1, 3))


def _decode_tiff(data: bytes) -> PaletteImage | None:
    tags = read_tiff_tags(data)
    if TIFF_PHOTOMETRIC not in tags or tags[TIFF_PHOTOMETRIC].values != (PALETTE,) or TIFF_COLOUR_MAP not in tags:
        return None
    grey = bytearray(data)
    struct.pack_into("<H" if data.startswith(b"II") else ">H", grey, tags[TIFF_PHOTOMETRIC].offset, 1)
    colours = np.array(tags[TIFF_COLOUR_MAP].values, np.uint16).reshape(3, -1).T >> 8
    return _decode_grey(bytes(grey), tags[TIFF_BITS].values[0], colours.astype(np.uint8))


def _decode_grey(data: bytes, bits: int, colours: NDArray[np.uint8]) -> PaletteImage | None:
    """Decode a file that was marked as grey; decoders scale fewer than 8 bits to 0 to 255, which is undone."""
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint8:
        return None
    indices = np.asarray(decoded if decoded.ndim == 2 else decoded[:, :, 0], np.uint8)
    indices = np.ascontiguousarray(indices // (255 // (2**bits - 1)))
    filler = np.zeros((max(0, int(indices.max()) + 1 - len(colours)), 3), np.uint8)
    return PaletteImage(indices, np.concatenate([colours, filler]))
