"""Stacks of masks that may overlap: a 4-D MetaImage of 0 and 1, W x H x 1 x n, with one volume for each task.

The platform reads such a file as one segment for each volume, numbered from 1.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.files import METAIMAGE_SUFFIXES, OutputError, has_suffix, replacing
from retseg.image.image import Geometry, ImageError, naming_file
from retseg.image.limits import DEFAULT_LIMITS, Limits
from retseg.image.metaimage import decode_stack
from retseg.image.reading import read_whole_file


def read_stack(path: Path, limits: Limits = DEFAULT_LIMITS) -> NDArray[np.generic]:
    """The volumes of a stack as they are stored: (n, H, W).

    Raises:
        ImageError: the file is no .mha or .mhd, is damaged or too large, or is no 4-D image of one slice.
    """
    if not has_suffix(path, METAIMAGE_SUFFIXES):
        raise ImageError(f"{path} is no stack of masks, which is a 4-D .mha file: write one, W x H x 1 x tasks")
    data = read_whole_file(path, limits)
    with naming_file(str(path)):
        return decode_stack(data, path, limits)


def write_stack(path: Path, masks: NDArray[np.bool_], geometry: Geometry) -> None:
    """Write masks, bool (n, H, W), as a compressed 4-D uint8 .mha with the geometry of the image in its plane.

    Raises:
        OutputError: the folder cannot be written.
        ValueError: the masks do not have the size of the geometry.
    """
    import SimpleITK

    if masks.ndim != 3 or masks.shape[:0:-1] != geometry.size:
        raise ValueError(f"{path.name}: masks of shape {masks.shape} do not fit an image of {geometry.size}")
    volumes = masks.astype(np.uint8)[:, None]
    image: Any = SimpleITK.GetImageFromArray(volumes, isVector=False)
    a, b, c, d = geometry.direction
    image.SetSpacing((*geometry.spacing, 1.0, 1.0))
    image.SetOrigin((*geometry.origin, 0.0, 0.0))
    image.SetDirection((a, b, 0, 0, c, d, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1))
    with replacing(path) as beside:
        try:
            SimpleITK.WriteImage(image, str(beside), useCompression=True)
            stored = read_stack(beside)
        except (RuntimeError, ImageError):
            stored = np.empty(0)
        if not np.array_equal(stored, volumes[:, 0]):
            raise OutputError(f"{path} cannot be written (the disk may be full): give a folder that can be written")
