"""Reading: every format, every conversion, every refusal, on files written by SimpleITK and OpenCV."""

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import SimpleITK
from numpy.typing import NDArray

from retseg.image import ImageError, read_image, read_mask, read_values

HEIGHT, WIDTH = 41, 53


@pytest.fixture(scope="module")
def colours() -> NDArray[np.uint8]:
    """A smooth picture in colour, which JPEG keeps within a few grey levels."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([rows * 5, columns * 4, 200 - rows - columns], axis=2).astype(np.uint8)


@pytest.fixture
def classes() -> NDArray[np.uint8]:
    """A mask of four classes."""
    return (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) // 7 % 4).astype(np.uint8)


def write(path: Path, values: NDArray[np.generic], compress: bool = False, **geometry: tuple[float, ...]) -> Path:
    """Write (H, W) or (H, W, C) values by SimpleITK."""
    image = SimpleITK.GetImageFromArray(values, isVector=values.ndim == 3)
    if "spacing" in geometry:
        image.SetSpacing(geometry["spacing"])
        image.SetOrigin(geometry["origin"])
        image.SetDirection(geometry["direction"])
    SimpleITK.WriteImage(image, str(path), useCompression=compress)
    return path


def write_by_opencv(path: Path, rgb: NDArray[np.generic]) -> Path:
    """Write RGB, RGBA or grey values by OpenCV."""
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    values = cv2.cvtColor(rgb, order[rgb.shape[2]]) if rgb.ndim == 3 else rgb
    assert cv2.imwrite(str(path), values)
    return path


def write_palette_png(
    path: Path, places: NDArray[np.uint8], colours: list[tuple[int, int, int]], bits: int = 8
) -> Path:
    """Write a palette PNG byte by byte, as its specification says."""
    height, width = places.shape
    packed = np.unpackbits(places[:, :, None], axis=2)[:, :, 8 - bits :].reshape(height, -1)
    rows = np.packbits(packed, axis=1)
    scan = b"".join(b"\x00" + row.tobytes() for row in rows)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 3, 0, 0, 0)),
        (b"PLTE", bytes(sum(colours, ()))),
        (b"IDAT", zlib.compress(scan)),
        (b"IEND", b""),
    ]
    chunks = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return path


def write_palette_tiff(path: Path, places: NDArray[np.uint8], colours: list[tuple[int, int, int]]) -> Path:
    """Write an 8-bit palette TIFF byte by byte."""
    table = np.zeros((3, 256), "<u2")
    table[:, : len(colours)] = np.array(colours).T * 257
    return write_tiff(path, places.tobytes(), places.shape, {258: 8, 262: 3}, table.tobytes())


def write_tiff(path: Path, data: bytes, shape: tuple[int, ...], tags: dict[int, int], table: bytes = b"") -> Path:
    """Write a TIFF file of one strip and one sample per pixel."""
    start = 8 + len(data)
    tags = {256: shape[1], 257: shape[0], 259: 1, 273: 8, 277: 1, 278: shape[0], 279: len(data)} | tags
    entries = [(tag, 4, 1, value) for tag, value in tags.items()] + ([(320, 3, 768, start)] if table else [])
    directory = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = struct.pack("<2sHI", b"II", 42, start + len(table))
    path.write_bytes(head + data + table + struct.pack("<H", len(entries)) + directory + bytes(4))
    return path


def write_gif(path: Path, places: NDArray[np.uint8], colours: list[tuple[int, int, int]], transparent: int) -> Path:
    """Write a GIF of up to 128 colours without compression: an 8-bit code per pixel, the code table cleared in time."""
    height, width = places.shape
    pixels = places.tobytes()
    codes = b"".join(b"\x80" + pixels[start : start + 100] for start in range(0, len(pixels), 100)) + b"\x81"
    blocks = (codes[start : start + 255] for start in range(0, len(codes), 255))
    table = bytes(sum(colours, ())).ljust(3 * 128, b"\x00")
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x86, 0, 0) + table
    control = b"\x21\xf9\x04" + struct.pack("<BHB", 1, 0, transparent) + b"\x00"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x07"
    path.write_bytes(head + control + frame + b"".join(bytes([len(b)]) + b for b in blocks) + b"\x00\x3b")
    return path


@pytest.mark.parametrize("name", ["a.mha", "a.mhd", "a.nii.gz", "a.tif", "a.tiff", "a.png", "a.bmp", "A.PNG"])
def test_lossless_formats_give_the_very_pixels_without_a_warning(
    tmp_path: Path, colours: NDArray[np.uint8], name: str
) -> None:
    image = read_image(write(tmp_path / name, colours))
    assert np.array_equal(image.pixels, colours)
    assert image.pixels.dtype == np.uint8
    assert image.warnings == ()
    assert image.name == name
    assert image.geometry.size == (WIDTH, HEIGHT)


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg"])
def test_jpeg_gives_nearly_the_pixels(tmp_path: Path, colours: NDArray[np.uint8], name: str) -> None:
    image = read_image(write(tmp_path / name, colours))
    assert np.abs(image.pixels.astype(int) - colours).mean() < 4
    assert image.warnings == ()


def test_gif_gives_the_colours_of_its_palette(tmp_path: Path, classes: NDArray[np.uint8]) -> None:
    colours = [(0, 0, 0), (255, 0, 0), (10, 20, 255), (40, 250, 3)]
    image = read_image(write_gif(tmp_path / "a.gif", classes, colours, transparent=99))
    assert np.array_equal(image.pixels, np.array(colours, np.uint8)[classes])
    assert image.geometry.size == (WIDTH, HEIGHT)
    assert image.warnings == ()


def test_a_palette_tiff_gives_the_colours_of_its_palette(tmp_path: Path) -> None:
    places = (np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 3).astype(np.uint8)
    colours = [(0, 0, 0), (250, 10, 20), (30, 40, 255)]
    image = read_image(write_palette_tiff(tmp_path / "a.tif", places, colours))
    assert np.array_equal(image.pixels, np.array(colours, np.uint8)[places])
    assert image.warnings == ()


@pytest.mark.parametrize("name", ["a.mha", "a.mhd", "a.nii.gz"])
def test_geometry_is_kept(tmp_path: Path, colours: NDArray[np.uint8], name: str) -> None:
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


def test_grey_is_copied_to_three_channels(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    image = read_image(write(tmp_path / "a.png", colours[:, :, 0]))
    assert (image.pixels == colours[:, :, :1]).all()
    assert len(image.warnings) == 1
    assert "greyscale" in image.warnings[0]


@pytest.mark.parametrize(("top", "scale"), [(4000, 4095), (1023, 1023), (65535, 65535), (300, 511)])
def test_16_bit_values_are_scaled_by_the_bits_they_use(tmp_path: Path, top: int, scale: int) -> None:
    values = np.linspace(0, top, HEIGHT * WIDTH * 3).reshape(HEIGHT, WIDTH, 3).astype(np.uint16)
    image = read_image(write(tmp_path / "a.mha", values))
    assert np.abs(image.pixels - values / scale * 255).max() <= 0.51
    assert image.warnings == (f"a.mha holds uint16 values from 0 to {top}: 0 to {scale} was scaled to 0 to 255.",)


def test_16_bit_png_and_tiff_keep_the_order_of_the_channels(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    deep = colours.astype(np.uint16) * 257
    deep[0, 0] = 65535
    for name in ("a.png", "b.tif"):
        pixels = read_image(write_by_opencv(tmp_path / name, deep)).pixels
        assert np.array_equal(pixels[1:], colours[1:]), name


def test_16_bit_storage_of_8_bit_values_leaves_them_alone(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    image = read_image(write(tmp_path / "a.mha", colours.astype(np.int16)))
    assert np.array_equal(image.pixels, colours)
    assert "8 bits as they are" in image.warnings[0]


def test_negative_values_are_scaled_from_minimum_to_maximum(tmp_path: Path) -> None:
    values = np.linspace(-1000, 1000, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH).astype(np.int16)
    image = read_image(write(tmp_path / "a.mha", values))
    assert image.pixels.min() == 0
    assert image.pixels.max() == 255
    assert "from -1000 to 1000: this range was scaled" in image.warnings[0]


@pytest.mark.parametrize(
    ("factor", "sentence"),
    [(1 / 255, "multiplied by 255"), (1.0, "8 bits as they are"), (10.0, "this range was scaled")],
)
def test_floats_are_scaled_by_their_range(
    tmp_path: Path, colours: NDArray[np.uint8], factor: float, sentence: str
) -> None:
    full = colours.copy()
    full[0, 0], full[0, 1] = 0, 255
    image = read_image(write(tmp_path / "a.mha", (full * factor).astype(np.float32)))
    assert np.array_equal(image.pixels, full)
    assert sentence in image.warnings[0]


def test_nan_becomes_black_and_infinity_the_brightest_value(tmp_path: Path) -> None:
    values = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
    values[3, 4], values[5, 6], values[7, 8] = np.nan, np.inf, -np.inf
    values[9, 9] = 1.0
    image = read_image(write(tmp_path / "a.mha", values))
    assert image.pixels[3, 4].tolist() == [0, 0, 0]
    assert image.pixels[5, 6].tolist() == [255, 255, 255]
    assert image.pixels[0, 0].tolist() == [128, 128, 128]
    assert image.warnings[0].startswith("a.mha has 9 values that are NaN or infinite")


def test_an_image_of_nothing_but_nan_is_black(tmp_path: Path) -> None:
    image = read_image(write(tmp_path / "a.mha", np.full((HEIGHT, WIDTH), np.nan, np.float32)))
    assert not image.pixels.any()


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.mha"])
def test_alpha_is_blended_onto_black(tmp_path: Path, colours: NDArray[np.uint8], name: str) -> None:
    alpha = np.full((HEIGHT, WIDTH, 1), 255, np.uint8)
    alpha[:10] = 0
    image = read_image(write(tmp_path / name, np.concatenate([colours, alpha], axis=2)))
    assert not image.pixels[:10].any()
    assert np.array_equal(image.pixels[10:], colours[10:])
    assert "blended onto black" in image.warnings[0]


def test_an_alpha_channel_without_meaning_is_left_out(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    clear = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    image = read_image(write_by_opencv(tmp_path / "a.png", np.concatenate([colours, clear], axis=2)))
    assert np.array_equal(image.pixels, colours)
    assert "left out" in image.warnings[0]


def test_more_than_four_channels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="has 5 channels: save it as grey or RGB"):
        read_image(write(tmp_path / "a.mha", np.zeros((HEIGHT, WIDTH, 5), np.uint8)))


def test_complex_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="complex64"):
        read_image(write(tmp_path / "a.nii.gz", np.zeros((HEIGHT, WIDTH), np.complex64)))


CUTTABLE = ["a.mha", "packed.mha", "a.nii.gz", "a.png", "a.jpg", "a.tif", "packed.tif", "a.bmp", "a.gif", "a.mhd"]


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_file_cut_anywhere_is_refused_in_one_sentence_and_in_silence(
    tmp_path: Path, colours: NDArray[np.uint8], name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A cut may pass only where nothing of the picture was behind it: a TIFF file ends with a line of its writer."""
    path = tmp_path / name
    if name == "a.gif":
        write_by_opencv(path, colours)
    else:
        write(path, colours, compress=name.startswith("packed"))
    pixels = read_image(path).pixels
    cut = path.with_suffix(".raw") if name == "a.mhd" else path
    whole = cut.read_bytes()
    refused = 0
    for length in sorted({*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 1, len(whole) - 20}):
        cut.write_bytes(whole[:length])
        try:
            assert np.array_equal(read_image(path).pixels, pixels), length
        except ImageError as error:
            refused += 1
            assert str(path) in str(error)
            assert "\n" not in str(error)
    assert refused >= 55
    if not name.endswith(".tif"):
        assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["packed.mha", "a.nii.gz", "a.png"])
def test_altered_compressed_pixels_are_refused(tmp_path: Path, colours: NDArray[np.uint8], name: str) -> None:
    path = write(tmp_path / name, colours, compress=True)
    data = bytearray(path.read_bytes())
    data[len(data) * 3 // 4] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ImageError, match="truncated or damaged"):
        read_image(path)


def test_a_header_without_its_data_file_is_refused(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    path = write(tmp_path / "a.mhd", colours)
    (tmp_path / "a.raw").unlink()
    with pytest.raises(ImageError, match=r"its data file a\.raw is missing"):
        read_image(path)


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
    (tmp_path / "c.webp").write_bytes(b"RIFF")
    with pytest.raises(ImageError, match=r"c\.webp is not an image file that can be read here: convert it to mha"):
        read_image(tmp_path / "c.webp")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    path = write(tmp_path / "a.png", colours)
    path.chmod(0)
    with pytest.raises(ImageError, match="check its permissions"):
        read_image(path)


def test_exif_orientation_is_not_applied(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    """Masks belong to the pixels as stored; the platform's own conversion turns nothing either."""
    path = write(tmp_path / "a.jpg", colours)
    data = path.read_bytes()
    turn = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"\xff\xe1" + struct.pack(">H", len(turn) + 8) + b"Exif\x00\x00" + turn
    path.write_bytes(data[:2] + exif + data[2:])
    assert read_image(path).pixels.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("name", ["a.mha", "a.png", "a.tif", "a.nii.gz", "a.bmp"])
def test_masks_keep_their_values(tmp_path: Path, classes: NDArray[np.uint8], name: str) -> None:
    mask = read_mask(write(tmp_path / name, classes))
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, classes)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_palette_masks_give_places_even_where_colours_repeat(
    tmp_path: Path, classes: NDArray[np.uint8], bits: int
) -> None:
    colours = [(0, 0, 0), (0, 255, 0), (255, 0, 0), (255, 0, 0)]
    assert np.array_equal(read_mask(write_palette_png(tmp_path / "a.png", classes, colours, bits)), classes)


def test_a_palette_tiff_gives_places(tmp_path: Path, classes: NDArray[np.uint8]) -> None:
    colours = [(0, 0, 0), (0, 255, 0), (255, 0, 0), (0, 0, 255)]
    assert np.array_equal(read_mask(write_palette_tiff(tmp_path / "a.tif", classes, colours)), classes)


def test_a_palette_of_greys_gives_grey_levels_whatever_its_order(tmp_path: Path) -> None:
    """Some published masks have white in the first place of their palette: places would turn them inside out."""
    places = np.zeros((HEIGHT, WIDTH), np.uint8)
    places[10:20, 10:20] = 1
    mask = read_mask(write_palette_png(tmp_path / "a.png", places, [(255, 255, 255), (0, 0, 0)], 1))
    assert np.array_equal(mask, np.where(places == 0, 255, 0))


@pytest.mark.parametrize("transparent", [0, 1, 99])
def test_a_gif_mask_gives_grey_levels_or_places_transparent_or_not(
    tmp_path: Path, classes: NDArray[np.uint8], transparent: int
) -> None:
    black_last = [(255, 255, 255), (170, 170, 170), (85, 85, 85), (0, 0, 0)]
    assert np.array_equal(
        read_mask(write_gif(tmp_path / "a.gif", classes, black_last, transparent)), 255 - 85 * classes
    )
    coloured = [(0, 0, 0), (255, 0, 0), (10, 20, 255), (255, 0, 0)]
    assert np.array_equal(read_mask(write_gif(tmp_path / "b.gif", classes, coloured, transparent)), classes)


@pytest.mark.parametrize("white", [0, 1])
def test_a_1_bit_tiff_mask_is_read_whichever_bit_is_white(tmp_path: Path, white: int) -> None:
    """Photometric interpretation 0 means that 0 is white, 1 that 0 is black."""
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    mask[10:30, 12:40] = True
    bits = np.packbits(mask if white else ~mask, axis=1)
    path = write_tiff(tmp_path / "a.tif", bits.tobytes(), mask.shape, {258: 1, 262: white})
    assert np.array_equal(read_mask(path), mask * np.uint8(255))


def test_three_equal_channels_are_one(tmp_path: Path, classes: NDArray[np.uint8]) -> None:
    assert np.array_equal(read_mask(write(tmp_path / "a.png", np.repeat(classes[:, :, None], 3, axis=2))), classes)


def test_a_picture_in_colour_is_no_mask(tmp_path: Path, colours: NDArray[np.uint8]) -> None:
    with pytest.raises(ImageError, match="picture in colour, not a mask"):
        read_mask(write(tmp_path / "a.png", colours))


def test_whole_numbers_of_any_type_are_a_mask_and_others_are_not(tmp_path: Path, classes: NDArray[np.uint8]) -> None:
    mask = read_mask(write(tmp_path / "a.mha", classes.astype(np.float32)))
    assert mask.dtype == np.uint8
    assert np.array_equal(mask, classes)
    for wrong in (classes * 0.3, classes * 100.0, classes - 1.0, np.where(classes == 1, np.nan, classes)):
        with pytest.raises(ImageError, match="no class numbers"):
            read_mask(write(tmp_path / "b.mha", wrong.astype(np.float32)))


@pytest.mark.parametrize(("name", "kind"), [("a.png", np.uint16), ("a.mha", np.float32)])
def test_probabilities_are_read_in_the_type_they_are_stored_in(
    tmp_path: Path, classes: NDArray[np.uint8], name: str, kind: type[np.uint16 | np.float32]
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
