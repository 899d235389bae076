"""TIFF files are decoded here, rightly or not at all; Pillow, tifffile and SimpleITK are the oracles."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
import tifffile
from numpy.typing import NDArray
from PIL import Image as Pillow

from retseg.image import ImageError, UnreadableError, read_image, read_mask, read_values

Writer = Callable[..., Path]
HEIGHT, WIDTH = 41, 53
COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "raw")


@pytest.fixture
def photograph(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture with noise, whose strings of LZW stay short and many."""
    noise = np.random.default_rng(0).integers(0, 9, (160, 150, 3), np.uint8)
    return np.tile(colours, (4, 3, 1))[:160, :150] // 2 + noise


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_every_compression_gives_the_very_pixels(
    tmp_path: Path, photograph: NDArray[np.uint8], compression: str
) -> None:
    for name, values in (("colour", photograph), ("grey", photograph[:, :, 0])):
        Pillow.fromarray(values).save(tmp_path / f"{name}.tif", compression=compression)
    assert np.array_equal(read_image(tmp_path / "colour.tif").pixels, photograph)
    assert np.array_equal(read_values(tmp_path / "grey.tif"), photograph[:, :, 0])


@pytest.mark.parametrize("compression", ["group4", "raw", "packbits", "tiff_lzw"])
def test_masks_of_one_bit_are_0_and_255(tmp_path: Path, compression: str) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[10:30, 12:40] = True
    Pillow.fromarray(mask).save(tmp_path / "a.tif", compression=compression)
    assert np.array_equal(read_mask(tmp_path / "a.tif"), mask * np.uint8(255))


@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i2", "f2", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("how", [{}, {"bigtiff": True}, {"tile": (16, 32)}, {"compression": "zlib"}])
def test_every_type_of_number_is_read_as_it_is_stored(
    tmp_path: Path, dtype: str, order: str, how: dict[str, object]
) -> None:
    """Values of two bytes and floating point were read as whole numbers."""
    values = (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) / 8 % 100).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, byteorder=order, photometric="minisblack", **how)
    found = read_values(tmp_path / "a.tif")
    assert found.dtype == np.dtype(dtype)
    assert np.array_equal(found, values)


@pytest.mark.parametrize(("mode", "predictor"), [("L", 2), ("I;16", 2), ("F", 3)])
def test_differences_are_added_up(tmp_path: Path, mode: str, predictor: int) -> None:
    values = (
        np.random.default_rng(0).uniform(0, 250, (HEIGHT, WIDTH)).astype({"L": "u1", "I;16": "u2", "F": "f4"}[mode])
    )
    Pillow.fromarray(values).save(tmp_path / "a.tif", compression="tiff_lzw", tiffinfo={317: predictor})
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages[0].predictor == predictor
    assert np.array_equal(read_values(tmp_path / "a.tif"), values)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_are_read_whether_they_are_stored_together_or_apart(
    tmp_path: Path, colours: NDArray[np.uint8], planar: str
) -> None:
    stored = colours if planar == "contig" else np.moveaxis(colours, 2, 0)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, rowsperstrip=7)
    assert np.array_equal(read_image(tmp_path / "a.tif").pixels, colours)


@pytest.mark.parametrize("unit", [1, 2, 3])
def test_the_spacing_is_that_of_simpleitk(tmp_path: Path, colours: NDArray[np.uint8], unit: int) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, colours, photometric="rgb", resolution=(72, 36), resolutionunit=unit)
    assert read_image(path).geometry.spacing == pytest.approx(SimpleITK.ReadImage(str(path)).GetSpacing())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_that_is_stored_turned_is_set_upright(
    tmp_path: Path, colours: NDArray[np.uint8], orientation: int
) -> None:
    """6 and 8 were applied by half: mirrored, but not turned."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, colours, photometric="rgb", extratags=[(274, "H", 1, orientation, True)])
    upright = np.asarray(Pillow.open(path).convert("RGB"))
    image = read_image(path)
    assert np.array_equal(image.pixels, upright)
    assert image.geometry.size == upright.shape[1::-1]
    assert any("stored turned" in warning for warning in image.warnings) == (orientation != 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_values_where_0_is_white_are_inverted(tmp_path: Path, dtype: type[np.uint8 | np.uint16]) -> None:
    values = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
    assert np.array_equal(read_values(tmp_path / "a.tif"), np.iinfo(dtype).max - values)


def test_several_pages_are_refused_but_smaller_copies_are_left_out(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(colours, photometric="rgb")
        writer.write(colours[:20], photometric="rgb")
    with pytest.raises(ImageError, match="has 2 pages of different size: give one 2-D image per file"):
        read_image(tmp_path / "a.tif")
    with tifffile.TiffWriter(tmp_path / "b.tif") as writer:
        writer.write(colours, photometric="rgb")
        writer.write(colours[::2, ::2], photometric="rgb", subfiletype=1)
    assert np.array_equal(read_image(tmp_path / "b.tif").pixels, colours)


def test_alpha_is_spoken_of_only_where_it_is(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    """A mask of one bit was decoded to four channels, with a warning of alpha."""
    Pillow.fromarray(colours[:, :, 0] > 90).save(tmp_path / "bit.tif")
    assert not any("alpha" in warning for warning in read_image(tmp_path / "bit.tif").warnings)
    four = np.dstack([colours, colours[:, :, 0]])
    tifffile.imwrite(tmp_path / "extra.tif", four, photometric="rgb", extrasamples=["unspecified"])
    image = read_image(tmp_path / "extra.tif")
    assert np.array_equal(image.pixels, colours)
    assert image.warnings == ("extra.tif has an extra channel that is not alpha: it was left out.",)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_strip_with_a_missing_half_is_refused(
    tmp_path: Path, photograph: NDArray[np.uint8], compression: str
) -> None:
    """Its rows were filled with zeros or grey, and a retina was segmented in part."""
    path = tmp_path / "a.tif"
    Pillow.fromarray(photograph).save(path, compression=compression)
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        counts = page.tags["StripByteCounts"]
        half = page.databytecounts[0] // 2
        at = counts.valueoffset
        code = "<I" if counts.dtype == 4 else "<H"
    data = bytearray(path.read_bytes())
    struct.pack_into(code, data, at, half)
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match=r"truncated or damaged \((a strip|its compressed data) .* copy"):
        read_image(path)


def test_an_altered_deflate_strip_is_refused(tmp_path: Path, write_tiff_strip: Writer) -> None:
    packed = bytearray(zlib.compress(bytes(HEIGHT * WIDTH), 0))
    packed[50] ^= 1
    path = write_tiff_strip(tmp_path / "a.tif", bytes(packed), (HEIGHT, WIDTH), {258: 8, 259: 8, 262: 1})
    with pytest.raises(UnreadableError, match="a strip is incomplete or altered"):
        read_image(path)


def test_a_group_4_strip_without_its_end_is_refused(tmp_path: Path) -> None:
    Pillow.fromarray(np.eye(64, dtype=np.bool_)).save(tmp_path / "a.tif", compression="group4")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        start, length = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[start + length // 2 : start + length] = bytes(length - length // 2)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(UnreadableError, match="the end of a strip is missing"):
        read_mask(tmp_path / "a.tif")


def test_jpeg_strips_are_decoded_and_half_of_one_is_refused(tmp_path: Path, photograph: NDArray[np.uint8]) -> None:
    path = tmp_path / "a.tif"
    Pillow.fromarray(photograph).save(path, compression="jpeg", quality=95)
    assert np.abs(read_image(path).pixels.astype(int) - np.asarray(Pillow.open(path).convert("RGB"))).max() <= 1
    with tifffile.TiffFile(path) as file:
        start, length = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    data = bytearray(path.read_bytes())
    data[start + length // 2 : start + length] = b"\xff\xd9" * (length - length // 2)
    path.write_bytes(data[: len(path.read_bytes())])
    with pytest.raises(UnreadableError, match="truncated or damaged"):
        read_image(path)
