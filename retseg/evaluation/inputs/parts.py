"""Read the part of an image file that shows one task: a whole mask, some values of a label map, a volume of a stack."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.layout import Part
from retseg.image import ImageError, read_mask, read_stack, read_values

WHOLE = Part()
"""Of a file that shows one task."""


def read_mask_part(path: Path, part: Part) -> NDArray[np.uint8]:
    """The values of a mask, uint8 (H, W), as they are stored; of a label map, 0 and 1.

    Raises:
        ImageError: the file cannot be read, or is no stack with this volume.
    """
    if part.volume < 0:
        return take_values(read_mask(path), part) if part.values else read_mask(path)
    volume = take_volume(path, part.volume)
    if volume.dtype != np.uint8:
        raise ImageError(f"{path} holds {volume.dtype} values: save the stack as uint8 of 0 and 1")
    return np.asarray(volume, np.uint8)


def read_any_part(path: Path, part: Part) -> NDArray[np.generic]:
    """One number per pixel, (H, W), in the type that the file stores; of a label map, uint8 0 and 1.

    Raises:
        ImageError: the file cannot be read, or is no stack with this volume.
    """
    if part.volume >= 0:
        return take_volume(path, part.volume)
    return take_values(read_values(path), part) if part.values else read_values(path)


def take_values(labels: NDArray[np.generic], part: Part) -> NDArray[np.uint8]:
    """The pixels of a label map, (H, W), whose value belongs to the task: uint8 0 and 1."""
    return np.isin(labels, part.values).astype(np.uint8)


def take_volume(path: Path, number: int) -> NDArray[np.generic]:
    """One volume of a stack, (H, W).

    Raises:
        ImageError: the file is no stack, or has fewer volumes.
    """
    volumes: list[NDArray[np.generic]] = list(read_stack(path))
    if number >= len(volumes):
        raise ImageError(f"{path} has {len(volumes)} volumes, so no volume {number + 1}: write one for each task")
    return volumes[number]
