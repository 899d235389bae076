"""Decode the pixels of TIFF files, strip by strip, so that a damaged or missing one is noticed.

Libraries fill a damaged strip with zeros and report success. Strips without compression, and those of deflate and
PackBits, are decoded here. OpenCV decodes JPEG strips, and strips of LZW and of CCITT group 4 in a file that is written
here; it reports a damaged LZW strip of 16-bit values, so all bytes are read as such.
"""

import struct
import zlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from retseg.image.bmp import unpack_bits
from retseg.image.image import DamageError, Geometry, KindError, Raster, make_palette
from retseg.image.jpeg import decode_jpeg, join_tables
from retseg.image.limits import Limits
from retseg.image.lzw import TIFF_FORM, decode_lzw
from retseg.image.opencv import decode_by_opencv
from retseg.image.tiff import CCITT_4, JPEG, LZW, PACKBITS, PLAIN, WHITE_IS_ZERO, YCBCR, Page, read_page

GROUP_4_END = "000000000001" * 2
"""The bits that end a strip of CCITT group 4."""

WIDEST = 1 << 20
"""Columns that OpenCV reads at most."""


def decode_tiff(data: bytes, limits: Limits) -> Raster:
    """Decode a file of one page. Its orientation is applied, and values where 0 is white are inverted.

    Raises:
        DamageError: the structure is wrong, or pixels are missing.
        KindError: there are several pages, or pixels of a kind that is not decoded here.
        LimitError: the file claims too much.
    """
    page = read_page(data, limits)
    values = _decode_parts(data, page, limits)
    if page.photometric == WHITE_IS_ZERO:
        values = np.subtract(2**page.bits - 1, values, dtype=values.dtype)
    if page.bits < 8 and page.palette is None:
        values = np.multiply(values, 255 // (2**page.bits - 1), dtype=np.uint8)
    notes = []
    if page.samples > page.colours and not page.alpha:
        values = values[:, :, : page.colours]
        notes.append("has an extra channel that is not alpha: it was left out.")
    values = values[:, :, 0] if values.shape[2] == 1 else values
    geometry = page.geometry
    if page.orientation != 1:
        values = _turn(values, page.orientation)
        spacing = geometry.spacing if page.orientation < 5 else geometry.spacing[::-1]
        geometry = Geometry((values.shape[1], values.shape[0]), spacing)
        notes.append(f"is stored turned (orientation {page.orientation}): it was set upright, and so are its masks.")
    values = np.ascontiguousarray(values)
    palette = None if page.palette is None else make_palette(page.palette, values)
    return Raster(values, geometry, palette, tuple(notes))


def _turn(values: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    """Set upright: from 5 on, the stored rows are the columns; the code says where the first row and column are."""
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return values[::-1] if orientation in (3, 4, 7, 8) else values


def _decode_parts(data: bytes, page: Page, limits: Limits) -> NDArray[np.generic]:
    """The values as stored: (H, W, samples), in native byte order."""
    width, height = page.size
    across, down = page.block
    samples = 1 if page.planes else page.samples
    values = np.zeros((height, width, page.samples), page.dtype.newbyteorder("="))
    tiles = [(x, y) for y in range(0, height, down) for x in range(0, width, across)]
    for number, (start, length) in enumerate(page.parts):
        x, y = tiles[number % len(tiles)]
        rows = down if page.tiled else min(down, height - y)
        if start + length > len(data):
            raise DamageError(f"it has {len(data)} bytes of {start + length}")
        part = _decode_part(data[start : start + length], page, (rows, across, samples), limits)
        target = values[y : y + down, x : x + across]
        target = target[:, :, number // len(tiles), None] if page.planes else target
        target[:] = part[: target.shape[0], : target.shape[1]]
    return values


def _decode_part(part: bytes, page: Page, shape: tuple[int, int, int], limits: Limits) -> NDArray[np.generic]:
    """The values of a strip or a tile: (rows, columns, samples)."""
    rows, columns, samples = shape
    if page.compression == JPEG:
        return _decode_jpeg_part(part, page, shape, limits)
    if page.compression == CCITT_4:
        return _decode_group_4(part, (rows, columns), page.fill_order)
    stride = (columns * samples * page.bits + 7) // 8
    stored = _decompress(part, page.compression, rows, stride)
    if page.bits < 8:
        if page.fill_order == 2:
            raise KindError("stores the lowest bit of a byte first: save it anew")
        packed = np.frombuffer(stored, np.uint8).reshape(rows, stride)
        return unpack_bits(packed, page.bits)[:, :columns, None]
    if page.predictor == 3:
        return _add_float_differences(stored, shape, page.dtype)
    values = np.frombuffer(stored, page.dtype).reshape(shape).astype(page.dtype.newbyteorder("="), copy=False)
    if page.predictor == 2:
        whole = values.view(f"u{values.dtype.itemsize}")
        return np.cumsum(whole, axis=1, dtype=whole.dtype).view(values.dtype)
    return values


def _decompress(part: bytes, compression: int, rows: int, stride: int) -> bytes:
    needed = rows * stride
    if compression == PLAIN:
        found = part[:needed]
    elif compression == LZW:
        if part[:1] == b"\x00" and part[1:2] and part[1] & 1:
            raise KindError("is compressed by an old form of LZW: save it anew")
        found = _decode_lzw(part, rows, stride)
    elif compression == PACKBITS:
        found = _unpack_runs(part, needed)
    else:
        found = _inflate(part, needed)
    if len(found) < needed:
        raise DamageError(f"a strip holds {len(found)} bytes of {needed}")
    return found


def _decode_lzw(part: bytes, rows: int, stride: int) -> bytes:
    """Decode a strip of LZW by OpenCV as 16-bit values; `decode_lzw` takes an odd number of bytes, and wide rows."""
    shape = (rows, stride // 2) if stride % 2 == 0 else (rows // 2, stride)
    if rows * stride % 2 or shape[1] > WIDEST:
        return decode_lzw(part, rows * stride, TIFF_FORM)
    found = decode_by_opencv(_wrap_strip(part, shape, {258: 16, 259: LZW, 262: 1}))
    if found is None or found.shape != shape or found.dtype != np.uint16:
        raise DamageError("its compressed data is incomplete or altered")
    return found.astype("<u2", copy=False).tobytes()


def _inflate(part: bytes, needed: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(part, needed)
        if len(found) == needed and not stream.eof:
            stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error:
        raise DamageError("a strip is incomplete or altered") from None
    if not stream.eof:
        raise DamageError("a strip is incomplete or altered")
    return found


def _unpack_runs(part: bytes, needed: int) -> bytes:
    """PackBits: a byte that says how many literal bytes follow, or how often the next one is repeated."""
    pieces, found, position = [], 0, 0
    while found < needed and position < len(part):
        head = part[position]
        if head < 128:
            piece = part[position + 1 : position + 2 + head]
            position += 2 + head
        else:
            piece = part[position + 1 : position + 2] * (257 - head) if head > 128 else b""
            position += 2 if head > 128 else 1
        pieces.append(piece)
        found += len(piece)
    return b"".join(pieces)[:needed]


def _add_float_differences(
    stored: bytes, shape: tuple[int, int, int], dtype: np.dtype[np.generic]
) -> NDArray[np.generic]:
    """Undo the predictor of floating point numbers: differences of bytes, the highest bytes of a row first."""
    rows, columns, samples = shape
    size = dtype.itemsize
    differences = np.frombuffer(stored, np.uint8).reshape(rows, size * columns, samples)
    summed = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(rows, size, columns * samples)
    ordered = np.ascontiguousarray(summed.swapaxes(1, 2))
    return ordered.view(dtype.newbyteorder(">")).reshape(shape).astype(dtype.newbyteorder("="))


def _decode_jpeg_part(part: bytes, page: Page, shape: tuple[int, int, int], limits: Limits) -> NDArray[np.generic]:
    found = decode_jpeg(join_tables(page.tables, part, page.photometric == YCBCR), limits).values
    found = found if found.ndim == 3 else found[:, :, None]
    rows, columns, samples = shape
    if found.shape[2] != samples or found.shape[0] < rows or found.shape[1] < columns:
        raise DamageError(f"a strip holds {found.shape} values of {shape}")
    return found[:rows, :columns]


def _decode_group_4(part: bytes, shape: tuple[int, int], fill_order: int) -> NDArray[np.generic]:
    """Decode a strip of CCITT group 4 by OpenCV, in a file of this one strip; 1 is what the strip says is white."""
    rows, columns = shape
    tail = part.rstrip(b"\0")[-4:]
    bits = "".join(f"{byte:08b}"[:: 1 if fill_order == 1 else -1] for byte in tail)
    if not bits.rstrip("0").endswith(GROUP_4_END):
        raise DamageError("the end of a strip is missing")
    found = decode_by_opencv(_wrap_strip(part, shape, {258: 1, 259: CCITT_4, 262: 0, 266: fill_order}))
    if found is None or found.shape[:2] != shape:
        raise DamageError("a strip is incomplete or altered")
    return np.asarray(found.reshape(rows, columns, -1)[:, :, :1] == 0, np.uint8)


def _wrap_strip(part: bytes, shape: tuple[int, int], tags: Mapping[int, int]) -> bytes:
    """A TIFF file, in the byte order II, of one strip with one sample for each of its (rows, columns)."""
    rows, columns = shape
    whole = {**tags, 256: columns, 257: rows, 273: 8, 277: 1, 278: rows, 279: len(part)}
    start = 8 + len(part) + len(part) % 2
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(whole.items()))
    head = struct.pack("<2sHI", b"II", 42, start)
    return head + part + bytes(len(part) % 2) + struct.pack("<H", len(whole)) + entries + bytes(4)
