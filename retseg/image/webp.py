"""Decode WebP files of one picture. The chunks are checked here; OpenCV then decodes the picture.

Source: RFC 9649.
"""

import struct

from retseg.image.image import DamageError, Geometry, KindError, Raster
from retseg.image.limits import Limits
from retseg.image.opencv import decode_by_opencv

MAGIC = b"RIFF"
LOSSY, LOSSLESS, EXTENDED, ALPHA = b"VP8 ", b"VP8L", b"VP8X", b"ALPH"
ANIMATED = 2
"""The bit of an extended header that says that there are several pictures."""


def decode_webp(data: bytes, limits: Limits) -> Raster:
    """Decode a file. The orientation of EXIF is not applied, as in JPEG files.

    Raises:
        DamageError: the structure is wrong, or a part is missing.
        KindError: it is another RIFF file, or an animation.
        LimitError: the header claims too much.
    """
    if data[8:12] != b"WEBP":
        raise KindError("is a RIFF file and no WebP picture: save it as PNG")
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise DamageError(f"it has {len(data)} bytes of {length + 8}")
    size, kept, position = (0, 0), b"", 12
    while position + 8 <= length + 8:
        name, bytes_of_chunk = struct.unpack_from("<4sI", data, position)
        content = data[position + 8 : position + 8 + bytes_of_chunk]
        if len(content) != bytes_of_chunk:
            raise DamageError("a chunk is incomplete")
        if name == EXTENDED and content[:1] and content[0] & ANIMATED:
            raise KindError("is an animation: save one picture of it as PNG")
        if name in (LOSSY, LOSSLESS) and not kept:
            size, kept = _read_size(name, content), data[position : position + 8 + bytes_of_chunk + bytes_of_chunk % 2]
        position += 8 + bytes_of_chunk + bytes_of_chunk % 2
    if not kept:
        raise DamageError("it has no picture")
    limits.check_size(*size, 4)
    values = decode_by_opencv(MAGIC + struct.pack("<I", len(kept) + 4) + b"WEBP" + kept)
    if values is None or values.shape[:2] != size[::-1]:
        raise DamageError("its picture is incomplete or altered")
    return Raster(values, Geometry(size))


def _read_size(name: bytes, content: bytes) -> tuple[int, int]:
    """Width and height by the header of a picture."""
    try:
        if name == LOSSY:
            start, width, height = struct.unpack_from("<3sHH", content, 3)
            if start != b"\x9d\x01\x2a":
                raise DamageError("the header of its picture is wrong")
            return width & 0x3FFF, height & 0x3FFF
        start, bits = struct.unpack_from("<BI", content)
    except struct.error:
        raise DamageError("the header of its picture is incomplete") from None
    if start != 0x2F:
        raise DamageError("the header of its picture is wrong")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
