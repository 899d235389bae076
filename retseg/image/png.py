"""Decode PNG files. The structure is checked here; OpenCV then decodes a file of the needed chunks only.

Native readers have been brought down by chunks that they need not read, such as those of animations. So the header, the
palette and the length of the inflated data are checked first, and all other chunks are left out.

Source: https://www.w3.org/TR/png-3/.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.image.image import DamageError, Geometry, Raster, make_palette
from retseg.image.limits import Limits
from retseg.image.opencv import decode_by_opencv

MAGIC = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""The passes of an interlaced image: x and y of the first pixel, and the steps to the next."""


NUMBER = rb"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)"
SCALE = re.compile(rb"[\x01\x02]" + NUMBER + rb"\0" + NUMBER)
"""The physical scale: a unit, which ITK passes over, and two numbers as text."""

SMALLEST, LARGEST = 1e-9, 1e9
"""Of a spacing."""


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    depth: int
    kind: int
    interlaced: bool


def decode_png(data: bytes, limits: Limits) -> Raster:
    """Decode a file.

    Raises:
        DamageError: the structure is wrong, or pixels are missing.
        LimitError: the header claims too much.
    """
    header, chunks = _read_chunks(data)
    limits.check_size(header.width, header.height, CHANNELS[header.kind] * (2 if header.depth == 16 else 1))
    pixels = chunks[b"IDAT"]
    _check_length(pixels, _count_bytes(header))
    values = _decode_pixels(header, pixels)
    geometry = Geometry((header.width, header.height), _read_spacing(chunks.get(b"sCAL", b"")))
    transparent = chunks.get(b"tRNS", b"")
    if header.kind == PALETTE:
        indices = values // (255 // (2**header.depth - 1))
        return Raster(indices, geometry, make_palette(_read_palette(chunks, transparent), indices))
    if transparent and header.kind in (GREY, RGB):
        values = _add_alpha(values, header, transparent)
    return Raster(values, geometry)


def _walk(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a file as (kind, content), up to its end."""
    position = len(MAGIC)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if end + 4 > len(data) or zlib.crc32(data[position + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise DamageError(f"its {kind.decode('ascii', 'replace')} chunk is incomplete or altered")
        yield kind, data[position + 8 : end]
        if kind == b"IEND":
            return
        position = end + 4
    raise DamageError("its end is missing")


def _read_chunks(data: bytes) -> tuple[_Header, dict[bytes, bytes]]:
    """The header, and the content of the chunks of pixels, colours, transparency and scale by their kind."""
    walk = _walk(data)
    kind, content = next(walk)
    if kind != b"IHDR" or len(content) != 13:
        raise DamageError("it does not begin with a header")
    header = _read_header(content)
    chunks: dict[bytes, list[bytes]] = {}
    for kind, content in walk:
        if kind == b"IHDR":
            raise DamageError("it has two headers")
        if kind in (b"PLTE", b"tRNS", b"sCAL") and kind in chunks:
            raise DamageError(f"it has two {kind.decode()} chunks")
        if kind in (b"PLTE", b"tRNS", b"sCAL", b"IDAT"):
            chunks.setdefault(kind, []).append(content)
    if b"IDAT" not in chunks:
        raise DamageError("it has no pixels")
    return header, {kind: b"".join(contents) for kind, contents in chunks.items()}


def _read_header(content: bytes) -> _Header:
    width, height, depth, kind, compression, filtering, interlaced = struct.unpack(">IIBBBBB", content)
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise DamageError(f"it claims {width} x {height} pixels")
    if kind not in DEPTHS or depth not in DEPTHS[kind] or compression or filtering or interlaced > 1:
        raise DamageError(f"its header claims colours of kind {kind} and {depth} bits, stored in an unknown way")
    return _Header(width, height, depth, kind, bool(interlaced))


def _read_spacing(scale: bytes) -> tuple[float, float]:
    """The spacing that ITK writes into the chunk of the physical scale; 1.0 without one, or with a wrong one."""
    found = SCALE.fullmatch(scale)
    if found is None:
        return 1.0, 1.0
    across, down = (float(part) for part in found.groups())
    return (across, down) if min(across, down) >= SMALLEST and max(across, down) <= LARGEST else (1.0, 1.0)


def _count_bytes(header: _Header) -> int:
    """The bytes of the inflated rows, each with the number of its filter."""
    bits = CHANNELS[header.kind] * header.depth
    total = 0
    for x, y, across, down in PASSES if header.interlaced else ((0, 0, 1, 1),):
        width, height = -(-(header.width - x) // across), -(-(header.height - y) // down)
        if width > 0 and height > 0:
            total += height * (1 + (width * bits + 7) // 8)
    return total


def _check_length(pixels: bytes, needed: int) -> None:
    """Inflate the pixels piece by piece, keep nothing, and compare their length with what the header says."""
    stream, rest, found = zlib.decompressobj(), pixels, 0
    try:
        while not stream.eof and found <= needed:
            piece = stream.decompress(rest, 1 << 20)
            found, rest = found + len(piece), stream.unconsumed_tail
            if not piece and not rest and not stream.eof:
                break
    except zlib.error:
        raise DamageError("its compressed data is incomplete or altered") from None
    if found != needed or not stream.eof:
        raise DamageError(f"its compressed data holds {'more' if found > needed else found} bytes of {needed}")


def _decode_pixels(header: _Header, pixels: bytes) -> NDArray[np.generic]:
    """Decode a file of header and pixels alone; a palette image is decoded as grey, which gives its indices."""
    kind = GREY if header.kind == PALETTE else header.kind
    head = struct.pack(">IIBBBBB", header.width, header.height, header.depth, kind, 0, 0, header.interlaced)
    parts = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    plain = MAGIC + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    )
    values = decode_by_opencv(plain)
    if values is None or values.shape[:2] != (header.height, header.width):
        raise DamageError("its pixels cannot be decoded")
    if header.kind == GREY_ALPHA and values.ndim == 3:
        return values[:, :, (0, values.shape[2] - 1)]
    return values


def _read_palette(chunks: dict[bytes, bytes], transparent: bytes) -> NDArray[np.uint8]:
    table = chunks.get(b"PLTE", b"")
    if not table or len(table) % 3 or len(table) > 768 or len(transparent) > len(table) // 3:
        raise DamageError("it has no table of colours, or one of the wrong length")
    colours = np.frombuffer(table, np.uint8).reshape(-1, 3)
    if not transparent:
        return colours
    alpha = np.full(len(colours), 255, np.uint8)
    alpha[: len(transparent)] = np.frombuffer(transparent, np.uint8)
    return np.concatenate([colours, alpha[:, None]], axis=1)


def _add_alpha(values: NDArray[np.generic], header: _Header, transparent: bytes) -> NDArray[np.generic]:
    """Add an alpha channel that is 0 where a pixel has the one colour that the file declares transparent."""
    channels = values if values.ndim == 3 else values[:, :, None]
    if len(transparent) != 2 * channels.shape[2]:
        raise DamageError("its transparent colour has the wrong length")
    scale = 255 // (2**header.depth - 1) if header.depth < 8 else 1
    colour = np.frombuffer(transparent, ">u2").astype(np.int64) * scale
    highest = 65535 if header.depth == 16 else 255
    alpha = np.where((channels == colour).all(axis=2), 0, highest).astype(values.dtype)
    return np.concatenate([channels, alpha[:, :, None]], axis=2)
