"""Read images and masks: the file as bytes, the checks that all formats share, and the decoder of its format."""

import stat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.files import IMAGE_SUFFIXES, METAIMAGE_SUFFIXES, NIFTI_SUFFIXES, has_suffix, is_utf8
from retseg.image.conversion import convert_to_rgb
from retseg.image.dicom import decode_dicom, is_dicom
from retseg.image.image import Image, ImageError, Raster, UnreadableError, naming_file
from retseg.image.limits import DEFAULT_LIMITS, Limits
from retseg.image.metaimage import decode_metaimage
from retseg.image.rasters import decode_raster, is_raster

READABLE = "mha, mhd, nii.gz, tif, png, jpg, jp2, webp, gif, bmp or dcm"


def read_image(path: Path | str, limits: Limits = DEFAULT_LIMITS) -> Image:
    """Read a 2-D image as 8-bit RGB.

    Args:
        path: mha, mhd, nii.gz, tif, tiff, png, jpg, jpeg, jp2, webp, gif, bmp or dcm. EXIF orientation is not applied,
            as on grand-challenge.org: masks fit the pixels as they are stored. The orientation of TIFF is applied.
        limits: that the header is compared with before anything is decoded.

    Returns:
        The image, with a warning for each conversion (16-bit, float, grey, alpha, a single slice of a volume).

    Raises:
        ImageError: missing, unreadable, truncated, too large, 3-D, or neither grey nor RGB.
    """
    path = Path(path)
    raster = read_raster(path, limits)
    pixels, warnings = convert_to_rgb(raster.as_colours(), path.name)
    notes = tuple(f"{path.name} {note}" for note in raster.notes)
    return Image(pixels, raster.geometry, path.name, (*notes, *warnings), raster.facts)


def read_values(path: Path, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.generic]:
    """Read one number per pixel as it is stored, e.g. uint8 masks, uint16 or float32 probabilities.

    A palette image gives the index of each pixel in its palette, or the grey level where the palette holds greys only.
    Three equal channels count as one, and alpha is left out.

    Returns:
        (H, W), of the type that the file stores.

    Raises:
        ImageError: as `read_image`, and for images in colour.
    """
    return find_values(read_raster(path, limits), str(path))


def find_values(raster: Raster, name: str) -> NDArray[np.generic]:
    """One number per pixel of a decoded file, see `read_values`.

    Raises:
        ImageError: the image is in colour.
    """
    channels = raster.as_numbers()
    if channels.shape[2] > 1 and not (channels == channels[:, :, :1]).all():
        raise ImageError(f"{name} is a colour image, not a mask: save one number per pixel in one channel")
    return np.ascontiguousarray(channels[:, :, 0])


def read_mask(path: Path, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.uint8]:
    """Read a mask: uint8 (H, W), the values as stored, e.g. {0, 1}, {0, 255}, or class numbers.

    A mask in colour may have black and one other colour, which becomes 255, as in the official `IDRiD_81_EX.tif`.

    Raises:
        ImageError: as `read_image`, where a value is not a whole number from 0 to 255, and for more colours.
    """
    channels = read_raster(path, limits).as_numbers()
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


def _as_class_numbers(values: NDArray[np.generic], path: Path) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return np.ascontiguousarray(values, np.uint8)
    mask = values.astype(np.float64)
    if not ((mask >= 0) & (mask <= 255) & (mask == np.rint(mask))).all():
        raise ImageError(f"{path} holds {values.dtype} values that are no class numbers: save whole numbers up to 255")
    return mask.astype(np.uint8)


def read_raster(path: Path, limits: Limits = DEFAULT_LIMITS) -> Raster:
    """Read and decode a file.

    Raises:
        ImageError: a folder, another format, unreadable, damaged, too large, 3-D, or of more than four channels.
    """
    data = read_whole_file(path, limits)
    if is_raster(data):
        return decode_raster(data, str(path), limits)
    with naming_file(str(path)):
        if is_dicom(data):
            return decode_dicom(data, limits)
        if has_suffix(path, METAIMAGE_SUFFIXES):
            return decode_metaimage(data, path, limits)
        if has_suffix(path, NIFTI_SUFFIXES):
            from retseg.image.volumes import read_volume

            return read_volume(data, path, limits)
    raise UnreadableError(f"{path} cannot be decoded as an image: open it elsewhere and save it as {READABLE}")


def read_whole_file(path: Path, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The bytes of an image file.

    Raises:
        ImageError: a folder, another format, a file that is too large or cannot be opened.
    """
    if path.is_dir():
        raise ImageError(f"{path} is a folder: name an image file in it")
    if not has_suffix(path, IMAGE_SUFFIXES):
        raise ImageError(f"{path} is not an image file that can be read here: convert it to {READABLE}")
    if not is_utf8(path):
        raise UnreadableError(f"{path} has a name that is not UTF-8: rename it")
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError(f"{path} is a pipe or a device: give a regular file")
        with naming_file(str(path)):
            limits.check_file(found.st_size)
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableError(f"{path} does not exist: check its name and folder") from None
    except OSError as error:
        raise ImageError(f"{path} cannot be opened ({error.strerror}): check its permissions") from error
    if not data:
        raise UnreadableError(f"{path} is truncated or damaged (it is empty): copy or export it again")
    return data
