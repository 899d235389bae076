"""NIfTI-1 volumes, read and written slice by slice, so that a volume is never in memory as a whole.

SimpleITK reads files only, and whole. Here a stack of masks is read from a stream inside an archive, or written to one.

Source: the NIfTI-1 header, https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h.
"""

import gzip
import io
import struct
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.image.image import DamageError, KindError
from retseg.image.limits import Limits

HEADER_SIZE, VOXEL_OFFSET = 348, 352
MOST_SLICE_BYTES = 512 << 20
TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}
"""Code of a voxel type to its numpy type."""

COMPLEX_TYPES = {32: "complex64", 1792: "complex128", 2048: "complex256"}
"""Code of a complex voxel type to its numpy type."""

FIELDS = {
    "sizeof_hdr": (0, "i"),
    "regular": (38, "c"),
    "dim": (40, "8h"),
    "datatype": (70, "h"),
    "bitpix": (72, "h"),
    "pixdim": (76, "8f"),
    "vox_offset": (108, "f"),
    "scl_slope": (112, "f"),
    "scl_inter": (116, "f"),
    "xyzt_units": (123, "B"),
    "qform_code": (252, "h"),
    "sform_code": (254, "h"),
    "quatern": (256, "6f"),
    "srow": (280, "12f"),
    "magic": (344, "4s"),
}
"""The fields of the header that are used here: offset in bytes, and type as `struct` writes it."""

UINT8, MILLIMETRES_AND_SECONDS, SCANNER = 2, 10, 1
"""Codes that the header of a written mask holds: voxel type, units, and coordinates of the scanner."""


MOST_SURPLUS = 1 << 20
"""Bytes that may lie behind the voxels."""

LARGEST = 1e9
"""The greatest absolute value of a number in a header."""

NIFTI_TYPES = {**TYPES, 1024: "i8", 1280: "u8", 128: "V3", 2304: "V4"}
"""The types of `TYPES`, and those that only SimpleITK decodes: 64-bit integers, RGB and RGBA."""


class VolumeError(RetsegError):
    """The stream is not a NIfTI-1 volume that can be read here; says why."""


@dataclass(frozen=True)
class VolumeHeader:
    """Size (width, height, slices), and numpy type of a voxel with its byte order."""

    size: tuple[int, int, int]
    dtype: np.dtype[np.generic]

    @property
    def slice_bytes(self) -> int:
        """How many bytes one slice takes."""
        return self.size[0] * self.size[1] * self.dtype.itemsize


def read_header(stream: BinaryIO) -> VolumeHeader:
    """Read the header of a stack; the stream then stands at the first voxel.

    Raises:
        VolumeError: no NIfTI-1, a voxel type that is no plain number, scaled values, or more than three dimensions.
    """
    block = stream.read(HEADER_SIZE)
    if len(block) < HEADER_SIZE or block[344:347] not in (b"n+1", b"ni1"):
        raise VolumeError("is not a NIfTI-1 volume")
    order = _read_order(block)
    dimensions = _unpack(block, order, "dim")
    (code,), (offset,) = _unpack(block, order, "datatype"), _unpack(block, order, "vox_offset")
    (slope,), (intercept,) = _unpack(block, order, "scl_slope"), _unpack(block, order, "scl_inter")
    extra = [size for size in dimensions[4 : dimensions[0] + 1] if size > 1]
    if code not in TYPES or not 2 <= dimensions[0] <= 7 or extra or min(dimensions[1:3]) < 1:
        raise VolumeError(
            f"has dimensions {dimensions[1 : dimensions[0] + 1]} of voxel type {code}; wanted 3-D numbers"
        )
    if slope not in (0.0, 1.0) or (slope == 1.0 and intercept != 0.0):
        raise VolumeError(f"scales its voxels by {slope:g} and {intercept:g}; write plain values")
    depth = dimensions[3] if dimensions[0] >= 3 else 1
    header = VolumeHeader((dimensions[1], dimensions[2], depth), np.dtype(order + TYPES[code]))
    if header.slice_bytes > MOST_SLICE_BYTES or not HEADER_SIZE <= offset <= 1 << 20:
        raise VolumeError(f"claims slices of {header.slice_bytes} bytes from byte {offset:g} on")
    stream.read(int(offset) - HEADER_SIZE)
    return header


def _unpack(block: bytes, order: str, field: str) -> tuple[Any, ...]:
    offset, kind = FIELDS[field]
    return struct.unpack_from(order + kind, block, offset)


def read_slice(stream: BinaryIO, header: VolumeHeader) -> NDArray[np.generic]:
    """Read the next slice: (height, width), in native byte order.

    Raises:
        VolumeError: the stream ends early.
    """
    block = stream.read(header.slice_bytes)
    if len(block) < header.slice_bytes:
        raise VolumeError("is truncated: it ends before its last slice")
    pixels = np.frombuffer(block, dtype=header.dtype).reshape(header.size[1], header.size[0])
    return pixels.astype(header.dtype.newbyteorder("="))


def check_image(data: bytes, limits: Limits) -> None:
    """Check a NIfTI-1 file of one slice, gzipped or not, because native readers trust the header.

    It must have a known type, sizes of at least 1, finite numbers, at most four channels, and as many voxels as it
    claims. No voxel is kept.

    Raises:
        DamageError: the header is wrong, or voxels are missing.
        KindError: the file is a volume of several slices.
        LimitError: the header claims too much.
    """
    stream: BinaryIO = io.BytesIO(data)
    if data.startswith(b"\x1f\x8b"):
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    try:
        block = stream.read(HEADER_SIZE)
        fault = _find_header_fault(block)
        if fault is not None:
            raise DamageError(fault)
        needed = _check_size(block, limits)
        found = len(block)
        while found < needed and (chunk := stream.read(1 << 20)):
            found += len(chunk)
        if found < needed:
            raise DamageError(f"it has {found} bytes of {needed}")
        while found <= needed + MOST_SURPLUS and (chunk := stream.read(1 << 20)):
            found += len(chunk)
    except (EOFError, OSError, zlib.error):
        raise DamageError("its compressed data is incomplete or altered") from None
    if found > needed + MOST_SURPLUS:
        raise DamageError(f"it has more than {needed + MOST_SURPLUS} bytes, and its header claims {needed}")


def _check_size(block: bytes, limits: Limits) -> int:
    """The bytes of a file with this header, when it is one slice and within the limits."""
    order = _read_order(block)
    dimensions = _unpack(block, order, "dim")
    size = dimensions[1 : min(dimensions[0], 4) + 1]
    if any(count != 1 for count in size[2:]):
        shape = " x ".join(map(str, size))
        raise KindError(f"is a {len(size)}-D image ({shape}): give one 2-D image per file")
    (code,), (offset,) = _unpack(block, order, "datatype"), _unpack(block, order, "vox_offset")
    voxel = np.dtype(NIFTI_TYPES[code]).itemsize * (dimensions[5] if dimensions[0] > 4 else 1)
    limits.check_size(size[0], size[1], voxel)
    return int(offset + size[0] * size[1] * voxel)


def _find_header_fault(block: bytes) -> str | None:
    if len(block) < HEADER_SIZE or block[344:348] != b"n+1\0":
        return "it is no NIfTI-1 file that holds its own voxels"
    order = _read_order(block)
    dimensions = _unpack(block, order, "dim")
    (code,), (bits,) = _unpack(block, order, "datatype"), _unpack(block, order, "bitpix")
    sizes = dimensions[1 : dimensions[0] + 1]
    rest = dimensions[dimensions[0] + 1 :]
    if not 2 <= dimensions[0] <= 5 or min(sizes) < 1 or max(rest, default=1) > 1 or sizes[4:] > (4,):
        return f"it claims the dimensions {dimensions}"
    if code in COMPLEX_TYPES:
        return f"its voxels are complex numbers, {COMPLEX_TYPES[code]}, and no picture"
    if code not in NIFTI_TYPES or bits != 8 * np.dtype(NIFTI_TYPES[code]).itemsize:
        return f"it claims the voxel type {code} of {bits} bits"
    scale = (_unpack(block, order, "scl_slope")[0], _unpack(block, order, "scl_inter")[0])
    if sizes[4:] > (1,) and scale not in ((0.0, 0.0), (1.0, 0.0)):
        return "it scales voxels of several channels"
    fields = ("pixdim", "vox_offset", "scl_slope", "scl_inter", "quatern", "srow")
    numbers = [number for field in fields for number in _unpack(block, order, field)]
    if not all(abs(number) <= LARGEST for number in numbers):
        return f"its header has numbers that are not finite or above {LARGEST:g}"
    (offset,) = _unpack(block, order, "vox_offset")
    if not VOXEL_OFFSET <= offset <= 1 << 20:
        return f"it claims the voxels from byte {offset:g} on"
    return None


def _read_order(block: bytes) -> str:
    return "<" if _unpack(block, "<", "sizeof_hdr")[0] == HEADER_SIZE else ">"


def make_header(size: tuple[int, int, int]) -> bytes:
    """The 352 bytes before the voxels of a uint8 volume of (width, height, slices), with voxels of 1 mm.

    The x and y axes of NIfTI point against those of ITK. With the signs below ITK reads the identity as direction, as
    it does from the organisers' example.
    """
    block = bytearray(VOXEL_OFFSET)
    values = {
        "sizeof_hdr": (HEADER_SIZE,),
        "regular": (b"r",),
        "dim": (3, *size, 1, 1, 1, 1),
        "datatype": (UINT8,),
        "bitpix": (8,),
        "pixdim": (1, 1, 1, 1, 0, 0, 0, 0),
        "vox_offset": (VOXEL_OFFSET,),
        "scl_slope": (1,),
        "xyzt_units": (MILLIMETRES_AND_SECONDS,),
        "qform_code": (SCANNER,),
        "sform_code": (SCANNER,),
        "quatern": (0, 0, 1, 0, 0, 0),
        "srow": (-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0),
        "magic": (b"n+1",),
    }
    for field, content in values.items():
        offset, kind = FIELDS[field]
        struct.pack_into("<" + kind, block, offset, *content)
    return bytes(block)


class StackWriter:
    """Writes uint8 slices, each (height, width), to a stream; the same slices give the same bytes.

    Args:
        stream: takes the gzipped volume; it stays open.
        size: (width, height, slices), which the header promises.
    """

    def __init__(self, stream: BinaryIO, size: tuple[int, int, int]) -> None:
        self._size = size
        self._written = 0
        self._zipped = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=stream, mtime=0)
        self._zipped.write(make_header(size))

    def append(self, pixels: NDArray[np.uint8]) -> None:
        """Write the next slice.

        Raises:
            ValueError: it has another size or type, or there are too many.
        """
        width, height, slices = self._size
        if pixels.shape != (height, width) or pixels.dtype != np.uint8 or self._written == slices:
            raise ValueError(
                f"slice {self._written + 1} is {pixels.dtype} {pixels.shape}; wanted {slices} of {self._size}"
            )
        self._zipped.write(np.ascontiguousarray(pixels).tobytes())
        self._written += 1

    def close(self) -> None:
        """End the volume.

        Raises:
            ValueError: slices are missing.
        """
        self._zipped.close()
        if self._written != self._size[2]:
            raise ValueError(f"{self._written} slices were written where the header promises {self._size[2]}")
