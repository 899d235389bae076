"""Stacks are read and written slice by slice; SimpleITK reads and writes the same."""

import gzip
import io
import struct
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from retseg.image.nifti import StackWriter, VolumeError, read_header, read_slice


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


def test_a_written_stack_is_read_back_here_and_by_simpleitk(tmp_path: Path) -> None:
    slices = np.random.default_rng(1).integers(0, 2, (3, 4, 5)).astype(np.uint8)
    with (tmp_path / "v.nii.gz").open("wb") as stream:
        writer = StackWriter(stream, (5, 4, 3))
        for pixels in slices:
            writer.append(pixels)
        writer.close()
    stored = SimpleITK.ReadImage(str(tmp_path / "v.nii.gz"))
    assert (SimpleITK.GetArrayFromImage(stored) == slices).all()
    assert (stored.GetSpacing(), stored.GetDirection()) == ((1.0,) * 3, (1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0))
    with gzip.open(tmp_path / "v.nii.gz") as stream:
        header = read_header(stream)
        assert all((read_slice(stream, header) == pixels).all() for pixels in slices)


def test_a_stack_takes_exactly_the_slices_that_its_header_promises() -> None:
    writer = StackWriter(io.BytesIO(), (5, 4, 2))
    with pytest.raises(ValueError, match=r"slice 1 is uint8 \(5, 4\)"):
        writer.append(np.zeros((5, 4), np.uint8))
    writer.append(np.zeros((4, 5), np.uint8))
    with pytest.raises(ValueError, match="1 slices were written where the header promises 2"):
        writer.close()
