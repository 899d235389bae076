"""MetaImage files are decoded as SimpleITK decodes them, and none can name other files or lie about its size."""

import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from retseg.image import ImageError, UnreadableError, read_image, read_values

SECRET = bytes(range(1, 13))
"""Pixels of a truth that no image may show."""


def write_mha(path: Path, pixels: bytes, **fields: str) -> Path:
    """A file of 4 x 3 bytes unless told otherwise; a field of None is left out, underscores stay."""
    header = {"ObjectType": "Image", "NDims": "2", "BinaryData": "True", "DimSize": "4 3", "ElementType": "MET_UCHAR"}
    lines = [f"{key} = {value}\n" for key, value in {**header, "ElementDataFile": "LOCAL", **fields}.items()]
    lines.sort(key=lambda line: line.startswith("ElementDataFile"))
    path.write_bytes("".join(lines).encode() + pixels)
    return path


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("compress", [True, False])
def test_what_simpleitk_writes_is_decoded_as_simpleitk_does(
    tmp_path: Path, dtype: type, channels: int, compress: bool
) -> None:
    rng = np.random.default_rng(channels)
    grey = rng.integers(0, 100, (7, 5)).astype(dtype)
    values = grey if channels == 1 else np.repeat(grey[:, :, None], channels, axis=2)
    image = SimpleITK.GetImageFromArray(values, isVector=channels > 1)
    image.SetSpacing((0.25, 0.5))
    image.SetOrigin((-3.0, 11.5))
    image.SetDirection((0.6, -0.8, 0.8, 0.6))
    SimpleITK.WriteImage(image, str(tmp_path / "a.mha"), useCompression=compress)
    found = read_values(tmp_path / "a.mha")
    assert found.dtype == dtype and np.array_equal(found, grey)
    stored = SimpleITK.ReadImage(str(tmp_path / "a.mha"))
    geometry = read_image(tmp_path / "a.mha").geometry
    assert (geometry.size, geometry.spacing) == (stored.GetSize(), stored.GetSpacing())
    assert (geometry.origin, geometry.direction) == (stored.GetOrigin(), stored.GetDirection())


@pytest.mark.parametrize(
    "fields",
    [
        {"TransformMatrix": "0.6 0.8 -1.6 1.2", "Offset": "5 6", "ElementSpacing": "2 3"},
        {"Rotation": "0 1 1 0", "Position": "5 6", "ElementSize": "2 3"},
        {"Orientation": "0 1 1 0", "Origin": "5 6", "ElementSize": "2 3", "ElementSpacing": "4 5"},
        {"TransformMatrix": "0.6 0.8 -0.8 0.6", "ElementSpacing": "-2 3"},
        {"ElementType": "MET_USHORT_ARRAY", "DimSize": "2 1", "ElementNumberOfChannels": "3"},
        {"ElementType": "MET_LONG", "DimSize": "3 1", "BinaryDataByteOrderMSB": "True"},
        {"ElementType": "MET_SHORT", "DimSize": "3 2", "ElementByteOrderMSB": "True", "Comment": "a = b : c"},
    ],
)
def test_other_spellings_mean_what_they_mean_to_simpleitk(tmp_path: Path, fields: dict[str, str]) -> None:
    path = write_mha(tmp_path / "a.mha", SECRET, **fields)
    stored = SimpleITK.ReadImage(str(path))
    image = read_image(path)
    assert image.geometry.direction == pytest.approx(stored.GetDirection(), abs=1e-15)
    assert (image.geometry.spacing, image.geometry.origin) == (stored.GetSpacing(), stored.GetOrigin())
    if "ElementNumberOfChannels" not in fields:
        assert np.array_equal(read_values(path), SimpleITK.GetArrayFromImage(stored))


@pytest.mark.parametrize("matrix", ["0 0 1 0.6 0.8 0 0.8 -0.6 0", "0.6 0.8 0 0.8 -0.6 0 0 0 -1"])
def test_the_plane_of_a_volume_of_one_slice_is_that_of_simpleitk(tmp_path: Path, matrix: str) -> None:
    fields = {"NDims": "3", "DimSize": "4 3 1", "ElementSpacing": "2 3 4", "Offset": "5 6 7"}
    path = write_mha(tmp_path / "a.mha", SECRET, TransformMatrix=matrix, **fields)
    collapse = SimpleITK.ExtractImageFilter.DIRECTIONCOLLAPSETOGUESS
    stored = SimpleITK.Extract(SimpleITK.ReadImage(str(path)), [4, 3, 0], [0, 0, 0], collapse)
    image = read_image(path)
    assert image.geometry.direction == pytest.approx(stored.GetDirection(), abs=1e-15)
    assert (image.geometry.spacing, image.geometry.origin) == (stored.GetSpacing(), stored.GetOrigin())
    assert "is a volume of one slice" in image.warnings[0]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """A truth beside the folder of the predictions, raw and compressed."""
    (tmp_path / "truth.raw").write_bytes(SECRET)
    (tmp_path / "truth.mha").write_bytes(b"header" + zlib.compress(SECRET))
    (tmp_path / "in").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "fields",
    [
        {"ElementDataFile": "{folder}/truth.raw"},
        {"ElementDataFile": "../truth.raw"},
        {"ElementDataFile": "../truth.raw", "HeaderSize": "-1"},
        {"ElementDataFile": "../truth.mha", "HeaderSize": "6", "CompressedData": "True", "CompressedDataSize": "20"},
        {"ElementDataFile": "LIST\n../truth.raw"},
        {"ElementDataFile": "LIST 2D\n../truth.raw"},
        {"ElementDataFile": "../trut%c.raw 104 104 1"},
        {"ElementDataFile": "%s%s%n"},
        {"ElementDataFile": "Local"},
        {"ElementDataFile": "beside.raw"},
        {"Comment": "x\rElementDataFile = ../truth.raw"},
        {"Comment": "x\nElementDataFile : ../truth.raw"},
        {"Comment": "x\n : \nElementDataFile = ../truth.raw"},
        {"Comment": "x" * 600 + " ElementDataFile = ../truth.raw"},
    ],
)
def test_no_header_leads_to_the_pixels_of_another_file(truth: Path, fields: dict[str, str]) -> None:
    (truth / "in/beside.raw").write_bytes(SECRET)
    filled = {key: value.format(folder=truth) for key, value in fields.items()}
    path = write_mha(truth / "in/a.mha", b"", **filled)
    with pytest.raises(UnreadableError, match=r"a\.mha is truncated or damaged"):
        read_values(path)


@pytest.mark.parametrize("source", ["../truth.raw", "{folder}/truth.raw", "link.raw", "pipe.raw", "LIST", "."])
def test_a_detached_header_reads_a_regular_file_beside_it_only(truth: Path, source: str) -> None:
    (truth / "in/link.raw").symlink_to(truth / "truth.raw")
    os.mkfifo(truth / "in/pipe.raw")
    path = write_mha(truth / "in/a.mhd", b"", ElementDataFile=source.format(folder=truth))
    with pytest.raises(UnreadableError, match=r"a\.mhd is truncated or damaged"):
        read_values(path)
    (truth / "in/beside.raw").write_bytes(SECRET)
    path = write_mha(truth / "in/a.mhd", b"", ElementDataFile="beside.raw")
    assert read_values(path).tobytes() == SECRET


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"NDims": "99999999"}, "no image of 2 to 5 dimensions"),
        ({"NDims": "-2"}, "no image of 2 to 5 dimensions"),
        ({"DimSize": "0 3"}, "claims a size of 0 3"),
        ({"DimSize": "-4 -3"}, "claims a size of"),
        ({"DimSize": "4"}, "DimSize is no list of 2 whole numbers"),
        ({"DimSize": "4 " + "9" * 400}, "DimSize is no list of 2 whole numbers"),
        ({"DimSize": "4 4"}, "has 12 bytes of pixels of 16"),
        ({"TransformMatrix": "1 0 1e308 1"}, "TransformMatrix is no list of 4 numbers"),
        ({"TransformMatrix": "1 0 1e8 1"}, "span no plane"),
        ({"TransformMatrix": "1 1 1 1"}, "span no plane"),
        ({"ElementSpacing": "nan 1"}, "ElementSpacing is no list of 2 numbers"),
        ({"ElementSpacing": "0 1"}, "span no plane"),
        ({"Offset": "inf 1"}, "Offset is no list of 2 numbers"),
        ({"Offset": "1 1", "Origin": "2 2"}, "Offset and Position|Offset and Origin"),
        ({"HeaderSize": "-1"}, "has a HeaderSize"),
        ({"ElementNumberOfChannels": "0"}, "no channels"),
        ({"ElementType": "MET_STRING"}, "ElementType is 'MET_STRING'"),
        ({"BinaryData": "False"}, "stored as text"),
        ({"CompressedData": "maybe"}, "neither True nor False"),
        ({"ObjectType": "Tube"}, "no image of"),
    ],
)
def test_a_header_that_lies_is_refused_before_its_pixels_are_read(
    tmp_path: Path, fields: dict[str, str], message: str
) -> None:
    with pytest.raises(UnreadableError, match=message):
        read_values(write_mha(tmp_path / "a.mha", SECRET, **fields))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (zlib.compress(SECRET[:8]), "holds 8 bytes of pixels of 12"),
        (zlib.compress(SECRET + b"x"), "holds more bytes of pixels of 12"),
        (zlib.compress(bytes(1 << 26)), "holds more bytes of pixels of 12"),
        (zlib.compress(SECRET)[:-2], "incomplete or altered"),
        (b"no stream at all", "incomplete or altered"),
        (b"", "incomplete or altered"),
    ],
)
def test_compressed_pixels_are_as_many_as_the_header_says(tmp_path: Path, pixels: bytes, message: str) -> None:
    """Fewer were random memory before, another mask at each run."""
    with pytest.raises(UnreadableError, match=message):
        read_values(write_mha(tmp_path / "a.mha", pixels, CompressedData="True"))
    assert read_values(write_mha(tmp_path / "b.mha", zlib.compress(SECRET), CompressedData="True")).shape == (3, 4)


def test_bytes_at_random_are_refused_or_decoded_and_nothing_else(tmp_path: Path) -> None:
    """2,000 files with up to four bytes of the header changed."""
    rng = np.random.default_rng(5)
    good = write_mha(tmp_path / "a.mha", SECRET, ElementSpacing="1 1", TransformMatrix="1 0 0 1").read_bytes()
    decoded = 0
    for _ in range(2000):
        data = bytearray(good)
        for at in rng.integers(0, len(good), int(rng.integers(1, 5))):
            data[at] = int(rng.integers(0, 256))
        (tmp_path / "a.mha").write_bytes(data)
        try:
            read_image(tmp_path / "a.mha")
            decoded += 1
        except ImageError as error:
            assert "\n" not in str(error)
    assert 50 < decoded < 1950
