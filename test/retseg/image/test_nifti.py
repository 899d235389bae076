"""Stacks are read and written slice by slice; SimpleITK reads and writes the same."""

import gzip
import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from retseg.image import ImageError, UnreadableError, read_image
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
def test_what_is_no_plain_stack_is_refused(
    make_nifti_header: Callable[..., bytearray], offset: int, kind: str, value: object, message: str
) -> None:
    block = make_nifti_header()
    struct.pack_into(kind, block, offset, *(value if isinstance(value, tuple) else (value,)))
    with pytest.raises(VolumeError, match=message):
        read_header(io.BytesIO(bytes(block)))


def test_a_truncated_stack_is_refused_at_the_slice_that_is_missing(
    make_nifti_header: Callable[..., bytearray],
) -> None:
    stream = io.BytesIO(bytes(make_nifti_header()) + bytes(7))
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


@pytest.mark.parametrize(
    ("offset", "kind", "value", "message"),
    [
        (40, "<8h", (2, 5, 7, 249, 1, 1, 1, 1), "claims the dimensions"),
        (40, "<8h", (5, 5, 7, 1, 1, 9, 1, 1), "claims the dimensions"),
        (40, "<8h", (7, 5, 7, 1, 1, 1, 1, 1), "claims the dimensions"),
        (40, "<8h", (2, -5, -7, 1, 1, 1, 1, 1), "claims the dimensions"),
        (40, "<8h", (2, 5, 8, 1, 1, 1, 1, 1), "has 387 bytes of 392"),
        (70, "<2h", (16, 8), "claims the voxel type 16 of 8 bits"),
        (70, "<2h", (1536, 128), "claims the voxel type 1536"),
        (80, "<f", float("nan"), "not finite"),
        (280, "<f", float("inf"), "not finite"),
        (108, "<f", 12.0, "the voxels from byte 12 on"),
        (344, "<4s", b"ni1", "no NIfTI-1 file that holds its own voxels"),
    ],
)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_an_image_whose_header_lies_is_refused_before_native_code_reads_it(
    tmp_path: Path, offset: int, kind: str, value: object, message: str, suffix: str
) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.zeros((7, 5), np.uint8)), str(tmp_path / "good.nii"))
    data = bytearray((tmp_path / "good.nii").read_bytes())
    struct.pack_into(kind, data, offset, *(value if isinstance(value, tuple) else (value,)))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(data) if suffix == ".nii.gz" else data)
    with pytest.raises(UnreadableError, match=message):
        read_image(path)


def test_voxels_of_several_channels_that_are_scaled_are_refused(tmp_path: Path) -> None:
    """SimpleITK wrote beyond its buffer for such a file, and the process died."""
    image = SimpleITK.GetImageFromArray(np.zeros((7, 5, 3), np.uint8), isVector=True)
    SimpleITK.WriteImage(image, str(tmp_path / "a.nii"))
    assert read_image(tmp_path / "a.nii").pixels.shape == (7, 5, 3)
    data = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<f", data, 112, 1.7)
    (tmp_path / "a.nii").write_bytes(data)
    with pytest.raises(UnreadableError, match="scales voxels of several channels"):
        read_image(tmp_path / "a.nii")


def test_headers_at_random_are_refused_or_decoded_and_nothing_else(tmp_path: Path) -> None:
    """300 headers with up to five bytes changed, of a grey image and of one in colour."""
    rng = np.random.default_rng(3)
    for shape in ((7, 5), (7, 5, 3)):
        image = SimpleITK.GetImageFromArray(np.zeros(shape, np.uint8), isVector=len(shape) > 2)
        SimpleITK.WriteImage(image, str(tmp_path / "a.nii"))
        good = (tmp_path / "a.nii").read_bytes()
        for _ in range(150):
            data = bytearray(good)
            for at in rng.integers(0, 352, int(rng.integers(1, 6))):
                data[at] = int(rng.integers(0, 256))
            (tmp_path / "a.nii").write_bytes(data)
            try:
                assert read_image(tmp_path / "a.nii").pixels.shape == (7, 5, 3)
            except ImageError as error:
                assert "\n" not in str(error)
