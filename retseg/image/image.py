"""An image in this package: RGB pixels, their geometry in space, and the conversions that were needed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError


class ImageError(RetsegError):
    """An image cannot be read; the message names the file and the remedy."""


class UnreadableError(ImageError):
    """An image file is missing, damaged or incomplete, or its header breaks a rule, so that it holds no image."""


@dataclass(frozen=True)
class Geometry:
    """The position of the pixels of a 2-D image in space; an output must have that of its input.

    Attributes:
        size: (width, height), in pixels.
        spacing: distance between pixel centres along x and y, in the unit of the file (millimetres; 1.0 where unknown).
        origin: position of the centre of the first pixel, in the same unit.
        direction: the 2 x 2 direction cosines, row by row.
    """

    size: tuple[int, int]
    spacing: tuple[float, float] = (1.0, 1.0)
    origin: tuple[float, float] = (0.0, 0.0)
    direction: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Image:
    """One photograph or en-face image.

    Attributes:
        pixels: uint8 (H, W, 3), RGB; a grey image has three equal channels.
        geometry: of the file it came from.
        name: file name, for messages.
        warnings: one sentence for each conversion that was needed.
    """

    pixels: NDArray[np.uint8]
    geometry: Geometry
    name: str
    warnings: tuple[str, ...] = ()
