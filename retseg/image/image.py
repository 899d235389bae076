"""An image in this package: RGB pixels, their geometry in space, and the conversions that were needed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError


class ImageError(RetsegError):
    """An image cannot be read; the message names the file and the remedy."""


class UnreadableError(ImageError):
    """An image file is missing, damaged or incomplete, or its header breaks a rule, so that it holds no image."""


class DecodingError(RetsegError):
    """The bytes of an image cannot be decoded; the message goes on after the name of the file."""


class DamageError(DecodingError):
    """The bytes break a rule of their format, or a part is missing; the message is half a sentence."""


class KindError(DecodingError):
    """The bytes are a sound image of a kind that is not read here; the message says what to do."""


class LimitError(DecodingError):
    """The header claims more than is allowed; the message names the limit."""


@contextmanager
def naming_file(name: str) -> Iterator[None]:
    """Turn the errors of decoders into errors that name the file.

    Raises:
        UnreadableError: in place of `DamageError`.
        ImageError: in place of `KindError` and `LimitError`.
    """
    try:
        yield
    except DamageError as error:
        raise UnreadableError(f"{name} is truncated or damaged ({error}): copy or export it again") from None
    except DecodingError as error:
        raise ImageError(f"{name} {error}") from None


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
        facts: what the file says of the eye and the camera: `laterality`, `device`.
    """

    pixels: NDArray[np.uint8]
    geometry: Geometry
    name: str
    warnings: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


ONE_SLICE = "is a volume of one slice: it was taken as a 2-D image."
"""A note, see `Raster`."""


@dataclass(frozen=True)
class Raster:
    """What a decoder found in a file.

    Attributes:
        values: (H, W), or (H, W, C) with C from 2 to 4: grey and alpha, RGB, RGBA. With a palette: its indices, uint8
            (H, W).
        geometry: of the file.
        palette: RGB or RGBA colours, uint8 (entries, 3 or 4); None where the values are no indices.
        notes: half a sentence, which goes on after the name of the file, for each thing that the user should know.
        facts: see `Image`.
    """

    values: NDArray[np.generic]
    geometry: Geometry
    palette: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def as_colours(self) -> NDArray[np.generic]:
        """The values with the palette applied: (H, W) or (H, W, C)."""
        return self.values if self.palette is None else self.palette[self.values.astype(np.uint8)]

    def as_numbers(self) -> NDArray[np.generic]:
        """The values without alpha: (H, W, 1), or (H, W, 3) in colour.

        In a label map the index is the class, and two indices may have the same colour. So a palette image gives its
        indices, but grey levels where every used colour is grey and no two are equal.
        """
        if self.palette is None:
            values = self.values if self.values.ndim == 3 else self.values[:, :, None]
            return values[:, :, : values.shape[2] - 1 + values.shape[2] % 2]
        used = np.flatnonzero(np.bincount(self.values.ravel(), minlength=len(self.palette)))
        colours = self.palette[used, :3]
        grey = bool((colours == colours[:, :1]).all()) and len(np.unique(colours[:, 0])) == len(used)
        return (self.palette[self.values.astype(np.uint8), 0] if grey else self.values)[:, :, None]


def make_palette(colours: NDArray[np.uint8], indices: NDArray[np.generic]) -> NDArray[np.uint8]:
    """The colours of a palette, with black for each index that the file uses and the palette lacks."""
    lacking = max(0, int(indices.max(initial=0)) + 1 - len(colours))
    return np.concatenate([colours, np.zeros((lacking, colours.shape[1]), np.uint8)])
