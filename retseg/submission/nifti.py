"""A stack of masks as gzipped NIfTI-1, written slice by slice: the volume is never in memory."""

import gzip
import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

HEADER_SIZE, VOXEL_OFFSET = 348, 352
UINT8, MILLIMETRES_AND_SECONDS, SCANNER = 2, 10, 1


def make_header(size: tuple[int, int, int]) -> bytes:
    """352 bytes before the voxels of a uint8 volume of (width, height, slices), voxels of 1 mm.

    NIfTI counts x and y from right and front, ITK from left and back: the signs make ITK read the identity, as it does
    from the organisers' example.

    Source: the NIfTI-1 header, https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h.
    """
    block = bytearray(VOXEL_OFFSET)
    struct.pack_into("<i", block, 0, HEADER_SIZE)
    struct.pack_into("<c", block, 38, b"r")
    struct.pack_into("<8h", block, 40, 3, *size, 1, 1, 1, 1)
    struct.pack_into("<2h", block, 70, UINT8, 8)
    struct.pack_into("<8f", block, 76, 1, 1, 1, 1, 0, 0, 0, 0)
    struct.pack_into("<3f", block, 108, VOXEL_OFFSET, 1, 0)
    struct.pack_into("<B", block, 123, MILLIMETRES_AND_SECONDS)
    struct.pack_into("<2h", block, 252, SCANNER, SCANNER)
    struct.pack_into("<6f", block, 256, 0, 0, 1, 0, 0, 0)
    struct.pack_into("<12f", block, 280, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0)
    struct.pack_into("<4s", block, 344, b"n+1")
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
