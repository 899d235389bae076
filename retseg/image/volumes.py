"""Read 2-D images from NIfTI-1 files by SimpleITK, which keeps the geometry, after the header was checked here.

The methods of SimpleITK have no types, so its images are `Any` here. It is imported when a file is read: a training
from a prepared file does without it.
"""

from pathlib import Path
from typing import Any

import SimpleITK

from retseg.image.image import ONE_SLICE, DamageError, Geometry, KindError, Raster
from retseg.image.limits import Limits
from retseg.image.nifti import check_image


def read_volume(data: bytes, path: Path, limits: Limits) -> Raster:
    """Decode a NIfTI-1 file of one slice.

    Args:
        data: the whole file, as it was read from `path`.
        path: of the file.
        limits: that the header is compared with.

    Raises:
        DamageError: the header is wrong, or voxels are missing.
        KindError: the file is a volume of several slices, or of complex numbers.
        LimitError: the header claims too much.
    """
    check_image(data, limits)
    try:
        stored: Any = SimpleITK.ReadImage(str(path), imageIO="NiftiImageIO")
    except RuntimeError:
        raise DamageError("SimpleITK does not decode it") from None
    is_volume = stored.GetDimension() > 2
    if is_volume:
        stored = _take_plane(stored)
    values = SimpleITK.GetArrayFromImage(stored)
    if values.dtype.kind not in "uif" or (values.ndim == 3 and values.shape[2] > 4):
        raise KindError(f"holds {values.shape} {values.dtype} values: save it as 8-bit RGB")
    return Raster(values, _measure_geometry(stored), notes=(ONE_SLICE,) if is_volume else ())


def _take_plane(volume: Any) -> Any:
    """The slice of a volume that has only one, with the geometry of its plane."""
    size = volume.GetSize()
    plane = [*size[:2], *[0] * (len(size) - 2)]
    # "Guess": the directions of the plane, or the identity where the plane is not aligned with the axes.
    extract: Any = SimpleITK.Extract
    return extract(volume, plane, [0] * len(size), SimpleITK.ExtractImageFilter.DIRECTIONCOLLAPSETOGUESS)


def _measure_geometry(stored: Any) -> Geometry:
    (width, height), (dx, dy), (x, y) = stored.GetSize(), stored.GetSpacing(), stored.GetOrigin()
    a, b, c, d = stored.GetDirection()
    return Geometry((width, height), (dx, dy), (x, y), (a, b, c, d))
