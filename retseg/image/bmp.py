"""Decode uncompressed BMP files, without native code.

Source: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from retseg.image.image import DamageError, Geometry, KindError, Raster, make_palette
from retseg.image.limits import Limits

MAGIC = b"BM"
PLAIN, MASKED = 0, 3
"""Kinds of compression: rows of bytes, and rows of words whose bits are given to colours by masks."""

MASKS = {16: (0x7C00, 0x03E0, 0x001F), 32: (0xFF0000, 0x00FF00, 0x0000FF)}
"""The bits of red, green and blue where the file does not name them."""


def decode_bmp(data: bytes, limits: Limits) -> Raster:
    """Decode a file. Of 32 bits the last eight, which few programs use as alpha, are left out.

    Raises:
        DamageError: the structure is wrong, or pixels are missing.
        KindError: the file is compressed, or of an old form.
        LimitError: the header claims too much.
    """
    try:
        start, header, width, height, planes, bits, compression = struct.unpack_from("<IIiiHHI", data, 10)
        (used,) = struct.unpack_from("<I", data, 46)
        masks = struct.unpack_from("<3I", data, 54) if compression == MASKED else MASKS.get(bits, ())
    except struct.error:
        raise DamageError("its header is incomplete") from None
    if header < 40 or compression not in (PLAIN, MASKED):
        raise KindError("is a BMP file that is compressed or of an old form: save it as PNG")
    if width < 1 or height == 0 or planes != 1 or bits not in (1, 4, 8, 16, 24, 32):
        raise DamageError(f"it claims {width} x {height} pixels of {bits} bits")
    rows = abs(height)
    limits.check_size(width, rows, 1 if bits <= 8 else 3)
    stride = (width * bits + 31) // 32 * 4
    if len(data) < start + stride * rows:
        raise DamageError(f"it has {len(data)} bytes of {start + stride * rows}")
    stored = np.frombuffer(data, np.uint8, stride * rows, start).reshape(rows, stride)
    stored = stored if height < 0 else stored[::-1]
    geometry = Geometry((width, rows))
    if bits <= 8:
        indices = unpack_bits(stored, bits)[:, :width]
        colours = _read_colours(data, 14 + header, start, used or 1 << bits)
        return Raster(np.ascontiguousarray(indices), geometry, make_palette(colours, indices))
    if bits == 24:
        return Raster(stored[:, : 3 * width].reshape(rows, width, 3)[:, :, ::-1].copy(), geometry)
    return Raster(_apply_masks(stored, width, bits, masks), geometry)


def unpack_bits(rows: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Values of 1, 2, 4 or 8 bits, packed from the highest bit: (H, bytes) to (H, 8 / bits x bytes)."""
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    values = (rows[:, :, None] >> shifts) & np.uint8(2**bits - 1)
    return values.reshape(len(rows), -1)


def _read_colours(data: bytes, first: int, last: int, count: int) -> NDArray[np.uint8]:
    if count > 256 or first + 4 * count > last:
        raise DamageError(f"its table of {count} colours does not fit")
    return np.frombuffer(data, np.uint8, 4 * count, first).reshape(-1, 4)[:, 2::-1]


def _apply_masks(rows: NDArray[np.uint8], width: int, bits: int, masks: tuple[int, ...]) -> NDArray[np.uint8]:
    """The colours of words of 16 or 32 bits: uint8 (H, W, 3)."""
    pixels = np.empty((len(rows), width, 3), np.uint8)
    for plane, mask in enumerate(masks):
        lowest = mask & -mask
        top = mask // lowest if lowest else 0
        if not lowest or top & (top + 1) or mask >> bits:
            raise DamageError("its masks of colours have no bits, or holes")
        for row, stored in enumerate(rows):
            words = stored[: width * bits // 8].view(f"<u{bits // 8}").astype(np.int64)
            pixels[row, :, plane] = (words & mask) // lowest * 255 // top
    return pixels
