"""Decode MetaImage files (.mha, .mhd) from their bytes, without native code.

A MetaImage header can name any file as its pixels, and native readers follow it. So the header is parsed here: an .mha
file must hold its own pixels, the sizes must fit the data, and every value must be finite.

Source: https://itk.org/Wiki/ITK/MetaIO/Documentation. What is accepted here is decoded as SimpleITK decodes it.
"""

import re
import stat
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.files import has_suffix
from retseg.image.image import ONE_SLICE, DamageError, Geometry, KindError, Raster
from retseg.image.limits import Limits

LONGEST_LINE = 499
"""Bytes: MetaIO reads no longer line."""

MOST_LINES = 200
MOST_DIMENSIONS = 5
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


def decode_metaimage(data: bytes, path: Path, limits: Limits) -> Raster:
    """Decode a file.

    Args:
        data: the whole file.
        path: of the file, to find the pixel file of an .mhd header.
        limits: that the header is compared with.

    Raises:
        DamageError: the header is wrong, or the pixels do not fit it, are missing or lie in another file.
        KindError: the file is a volume of several slices, or has more than four channels.
        LimitError: the header claims too much.
    """
    fields, start = _read_fields(data)
    dimensions = _read_dimensions(fields)
    if any(count != 1 for count in dimensions[2:]):
        size = " x ".join(map(str, dimensions))
        raise KindError(f"is a {len(dimensions)}-D image ({size}): give one 2-D image per file")
    geometry = _read_geometry(fields, dimensions)
    layout = _read_layout(fields)
    limits.check_size(dimensions[0], dimensions[1], layout.channels * layout.dtype.itemsize)
    values = _decode_pixels(fields, dimensions, layout, _find_pixels(fields, data[start:], path, limits))
    return Raster(values, geometry, notes=(ONE_SLICE,) if len(dimensions) > 2 else ())


def decode_stack(data: bytes, path: Path, limits: Limits) -> NDArray[np.generic]:
    """Decode a file of W x H x 1 x n numbers: its n volumes, (n, H, W).

    Raises:
        DamageError: as `decode_metaimage`.
        KindError: the file has other dimensions, or several channels.
        LimitError: the header claims too much.
    """
    fields, start = _read_fields(data)
    dimensions = _read_dimensions(fields)
    layout = _read_layout(fields)
    if len(dimensions) != 4 or dimensions[2] != 1 or layout.channels != 1:
        size = " x ".join(map(str, dimensions))
        raise KindError(f"is a {len(dimensions)}-D image ({size}): a stack is W x H x 1 x tasks, of one channel")
    _read_geometry(fields, dimensions)
    width, height, _, count = dimensions
    limits.check_size(width, height * count, layout.dtype.itemsize)
    pixels = _find_pixels(fields, data[start:], path, limits)
    return _decode_pixels(fields, (width, height * count), layout, pixels).reshape(count, height, width)


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
            raise DamageError("its header has a line that is not `key = value`")
        key, value = (part.decode("ascii").strip() for part in found.groups())
        if key in fields:
            raise DamageError(f"its header has {key} twice")
        fields[key] = value
        if key == "ElementDataFile":
            return fields, start
    raise DamageError("its header is incomplete")


def _read_dimensions(fields: Mapping[str, str]) -> tuple[int, ...]:
    (count,) = _read_integers(fields, "NDims", 1)
    if fields.get("ObjectType", "Image") != "Image" or not 2 <= count <= MOST_DIMENSIONS:
        raise DamageError(f"it is no image of 2 to {MOST_DIMENSIONS} dimensions")
    dimensions = _read_integers(fields, "DimSize", count)
    if min(dimensions) < 1:
        raise DamageError(f"it claims a size of {fields['DimSize']}")
    return dimensions


def _read_integers(fields: Mapping[str, str], key: str, count: int) -> tuple[int, ...]:
    parts = fields.get(key, "").split()
    if len(parts) != count or not all(re.fullmatch(r"[+-]?[0-9]{1,10}", part) for part in parts):
        raise DamageError(f"its {key} is no list of {count} whole numbers")
    return tuple(int(part) for part in parts)


def _read_floats(fields: Mapping[str, str], keys: tuple[str, ...], default: tuple[float, ...]) -> NDArray[np.float64]:
    """The numbers under the one of these keys that is there; the default where none is."""
    present = [key for key in keys if key in fields]
    if not present:
        return np.array(default)
    if len(present) > 1:
        raise DamageError(f"its header has {present[0]} and {present[1]}, which mean the same")
    try:
        values = [float(part) for part in fields[present[0]].split()]
    except ValueError:
        values = []
    if len(values) != len(default) or not all(abs(value) <= LARGEST for value in values):
        raise DamageError(f"its {present[0]} is no list of {len(default)} numbers up to {LARGEST:g}")
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
        raise DamageError("its spacing or its directions span no plane")
    plane = cosines[:2, :2]
    if count > 2 and abs(np.linalg.det(plane)) < SMALLEST_VOLUME:
        plane = np.eye(2)
    a, b, c, d = plane.ravel().tolist()
    (dx, dy), (x, y) = np.abs(spacing[:2]).tolist(), origin[:2].tolist()
    return Geometry((dimensions[0], dimensions[1]), (dx, dy), (x, y), (a, b, c, d))


def _find_pixels(fields: Mapping[str, str], local: bytes, path: Path, limits: Limits) -> bytes:
    """The bytes of the pixels: those behind the header, or the file beside an .mhd header."""
    source = fields["ElementDataFile"]
    if source == "LOCAL":
        return local
    if has_suffix(path, (".mha",)) or not re.fullmatch(r"[^/\\%]+", source) or source in (".", "..", "LIST"):
        raise DamageError(f"its pixels are in another file, '{source}', and ElementDataFile must be LOCAL")
    file = path.parent / source
    try:
        found = file.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise DamageError(f"its data file {source} is no regular file")
        limits.check_file(found.st_size)
        return file.read_bytes()
    except FileNotFoundError:
        raise DamageError(f"its data file {source} is missing") from None
    except OSError as error:
        raise DamageError(f"its data file {source} cannot be opened, {error.strerror}") from None


def _read_flag(fields: Mapping[str, str], keys: tuple[str, ...]) -> bool:
    values = {fields[key].lower() for key in keys if key in fields}
    if len(values) > 1 or not values <= {"true", "false"}:
        raise DamageError(f"its {keys[0]} is neither True nor False")
    return values == {"true"}


@dataclass(frozen=True)
class _Layout:
    """The type of a value, with its byte order, and how many there are for each pixel."""

    dtype: np.dtype[np.generic]
    channels: int


def _read_layout(fields: Mapping[str, str]) -> _Layout:
    name = fields.get("ElementType", "").removesuffix("_ARRAY")
    if name not in TYPES:
        raise DamageError(f"its ElementType is '{fields.get('ElementType', '')}'")
    if "BinaryData" in fields and not _read_flag(fields, ("BinaryData",)):
        raise DamageError("its pixels are stored as text")
    order = ">" if _read_flag(fields, ("BinaryDataByteOrderMSB", "ElementByteOrderMSB")) else "<"
    channels = _read_integers(fields, "ElementNumberOfChannels", 1)[0] if "ElementNumberOfChannels" in fields else 1
    if fields.get("HeaderSize", "0") != "0" or channels < 1:
        raise DamageError("it has a HeaderSize, or no channels")
    if channels > 4:
        raise KindError(f"has {channels} channels: save it as grey or RGB")
    return _Layout(np.dtype(order + TYPES[name]), channels)


def _decode_pixels(
    fields: Mapping[str, str], dimensions: tuple[int, ...], layout: _Layout, pixels: bytes
) -> NDArray[np.generic]:
    width, height = dimensions[:2]
    count = width * height * layout.channels
    needed = count * layout.dtype.itemsize
    if _read_flag(fields, ("CompressedData",)):
        pixels = _inflate(fields, pixels, needed)
    if len(pixels) < needed:
        raise DamageError(f"it has {len(pixels)} bytes of pixels of {needed}")
    values = np.frombuffer(pixels, layout.dtype, count).astype(layout.dtype.newbyteorder("="))
    return values.reshape((height, width) if layout.channels == 1 else (height, width, layout.channels))


def _inflate(fields: Mapping[str, str], pixels: bytes, needed: int) -> bytes:
    """Inflate pixels; no more than `needed` bytes are kept in memory."""
    if "CompressedDataSize" in fields:
        (size,) = _read_integers(fields, "CompressedDataSize", 1)
        if not 0 < size <= len(pixels):
            raise DamageError(f"it has {len(pixels)} bytes of compressed pixels of {size}")
        pixels = pixels[:size]
    stream = zlib.decompressobj(47)
    try:
        inflated = stream.decompress(pixels, needed + 1)
        if not stream.eof and len(inflated) == needed:
            inflated += stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error:
        raise DamageError("its compressed data is incomplete or altered") from None
    if len(inflated) != needed and (stream.eof or len(inflated) > needed):
        found = "more" if len(inflated) > needed else str(len(inflated))
        raise DamageError(f"its compressed data holds {found} bytes of pixels of {needed}")
    if not stream.eof:
        raise DamageError("its compressed data is incomplete or altered")
    return inflated
