"""Write masks, probabilities and pictures; the file appears when it is complete."""

import gzip
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.files import OutputError, has_suffix, is_utf8, replacing
from retseg.image.image import Geometry, Image

STRIP = 1 << 18
"""Pixels that are made from float to uint16 at once, so that they stay in the cache of a processor."""

END_OF_HEADER = 33
"""Bytes of a PNG file before its second chunk: the signature and the header."""

PLAIN = (np.dtype(np.uint8), np.dtype(np.uint16))
"""What one channel of a PNG file may hold."""


def label_mask(mask: NDArray[np.bool_], values: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask, bool (H, W), as uint8 (H, W) with the values (background, foreground)."""
    return np.where(mask, np.uint8(values[1]), np.uint8(values[0]))


def label_tasks(
    masks: Mapping[str, NDArray[np.bool_]], labels: Mapping[str, Sequence[int]], background: int
) -> NDArray[np.uint8]:
    """Masks, bool (H, W), as one label map, uint8 (H, W): a later task covers an earlier one.

    Args:
        masks: by task.
        labels: task to the values that belong to it, in the order in which they are painted; the first is written.
        background: the value where no task is.
    """
    shape = next(iter(masks.values())).shape
    labelled = np.full(shape, background, np.uint8)
    for task, values in labels.items():
        labelled[masks[task]] = values[0]
    return labelled


def write_mask(path: Path, mask: NDArray[np.bool_] | NDArray[np.uint8], geometry: Geometry) -> None:
    """Write a mask as single-channel uint8, compressed.

    Args:
        path: .mha (with geometry) or .png (which holds none).
        mask: (H, W). uint8 values are written as they are; bool as 0 and 1 in .mha, 0 and 255 in .png.
        geometry: of the image that the mask belongs to; its size is the mask's.

    Raises:
        OutputError: the folder cannot be written.
        ValueError: another suffix, shape or type.
    """
    check_target(path, mask, geometry)
    if mask.dtype == np.bool_:
        mask = label_mask(np.asarray(mask, np.bool_), (0, 255 if has_suffix(path, (".png",)) else 1))
    if mask.dtype != np.uint8:
        raise ValueError(f"a mask must be bool or uint8, this one is {mask.dtype}")
    write_array(path, np.asarray(mask, np.uint8), geometry)


def write_probability(path: Path, probability: NDArray[np.float32], geometry: Geometry) -> None:
    """Write probabilities (H, W) from 0 to 1: .png as uint16 round(p x 65535), .mha as compressed float32.

    Raises:
        OutputError: the folder cannot be written.
        ValueError: another suffix or shape, or values outside 0 to 1.
    """
    check_target(path, probability, geometry)
    if probability.size and not (probability.min() >= 0 and probability.max() <= 1):
        raise ValueError(f"{path.name}: probabilities must lie between 0 and 1")
    if has_suffix(path, (".png",)):
        write_array(path, scale_to_uint16(probability), geometry)
    else:
        write_array(path, np.asarray(probability, np.float32), geometry)


def scale_to_uint16(probability: NDArray[np.float32]) -> NDArray[np.uint16]:
    """round(p x 65535) of probabilities (H, W); in double precision, a strip at a time."""
    scaled = np.empty(probability.shape, np.uint16)
    step = max(1, STRIP // max(1, probability.shape[1]))
    for top in range(0, len(scaled), step):
        rows = slice(top, top + step)
        scaled[rows] = np.rint(probability[rows] * np.float64(65535))
    return scaled


def write_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write an RGB picture, uint8 (H, W, 3), as .png. OpenCV may report success on a full disk, so it writes no file.

    Raises:
        OutputError: the folder cannot be written.
    """
    _, content = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    with replacing(path) as beside:
        beside.write_bytes(content.tobytes())


def check_target(path: Path, values: NDArray[np.generic], geometry: Geometry) -> None:
    """Refuse another suffix than .mha and .png, and an array whose size is not that of the geometry.

    Raises:
        ValueError: either.
    """
    if not has_suffix(path, (".mha", ".png")):
        raise ValueError(f"{path.name}: masks and probabilities are written as .mha or .png")
    width, height = geometry.size
    if values.shape != (height, width):
        raise ValueError(f"{path.name}: an array of shape {values.shape} does not fit an image of {width} x {height}")


def write_array(path: Path, values: NDArray[np.generic], geometry: Geometry) -> None:
    """Write one channel (H, W) with its geometry, compressed, in any format that SimpleITK writes.

    SimpleITK may report success on a full disk, so the file is read again and compared. A .png of whole numbers is
    encoded by OpenCV, which takes a fifth of the time, and written here, where a full disk is an error.

    Raises:
        OutputError: the folder or the format cannot be written.
    """
    if has_suffix(path, (".png",)) and values.dtype in PLAIN:
        content = encode_png(np.asarray(values, np.uint16 if values.dtype == np.uint16 else np.uint8), geometry.spacing)
        with replacing(path) as beside:
            beside.write_bytes(content)
        return
    _write_itk(path, values, geometry, in_colour=False)


def write_image(path: Path, image: Image) -> None:
    """Write an image with its geometry, uint8, in any format that SimpleITK writes: RGB, or grey if it is grey.

    Raises:
        OutputError: the folder or the format cannot be written.
    """
    grey = bool((image.pixels == image.pixels[:, :, :1]).all())
    pixels = np.ascontiguousarray(image.pixels[:, :, 0]) if grey else image.pixels
    _write_itk(path, pixels, image.geometry, in_colour=not grey)


def _write_itk(path: Path, values: NDArray[np.generic], geometry: Geometry, in_colour: bool) -> None:
    import SimpleITK

    if not is_utf8(path):
        raise OutputError(f"{path} has a name that is not UTF-8: name another output folder or rename the image")
    image: Any = SimpleITK.GetImageFromArray(values, isVector=in_colour)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    with replacing(path) as beside:
        try:
            SimpleITK.WriteImage(image, str(beside), useCompression=True)
            stored: Any = SimpleITK.ReadImage(str(beside))
            _read_to_the_end(beside)
        except (RuntimeError, EOFError) as error:
            raise _describe_failure(path) from error
        found = SimpleITK.GetArrayViewFromImage(stored)
        if not np.array_equal(found[..., 0] if found.ndim > values.ndim else found, values):  # .bmp is read as RGB
            raise _describe_failure(path)


def encode_png(values: NDArray[np.integer[Any]], spacing: tuple[float, float]) -> bytes:
    """One channel, uint8 or uint16 (H, W), as a PNG file that holds the spacing as SimpleITK writes it: as a scale."""
    _, encoded = cv2.imencode(".png", values)
    content = encoded.tobytes()
    if spacing == (1.0, 1.0):
        return content
    scale = b"sCAL\x01" + b"\0".join(f"{side:.9g}".encode() for side in spacing)
    chunk = struct.pack(">I", len(scale) - 4) + scale + struct.pack(">I", zlib.crc32(scale))
    return content[:END_OF_HEADER] + chunk + content[END_OF_HEADER:]


def _read_to_the_end(path: Path) -> None:
    """Raise EOFError for a `.gz` file without its last bytes, its check sum, which SimpleITK does not miss."""
    if path.suffix.lower() == ".gz":
        with gzip.open(path) as stream:
            while stream.read(1 << 20):
                pass


def _describe_failure(path: Path) -> OutputError:
    return OutputError(f"{path} cannot be written (the disk may be full): give a folder that can be written")
