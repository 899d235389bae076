"""Decode JPEG 2000 files and code streams of 8 bits, grey or RGB. Boxes and header are checked here; OpenCV decodes.

Source: ITU-T T.800.
"""

import struct

from retseg.image.image import DamageError, Geometry, KindError, Raster
from retseg.image.limits import Limits
from retseg.image.opencv import decode_by_opencv

MAGIC = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
STREAM, END = b"\xff\x4f\xff\x51", b"\xff\xd9"
GREY, RGB = 17, 16
"""Numbers of the colour spaces."""


def decode_jp2(data: bytes, limits: Limits) -> Raster:
    """Decode a file: its first code stream.

    Raises:
        DamageError: the structure is wrong, or a part is missing.
        KindError: it is not of 8 bits, grey or RGB.
        LimitError: the header claims too much.
    """
    position = 0
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if length == 1:
            if start + 8 > len(data):
                break
            (length,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = position + length if length else len(data)
        if end > len(data) or end < start:
            raise DamageError("a box is incomplete")
        if name == b"jp2h" and b"pclr" in data[start:end]:
            raise KindError("is a JPEG 2000 file with a palette: save it as PNG")
        if name == b"jp2c":
            return decode_stream(data[start:end], limits)
        position = end
    raise DamageError("it has no code stream")


def decode_stream(stream: bytes, limits: Limits) -> Raster:
    """Decode a bare code stream, as DICOM holds it.

    Raises:
        DamageError: the structure is wrong, or its end is missing.
        KindError: it is not of 8 bits, grey or RGB.
        LimitError: the header claims too much.
    """
    if not stream.startswith(STREAM) or len(stream) < 44:
        raise DamageError("its code stream has no header")
    right, bottom, left, top = struct.unpack_from(">4I", stream, 8)
    (count,) = struct.unpack_from(">H", stream, 40)
    size = right - left, bottom - top
    if min(size) < 1 or not count:
        raise DamageError("it claims no pixels")
    if count not in (1, 3) or any(
        stream[42 + 3 * number] != 7 for number in range(count) if 42 + 3 * number < len(stream)
    ):
        raise KindError("is a JPEG 2000 image that is not of 8 bits, grey or RGB: save it as PNG")
    limits.check_size(*size, count)
    if not stream.rstrip(b"\0").endswith(END):
        raise DamageError("its end is missing")
    values = decode_by_opencv(_wrap(stream, size, count))
    if values is None or values.shape[:2] != size[::-1]:
        raise DamageError("its code stream is incomplete or altered")
    return Raster(values, Geometry(size))


def _wrap(stream: bytes, size: tuple[int, int], count: int) -> bytes:
    """A file of a code stream and of the boxes that a decoder needs."""
    header = _box(b"ihdr", struct.pack(">IIHBBBB", size[1], size[0], count, 7, 7, 0, 0))
    header += _box(b"colr", struct.pack(">BBBI", 1, 0, 0, GREY if count == 1 else RGB))
    return MAGIC + _box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + _box(b"jp2h", header) + _box(b"jp2c", stream)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content
