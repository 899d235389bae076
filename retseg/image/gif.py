"""Decode GIF files of one frame, without native code.

Source: GIF89a, https://www.w3.org/Graphics/GIF/spec-gif89a.txt. A transparent index is decoded like any other.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from retseg.image.image import DamageError, Geometry, KindError, Raster, make_palette
from retseg.image.limits import Limits
from retseg.image.lzw import LzwForm, decode_lzw

MAGICS = (b"GIF87a", b"GIF89a")
EXTENSION, FRAME, END = 0x21, 0x2C, 0x3B
PASSES = ((0, 8), (4, 8), (2, 4), (1, 2))
"""First row and step of the passes of an interlaced frame."""


def decode_gif(data: bytes, limits: Limits) -> Raster:
    """Decode a file to indices and a palette.

    Raises:
        DamageError: the structure is wrong, or pixels are missing.
        KindError: the file has several frames.
        LimitError: the header claims too much.
    """
    try:
        return _decode(data, limits)
    except (struct.error, IndexError):
        raise DamageError("its end is missing") from None


def _decode(data: bytes, limits: Limits) -> Raster:
    width, height, flags, background = struct.unpack_from("<HHBB", data, 6)
    limits.check_size(width, height, 1)
    shared, position = _read_colours(data, 13, flags)
    frame: tuple[tuple[int, ...], bytes] | None = None
    colours = shared
    while data[position] != END:
        if data[position] == EXTENSION:
            _, position = _join_blocks(data, position + 2)
        elif data[position] == FRAME and frame is None:
            place = struct.unpack_from("<HHHHB", data, position + 1)
            own, position = _read_colours(data, position + 10, place[4])
            codes, position = _join_blocks(data, position + 1, keep=True, root=data[position])
            frame, colours = (place, codes), own if own is not None else shared
        elif data[position] == FRAME:
            raise KindError("has several frames: give one 2-D image per file")
        else:
            raise DamageError(f"it has an unknown block at byte {position}")
    if frame is None or colours is None:
        raise DamageError("it has no frame, or no colours")
    place, codes = frame
    left, top, across, down, _ = place
    if not across or not down or left + across > width or top + down > height:
        raise DamageError(f"its frame of {across} x {down} pixels does not fit its {width} x {height} pixels")
    indices = np.full((height, width), background if background < len(colours) else 0, np.uint8)
    indices[top : top + down, left : left + across] = _decode_frame(codes, across, down, bool(place[4] & 0x40))
    return Raster(indices, Geometry((width, height)), make_palette(colours, indices))


def _read_colours(data: bytes, position: int, flags: int) -> tuple[NDArray[np.uint8] | None, int]:
    """A table of colours (entries, 3) where the flags announce one, and the offset behind it."""
    if not flags & 0x80:
        return None, position
    end = position + 3 * (2 << (flags & 7))
    if end > len(data):
        raise DamageError("its end is missing")
    return np.frombuffer(data[position:end], np.uint8).reshape(-1, 3), end


def _join_blocks(data: bytes, position: int, keep: bool = False, root: int = 0) -> tuple[bytes, int]:
    """The content of sub-blocks, after a byte that holds `root`, and the offset behind them."""
    pieces = [bytes([root])]
    while data[position]:
        end = position + 1 + data[position]
        if keep:
            pieces.append(data[position + 1 : end])
        position = end
    return b"".join(pieces), position + 1


def _decode_frame(codes: bytes, width: int, height: int, interlaced: bool) -> NDArray[np.uint8]:
    if not 2 <= codes[0] <= 8:
        raise DamageError(f"its codes begin with {codes[0]} bits")
    form = LzwForm(codes[0], highest_bit_first=False, early=False)
    rows = np.frombuffer(decode_lzw(codes[1:], width * height, form), np.uint8).reshape(height, width)
    if not interlaced:
        return rows
    order = np.concatenate([np.arange(first, height, step) for first, step in PASSES])
    turned = np.empty_like(rows)
    turned[order] = rows
    return turned
