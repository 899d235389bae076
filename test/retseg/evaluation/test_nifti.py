"""A stack written by SimpleITK is read slice by slice from a stream."""

import gzip
import io
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from retseg.evaluation.nifti import VolumeError, read_header, read_slice


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.float32])
def test_slices_come_in_order_and_type(tmp_path: Path, dtype: type) -> None:
    volume = np.random.default_rng(0).integers(0, 100, (3, 4, 5)).astype(dtype)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(volume), str(tmp_path / "v.nii.gz"))
    with gzip.open(tmp_path / "v.nii.gz") as stream:
        header = read_header(stream)
        assert header.size == (5, 4, 3)
        for expected in volume:
            found = read_slice(stream, header)
            assert found.dtype == dtype
            assert (found == expected).all()


def make_header() -> bytearray:
    """Of a uint8 volume of 2 x 2 x 2, by hand."""
    block = bytearray(352)
    struct.pack_into("<i", block, 0, 348)
    struct.pack_into("<8h", block, 40, 3, 2, 2, 2, 1, 1, 1, 1)
    struct.pack_into("<2h", block, 70, 2, 8)
    struct.pack_into("<3f", block, 108, 352, 1, 0)
    block[344:348] = b"n+1\0"
    return block


@pytest.mark.parametrize(
    ("offset", "kind", "value", "message"),
    [
        (344, "<4s", b"abcd", "is not a NIfTI-1 volume"),
        (70, "<h", 1792, "voxel type 1792"),
        (40, "<8h", (4, 2, 2, 2, 2, 1, 1, 1), "wanted 3-D numbers"),
        (112, "<f", 2.0, "scales its voxels by 2"),
        (42, "<2h", (32767, 32767), "claims slices of"),
    ],
)
def test_what_is_no_plain_stack_is_refused(offset: int, kind: str, value: object, message: str) -> None:
    block = make_header()
    struct.pack_into(kind, block, offset, *(value if isinstance(value, tuple) else (value,)))
    with pytest.raises(VolumeError, match=message):
        read_header(io.BytesIO(bytes(block)))


def test_a_truncated_stack_is_refused_at_the_slice_that_is_missing() -> None:
    stream = io.BytesIO(bytes(make_header()) + bytes(7))
    header = read_header(stream)
    read_slice(stream, header)
    with pytest.raises(VolumeError, match="truncated"):
        read_slice(stream, header)
