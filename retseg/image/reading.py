"""Read images and masks. SimpleITK decodes, because it keeps the geometry; OpenCV decodes what SimpleITK cannot.

The methods of SimpleITK have no types, so its images are `Any` here. It is imported when a file is read, not before:
a training from a prepared file does without it.
"""

import stat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.files import IMAGE_SUFFIXES, METAIMAGE_SUFFIXES, NIFTI_SUFFIXES, has_suffix
from retseg.image.containers import TIFF_MAGICS, find_damage, read_tiff_tags
from retseg.image.conversion import convert_to_rgb
from retseg.image.image import Geometry, Image, ImageError, UnreadableError
from retseg.image.metaimage import decode_metaimage
from retseg.image.palettes import TIFF_PHOTOMETRIC, decode_palette_image

READABLE = "mha, mhd, nii.gz, tif, png, jpg, gif or bmp"
TIFF_CMYK = 5
READERS = {
    b"\x89PNG\r\n\x1a\n": "PNGImageIO",
    b"\xff\xd8": "JPEGImageIO",
    b"BM": "BMPImageIO",
    **dict.fromkeys(TIFF_MAGICS, "TIFFImageIO"),
}
"""The first bytes of a file to the reader of SimpleITK."""

RASTER_MAGICS = (*READERS, b"GIF8")
"""The first bytes of formats that are recognised whatever the suffix says."""


def read_image(path: Path | str) -> Image:
    """Read a 2-D image as 8-bit RGB.

    Args:
        path: mha, mhd, nii.gz, tif, tiff, png, jpg, jpeg, gif or bmp. EXIF orientation is not applied, as on
            grand-challenge.org: masks fit the pixels as they are stored.

    Returns:
        The image, with a warning for each conversion (16-bit, float, grey, alpha, a single slice of a volume).

    Raises:
        ImageError: missing, unreadable, truncated, 3-D, or neither grey nor RGB.
    """
    path = Path(path)
    data = read_whole_file(path)
    palette = None if data.startswith(b"\x89PNG") else decode_palette_image(data)
    if palette is not None:
        values: NDArray[np.generic] = palette.as_rgb()
        geometry, flattened = Geometry((values.shape[1], values.shape[0])), False
    else:
        values, geometry, flattened = decode(path, data)
    pixels, warnings = convert_to_rgb(values, path.name)
    if flattened:
        warnings = (f"{path.name} is a volume of one slice: it was taken as a 2-D image.", *warnings)
    return Image(pixels, geometry, path.name, warnings)


def read_values(path: Path) -> NDArray[np.generic]:
    """Read one number per pixel as it is stored, e.g. uint8 masks, uint16 or float32 probabilities.

    A palette image gives the index of each pixel in its palette, or the grey level where the palette holds greys only.
    Three equal channels count as one, and alpha is left out.

    Returns:
        (H, W), of the type that the file stores.

    Raises:
        ImageError: as `read_image`, and for images in colour.
    """
    channels = _read_channels(path)
    if not (channels == channels[:, :, :1]).all():
        raise ImageError(f"{path} is a colour image, not a mask: save one number per pixel in one channel")
    return np.ascontiguousarray(channels[:, :, 0])


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Read a mask: uint8 (H, W), the values as stored, e.g. {0, 1}, {0, 255}, or class numbers.

    A mask in colour may have black and one other colour, which becomes 255, as in the official `IDRiD_81_EX.tif`.

    Raises:
        ImageError: as `read_image`, where a value is not a whole number from 0 to 255, and for more colours.
    """
    channels = _read_channels(path)
    if channels.shape[2] == 1 or (channels == channels[:, :, :1]).all():
        return _as_class_numbers(channels[:, :, 0], path)
    lit = channels.any(axis=2)
    colours = np.unique(channels[lit], axis=0)
    if len(colours) > 1:
        found = ", ".join(str(tuple(colour.tolist())) for colour in colours[:4])
        more = ", ..." if len(colours) > 4 else ""
        raise ImageError(
            f"{path} is a colour image, not a mask: it holds {len(colours)} colours besides black, {found}{more}; "
            "save one number per pixel in one channel"
        )
    return np.where(lit, 255, 0).astype(np.uint8)


def _read_channels(path: Path) -> NDArray[np.generic]:
    """The values of a file without its alpha channel: (H, W, 1), or (H, W, 3) in colour."""
    data = read_whole_file(path)
    palette = decode_palette_image(data)
    if palette is not None:
        return palette.as_values()[:, :, None]
    values, _, _ = decode(path, data)
    if values.ndim == 2:
        return values[:, :, None]
    return values[:, :, : values.shape[2] - 1 + values.shape[2] % 2]


def _as_class_numbers(values: NDArray[np.generic], path: Path) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values, np.uint8)
    mask = values.astype(np.float64)
    if not ((mask >= 0) & (mask <= 255) & (mask == np.rint(mask))).all():
        raise ImageError(f"{path} holds {values.dtype} values that are no class numbers: save whole numbers up to 255")
    return mask.astype(np.uint8)


def read_whole_file(path: Path) -> bytes:
    """The bytes of an image file, after a check that its format is known and that no part is missing.

    Raises:
        ImageError: a folder, another format, unreadable, or damaged.
    """
    if path.is_dir():
        raise ImageError(f"{path} is a folder: name an image file in it")
    if not has_suffix(path, IMAGE_SUFFIXES):
        raise ImageError(f"{path} is not an image file that can be read here: convert it to {READABLE}")
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableError(f"{path} is a pipe or a device: give a regular file")
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError(f"{path} does not exist: check its name and folder") from None
    except OSError as error:
        raise ImageError(f"{path} cannot be opened ({error.strerror}): check its permissions") from error
    damage = find_damage(data)
    if damage is None and not data.startswith(RASTER_MAGICS) and has_suffix(path, NIFTI_SUFFIXES):
        from retseg.image.nifti import find_volume_damage

        damage = find_volume_damage(data)
    if damage is not None:
        raise UnreadableError(f"{path} is truncated or damaged ({damage}): copy or export it again")
    return data


def decode(path: Path, data: bytes) -> tuple[NDArray[np.generic], Geometry, bool]:
    """Decode values (H, W), or (H, W, C) in RGB order; their geometry; and whether they were a volume of one slice."""
    tags = read_tiff_tags(data) if data.startswith(TIFF_MAGICS) else {}
    if TIFF_PHOTOMETRIC in tags and tags[TIFF_PHOTOMETRIC].values == (TIFF_CMYK,):
        raise ImageError(f"{path} is a CMYK image: convert it to RGB")
    if has_suffix(path, METAIMAGE_SUFFIXES) and not data.startswith(RASTER_MAGICS):
        image = decode_metaimage(data, path)
        refuse_channels(image.values.shape[2] if image.values.ndim == 3 else 1, path)
        return image.values, image.geometry, image.is_volume
    import SimpleITK

    try:
        stored: Any = SimpleITK.ReadImage(str(path), imageIO=choose_reader(path, data))
    except RuntimeError:
        values = decode_by_opencv(path, data)
        return values, Geometry((values.shape[1], values.shape[0])), False
    flattened = stored.GetDimension() > 2
    if flattened:
        stored = take_single_slice(stored, path)
    refuse_channels(stored.GetNumberOfComponentsPerPixel(), path)
    values = SimpleITK.GetArrayFromImage(stored)
    if values.dtype.kind not in "uif":
        raise ImageError(f"{path} holds {values.dtype} values: save it as 8-bit RGB")
    return values, measure_geometry(stored), flattened


def choose_reader(path: Path, data: bytes) -> str:
    """The name of the reader of SimpleITK for the first bytes of a file, so that no reader is tried on another format.

    Raises:
        RuntimeError: SimpleITK has none, as it says itself.
    """
    found = [name for magic, name in READERS.items() if data.startswith(magic)]
    if not found and has_suffix(path, NIFTI_SUFFIXES):
        found = ["NiftiImageIO"]
    if not found:
        raise RuntimeError(f"no reader of SimpleITK reads {path}")
    return found[0]


def refuse_channels(count: int, path: Path) -> None:
    """Refuse an image of more than four channels.

    Raises:
        ImageError: there are more.
    """
    if count > 4:
        raise ImageError(f"{path} has {count} channels: save it as grey or RGB")


def take_single_slice(volume: Any, path: Path) -> Any:
    """The slice of a volume that has only one, with the geometry of its plane."""
    import SimpleITK

    size = volume.GetSize()
    if any(count != 1 for count in size[2:]):
        shape = " x ".join(str(count) for count in size)
        raise ImageError(f"{path} is a {len(size)}-D image ({shape}): give one 2-D image per file")
    plane = [*size[:2], *[0] * (len(size) - 2)]
    # "Guess": the directions of the plane, or the identity where the plane is not aligned with the axes.
    extract: Any = SimpleITK.Extract
    return extract(volume, plane, [0] * len(size), SimpleITK.ExtractImageFilter.DIRECTIONCOLLAPSETOGUESS)


def measure_geometry(stored: Any) -> Geometry:
    """The geometry of a 2-D image of SimpleITK."""
    (width, height), (dx, dy), (x, y) = stored.GetSize(), stored.GetSpacing(), stored.GetOrigin()
    a, b, c, d = stored.GetDirection()
    return Geometry((width, height), (dx, dy), (x, y), (a, b, c, d))


def decode_by_opencv(path: Path, data: bytes) -> NDArray[np.generic]:
    """Decode what SimpleITK does not read: 1-bit BMP, grey PNG with alpha, some compressed TIFF."""
    try:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        values = None
    if values is None:
        raise UnreadableError(f"{path} cannot be decoded as an image: open it elsewhere and save it as {READABLE}")
    if values.ndim == 3:
        order = cv2.COLOR_BGR2RGB if values.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        values = cv2.cvtColor(values, order)
    return np.asarray(values)
