"""NIfTI-1 volumes from a stream, one slice after the other: a stack inside an archive never has to be unpacked.

SimpleITK reads files only, and whole; here the header says type and size, and slices follow in order.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError

HEADER_SIZE = 348
MOST_SLICE_BYTES = 512 << 20
TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4"}


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
    """Read the header and stand at the first voxel.

    Raises:
        VolumeError: no NIfTI-1, a voxel type that is no plain number, scaled values, or more than three dimensions.
    """
    block = stream.read(HEADER_SIZE)
    if len(block) < HEADER_SIZE or block[344:347] not in (b"n+1", b"ni1"):
        raise VolumeError("is not a NIfTI-1 volume")
    order = "<" if struct.unpack("<i", block[:4])[0] == HEADER_SIZE else ">"
    dimensions = struct.unpack(f"{order}8h", block[40:56])
    code = struct.unpack(f"{order}h", block[70:72])[0]
    offset, slope, intercept = struct.unpack(f"{order}3f", block[108:120])
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
