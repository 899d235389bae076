"""Decode MetaImage files (.mha, .mhd) from their bytes, without native code.

A MetaImage header can name any file as its pixels, and native readers follow it. So the header is parsed here: an .mha
file must hold its own pixels, the sizes must fit the data, and every value must be finite.

Source: https://itk.org/Wiki/ITK/MetaIO/Documentation. What is accepted here is decoded as SimpleITK decodes it.
"""

import math
import re
import stat
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.files import has_suffix
from retseg.image.image import Geometry, ImageError, UnreadableError

LONGEST_LINE = 499
"""Bytes: MetaIO reads no longer line."""

MOST_LINES = 200
MOST_DIMENSIONS = 5
MOST_BYTES = 1 << 32
"""Bytes of pixels that a header may claim."""

LARGEST = 1e9
"""The greatest absolute value of a spacing or an origin."""

LARGEST_COSINE, SMALLEST_VOLUME = 1e3, 1e-6
"""Of a direction matrix: the greatest entry and the smallest determinant. Other matrices let ITK run without end."""

LINE = re.compile(rb"([\w|.\-]+)[ \t]*=[ \t]*([ -~\t]*)")
TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
"""Name of an element type to its numpy type; a vector has the ending `_ARRAY`, or not."""


class _HeaderError(RetsegError):
    """The header breaks a rule; the message is half a sentence."""


@dataclass(frozen=True)
class MetaImage:
    """A decoded file: values (H, W) or (H, W, C), geometry, and whether it is a volume of one slice."""

    values: NDArray[np.generic]
    geometry: Geometry
    is_volume: bool


def decode_metaimage(data: bytes, path: Path) -> MetaImage:
    """Decode a file.

    Args:
        data: the whole file.
        path: of the file, for messages, and to find the pixel file of an .mhd header.

    Raises:
        UnreadableError: the header is wrong, or the pixels do not fit it, are missing or lie in another file.
        ImageError: the file is a volume of several slices.
    """
    try:
        fields, start = _read_fields(data)
        dimensions = _read_dimensions(fields)
        size = " x ".join(map(str, dimensions))
        if math.prod(dimensions[2:]) != 1:
            raise ImageError(f"{path} is a {len(dimensions)}-D image ({size}): give one 2-D image per file")
        geometry = _read_geometry(fields, dimensions)
        pixels = _find_pixels(fields, data[start:], path)
        return MetaImage(_decode_pixels(fields, dimensions, pixels), geometry, len(dimensions) > 2)
    except _HeaderError as error:
        raise UnreadableError(f"{path} is truncated or damaged ({error}): copy or export it again") from None


def _read_fields(data: bytes) -> tuple[dict[str, str], int]:
    """The keys and values of the header, and the offset of the byte behind it."""
    fields: dict[str, str] = {}
    start = 0
    for _ in range(MOST_LINES):
        end = data.find(b"\n", start, start + LONGEST_LINE + 1)
        if end < 0:
            break
        line = data[start:end].rstrip(b"\r")
        start = end + 1
        if not line.strip():
            continue
        found = LINE.fullmatch(line)
        if found is None:
            raise _HeaderError("its header has a line that is not `key = value`")
        key, value = (part.decode("ascii").strip() for part in found.groups())
        if key in fields:
            raise _HeaderError(f"its header has {key} twice")
        fields[key] = value
        if key == "ElementDataFile":
            return fields, start
    raise _HeaderError("its header is incomplete")


def _read_dimensions(fields: Mapping[str, str]) -> tuple[int, ...]:
    (count,) = _read_integers(fields, "NDims", 1)
    if fields.get("ObjectType", "Image") != "Image" or not 2 <= count <= MOST_DIMENSIONS:
        raise _HeaderError(f"it is no image of 2 to {MOST_DIMENSIONS} dimensions")
    dimensions = _read_integers(fields, "DimSize", count)
    if min(dimensions) < 1:
        raise _HeaderError(f"it claims a size of {fields['DimSize']}")
    return dimensions


def _read_integers(fields: Mapping[str, str], key: str, count: int) -> tuple[int, ...]:
    parts = fields.get(key, "").split()
    if len(parts) != count or not all(re.fullmatch(r"[+-]?[0-9]{1,10}", part) for part in parts):
        raise _HeaderError(f"its {key} is no list of {count} whole numbers")
    return tuple(int(part) for part in parts)


def _read_floats(fields: Mapping[str, str], keys: tuple[str, ...], default: tuple[float, ...]) -> NDArray[np.float64]:
    """The numbers under the one of these keys that is there; the default where none is."""
    present = [key for key in keys if key in fields]
    if not present:
        return np.array(default)
    if len(present) > 1:
        raise _HeaderError(f"its header has {present[0]} and {present[1]}, which mean the same")
    try:
        values = [float(part) for part in fields[present[0]].split()]
    except ValueError:
        values = []
    if len(values) != len(default) or not all(abs(value) <= LARGEST for value in values):
        raise _HeaderError(f"its {present[0]} is no list of {len(default)} numbers up to {LARGEST:g}")
    return np.array(values)


def _read_geometry(fields: Mapping[str, str], dimensions: tuple[int, ...]) -> Geometry:
    count = len(dimensions)
    keys = ("ElementSpacing",) if "ElementSpacing" in fields else ("ElementSize",)
    spacing = _read_floats(fields, keys, (1.0,) * count)
    origin = _read_floats(fields, ("Offset", "Position", "Origin"), (0.0,) * count)
    matrix = _read_floats(fields, ("TransformMatrix", "Rotation", "Orientation"), tuple(np.eye(count).ravel()))
    # A row of the file is the direction of one axis, and that is a column of the direction cosines. A negative spacing
    # turns the direction of its axis round.
    cosines = matrix.reshape(count, count).T * np.sign(spacing)
    if (spacing == 0).any() or abs(cosines).max() > LARGEST_COSINE or abs(np.linalg.det(cosines)) < SMALLEST_VOLUME:
        raise _HeaderError("its spacing or its directions span no plane")
    plane = cosines[:2, :2]
    if count > 2 and abs(np.linalg.det(plane)) < SMALLEST_VOLUME:
        plane = np.eye(2)
    a, b, c, d = plane.ravel().tolist()
    (dx, dy), (x, y) = np.abs(spacing[:2]).tolist(), origin[:2].tolist()
    return Geometry((dimensions[0], dimensions[1]), (dx, dy), (x, y), (a, b, c, d))


def _find_pixels(fields: Mapping[str, str], local: bytes, path: Path) -> bytes:
    """The bytes of the pixels: those behind the header, or the file beside an .mhd header."""
    source = fields["ElementDataFile"]
    if source == "LOCAL":
        return local
    if has_suffix(path, (".mha",)) or not re.fullmatch(r"[^/\\%]+", source) or source in (".", "..", "LIST"):
        raise _HeaderError(f"its pixels are in another file, '{source}', and ElementDataFile must be LOCAL")
    file = path.parent / source
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            raise _HeaderError(f"its data file {source} is no regular file")
        return file.read_bytes()
    except FileNotFoundError:
        raise _HeaderError(f"its data file {source} is missing") from None
    except OSError as error:
        raise _HeaderError(f"its data file {source} cannot be opened, {error.strerror}") from None


def _read_flag(fields: Mapping[str, str], keys: tuple[str, ...]) -> bool:
    values = {fields[key].lower() for key in keys if key in fields}
    if len(values) > 1 or not values <= {"true", "false"}:
        raise _HeaderError(f"its {keys[0]} is neither True nor False")
    return values == {"true"}


def _decode_pixels(fields: Mapping[str, str], dimensions: tuple[int, ...], pixels: bytes) -> NDArray[np.generic]:
    name = fields.get("ElementType", "").removesuffix("_ARRAY")
    if name not in TYPES:
        raise _HeaderError(f"its ElementType is '{fields.get('ElementType', '')}'")
    if "BinaryData" in fields and not _read_flag(fields, ("BinaryData",)):
        raise _HeaderError("its pixels are stored as text")
    order = ">" if _read_flag(fields, ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")) else "<"
    dtype = np.dtype(order + TYPES[name])
    channels = _read_integers(fields, "ElementNumberOfChannels", 1)[0] if "ElementNumberOfChannels" in fields else 1
    if fields.get("HeaderSize", "0") != "0" or not 1 <= channels <= 1 << 10:
        raise _HeaderError("it has a HeaderSize, or no channels")
    width, height = dimensions[:2]
    needed = width * height * channels * dtype.itemsize
    if needed > MOST_BYTES:
        raise _HeaderError(f"it claims {needed} bytes of pixels, and {MOST_BYTES} are allowed")
    if _read_flag(fields, ("CompressedData",)):
        pixels = _inflate(fields, pixels, needed)
    if len(pixels) < needed:
        raise _HeaderError(f"it has {len(pixels)} bytes of pixels of {needed}")
    values = np.frombuffer(pixels, dtype, width * height * channels).astype(dtype.newbyteorder("="))
    return values.reshape((height, width) if channels == 1 else (height, width, channels))


def _inflate(fields: Mapping[str, str], pixels: bytes, needed: int) -> bytes:
    """Inflate pixels; no more than `needed` bytes are kept in memory."""
    if "CompressedDataSize" in fields:
        (size,) = _read_integers(fields, "CompressedDataSize", 1)
        if not 0 < size <= len(pixels):
            raise _HeaderError(f"it has {len(pixels)} bytes of compressed pixels of {size}")
        pixels = pixels[:size]
    stream = zlib.decompressobj(47)
    try:
        inflated = stream.decompress(pixels, needed + 1)
        if not stream.eof and len(inflated) == needed:
            inflated += stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error:
        raise _HeaderError("its compressed data is incomplete or altered") from None
    if len(inflated) != needed and (stream.eof or len(inflated) > needed):
        found = "more" if len(inflated) > needed else str(len(inflated))
        raise _HeaderError(f"its compressed data holds {found} bytes of pixels of {needed}")
    if not stream.eof:
        raise _HeaderError("its compressed data is incomplete or altered")
    return inflated
