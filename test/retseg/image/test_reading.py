"""Reading: every format, its geometry, and what is refused."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from retseg.image import ImageError, read_image, read_mask, read_values

Writer = Callable[..., Path]
HEIGHT, WIDTH = 41, 53


@pytest.mark.parametrize("name", ["a.mha", "a.mhd", "a.nii.gz", "a.tif", "a.tiff", "a.png", "a.bmp", "A.PNG"])
def test_lossless_formats_give_the_very_pixels_without_a_warning(
    tmp_path: Path, colours: NDArray[np.uint8], name: str, write: Writer
) -> None:
    image = read_image(write(tmp_path / name, colours))
    assert np.array_equal(image.pixels, colours)
    assert image.pixels.dtype == np.uint8
    assert image.warnings == ()
    assert image.name == name
    assert image.geometry.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg"])
def test_jpeg_gives_nearly_the_pixels(tmp_path: Path, colours: NDArray[np.uint8], name: str, write: Writer) -> None:
    image = read_image(write(tmp_path / name, colours))
    assert np.abs(image.pixels.astype(int) - colours).mean() < 4
    assert image.warnings == ()


@pytest.mark.parametrize("name", ["a.mha", "a.mhd", "a.nii.gz"])
def test_geometry_is_kept(tmp_path: Path, colours: NDArray[np.uint8], name: str, write: Writer) -> None:
    turned = (0.0, -1.0, 1.0, 0.0)
    path = write(tmp_path / name, colours, spacing=(0.25, 0.5), origin=(3.0, -7.5), direction=turned)
    geometry = read_image(path).geometry
    assert geometry.spacing == pytest.approx((0.25, 0.5))
    assert geometry.origin == pytest.approx((3.0, -7.5))
    assert geometry.direction == pytest.approx(turned, abs=1e-6)


def test_a_volume_of_one_slice_is_taken_as_2d_with_the_geometry_of_its_plane(
    tmp_path: Path, colours: NDArray[np.uint8]
) -> None:
    volume = SimpleITK.JoinSeries(SimpleITK.GetImageFromArray(colours, isVector=True))
    volume.SetSpacing((0.5, 0.25, 2.0))
    volume.SetOrigin((1.0, 2.0, 3.0))
    SimpleITK.WriteImage(volume, str(tmp_path / "a.mha"))
    image = read_image(tmp_path / "a.mha")
    assert np.array_equal(image.pixels, colours)
    assert image.geometry.spacing == (0.5, 0.25)
    assert image.geometry.origin == (1.0, 2.0)
    assert "one slice" in image.warnings[0]


def test_a_slice_that_lies_across_the_axes_is_read_all_the_same(tmp_path: Path) -> None:
    volume = SimpleITK.GetImageFromArray(np.full((1, HEIGHT, WIDTH), 7, np.uint8))
    volume.SetDirection((0, 0, 1, 1, 0, 0, 0, 1, 0))
    SimpleITK.WriteImage(volume, str(tmp_path / "a.mha"))
    assert read_image(tmp_path / "a.mha").geometry.direction == (1.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("name", ["a.mha", "a.nii.gz", "a.tif"])
def test_a_real_volume_is_refused(tmp_path: Path, name: str) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.zeros((4, HEIGHT, WIDTH), np.uint8)), str(tmp_path / name))
    with pytest.raises(ImageError, match=rf"{name} is a 3-D image \(53 x 41 x 4\): give one 2-D image"):
        read_image(tmp_path / name)


@pytest.mark.parametrize("name", ["a.mha", "a.png", "a.tif", "a.jpg", "a.gif", "a.bmp", "a.nii.gz"])
def test_text_under_the_name_of_a_picture_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no picture at all, only words\n" * 50)
    with pytest.raises(ImageError, match=rf"{name} (cannot be decoded as an image|is truncated or damaged)"):
        read_image(tmp_path / name)


def test_missing_files_folders_and_other_formats_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"a\.png does not exist: check"):
        read_image(tmp_path / "a.png")
    (tmp_path / "b.png").mkdir()
    with pytest.raises(ImageError, match=r"b\.png is a folder"):
        read_image(tmp_path / "b.png")
    (tmp_path / "c.nrrd").write_bytes(b"NRRD")
    with pytest.raises(ImageError, match=r"c\.nrrd is not an image file that can be read here: convert it to mha"):
        read_image(tmp_path / "c.nrrd")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path, colours: NDArray[np.uint8], write: Writer) -> None:
    path = write(tmp_path / "a.png", colours)
    path.chmod(0)
    with pytest.raises(ImageError, match="check its permissions"):
        read_image(path)


def test_exif_orientation_is_not_applied(tmp_path: Path, colours: NDArray[np.uint8], write: Writer) -> None:
    """Masks belong to the pixels as stored; the platform's own conversion turns nothing either."""
    path = write(tmp_path / "a.jpg", colours)
    data = path.read_bytes()
    turn = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"\xff\xe1" + struct.pack(">H", len(turn) + 8) + b"Exif\x00\x00" + turn
    path.write_bytes(data[:2] + exif + data[2:])
    assert read_image(path).pixels.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("name", ["a.mha", "a.png", "a.tif", "a.nii.gz", "a.bmp"])
def test_masks_keep_their_values(tmp_path: Path, classes: NDArray[np.uint8], name: str, write: Writer) -> None:
    mask = read_mask(write(tmp_path / name, classes))
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, classes)


@pytest.mark.parametrize("white", [0, 1])
def test_a_1_bit_tiff_mask_is_read_whichever_bit_is_white(tmp_path: Path, white: int, write_tiff_strip: Writer) -> None:
    """Photometric interpretation 0 means that 0 is white, 1 that 0 is black."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[10:30, 12:40] = True
    bits = np.packbits(mask if white else ~mask, axis=1)
    path = write_tiff_strip(tmp_path / "a.tif", bits.tobytes(), mask.shape, {258: 1, 262: white})
    assert np.array_equal(read_mask(path), mask * np.uint8(255))


def test_three_equal_channels_are_one(tmp_path: Path, classes: NDArray[np.uint8], write: Writer) -> None:
    assert np.array_equal(read_mask(write(tmp_path / "a.png", np.repeat(classes[:, :, None], 3, axis=2))), classes)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_black_and_one_colour_are_a_mask_with_or_without_alpha(tmp_path: Path, name: str, write: Writer) -> None:
    """The official `IDRiD_81_EX.tif` is an RGBA picture whose alpha is 255 everywhere."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[10:30, 12:40] = True
    red = mask[:, :, None] * np.array([255, 0, 0], np.uint8)
    grey = np.repeat(mask[:, :, None] * np.uint8(76), 3, axis=2)
    opaque = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    assert np.array_equal(read_mask(write(tmp_path / name, red)), mask * np.uint8(255))
    assert np.array_equal(
        read_mask(write(tmp_path / name, np.concatenate([red, opaque], axis=2))), mask * np.uint8(255)
    )
    assert np.array_equal(
        read_mask(write(tmp_path / name, np.concatenate([grey, opaque], axis=2))), mask * np.uint8(76)
    )


def test_a_colour_image_is_no_mask(tmp_path: Path, colours: NDArray[np.uint8], write: Writer) -> None:
    with pytest.raises(ImageError, match="is a colour image, not a mask"):
        read_mask(write(tmp_path / "a.png", colours))


def test_whole_numbers_of_any_type_are_a_mask_and_others_are_not(
    tmp_path: Path, classes: NDArray[np.uint8], write: Writer
) -> None:
    mask = read_mask(write(tmp_path / "a.mha", classes.astype(np.float32)))
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, classes)
    for wrong in (classes * 0.3, classes * 100.0, classes - 1.0, np.where(classes == 1, np.nan, classes)):
        with pytest.raises(ImageError, match="no class numbers"):
            read_mask(write(tmp_path / "b.mha", wrong.astype(np.float32)))


@pytest.mark.parametrize(("name", "kind"), [("a.png", np.uint16), ("a.mha", np.float32)])
def test_probabilities_are_read_in_the_type_they_are_stored_in(
    tmp_path: Path, classes: NDArray[np.uint8], name: str, kind: type[np.uint16 | np.float32], write: Writer
) -> None:
    stored = classes.astype(kind) * kind(16000)
    values = read_values(write(tmp_path / name, stored))
    assert values.dtype == kind
    assert np.array_equal(values, stored)


def test_published_masks_are_two_valued_and_not_inside_out(data_root: Path) -> None:
    drive = read_mask(data_root / "DRIVE/training/mask/21_training_mask.gif")
    chase = read_mask(data_root / "CHASEDB1/mask/Image_01L.gif")
    for mask in (drive, chase):
        assert set(np.unique(mask)) == {0, 255}
        assert mask[mask.shape[0] // 2, mask.shape[1] // 2] == 255
        assert mask[0, 0] == 0
    vessels = read_mask(data_root / "DRIVE/training/1st_manual/21_manual1.gif")
    assert 0.05 < (vessels > 0).mean() < 0.15


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ImageError, match="is a pipe or a device: give a regular file"):
        read_image(tmp_path / "a.png")


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    """Native code ended the process."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.nii.gz"))
    path.write_bytes(b"x")
    with pytest.raises(ImageError, match="has a name that is not UTF-8: rename it"):
        read_image(path)


def test_a_file_is_read_by_the_reader_of_its_first_bytes(
    tmp_path: Path, colours: NDArray[np.uint8], write: Writer
) -> None:
    """A PNG file is one under the name of a JPEG or a MetaImage file, too."""
    data = write(tmp_path / "a.png", colours).read_bytes()
    for name in ("b.jpg", "b.mha", "b.nii"):
        (tmp_path / name).write_bytes(data)
        assert np.array_equal(read_image(tmp_path / name).pixels, colours)
