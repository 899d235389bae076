"""Find the sizes of image that a network takes."""

from collections.abc import Sequence

import numpy as np

from retseg.adopt.error import AdoptError
from retseg.adopt.source import Source
from retseg.engine import Engine

MULTIPLES = (1, 2, 4, 8, 16, 32, 64, 128)
SMALLEST = 96
"""Pixels: deep networks take no smaller side."""


def find_multiple(engine: Engine, source: Source) -> int:
    """The smallest power of two of which both sides of an image must be multiples; 0 where one size is taken only.

    Args:
        engine: runs the graph of the source.
        source: as it was read.

    Raises:
        AdoptError: no size is taken, or the map has another size than the image.
    """
    if source.size is not None:
        _try(engine, source, [source.size])
        return 0
    for multiple in MULTIPLES:
        steps = -(-SMALLEST // multiple) | 1
        sizes = [(multiple * steps, multiple * (steps + 2)), (multiple * (steps + 2), multiple * steps)]
        try:
            _try(engine, source, sizes)
        except AdoptError:
            if multiple == MULTIPLES[-1]:
                raise
            continue
        return multiple
    raise AssertionError


def _try(engine: Engine, source: Source, sizes: Sequence[tuple[int, int]]) -> None:
    for height, width in sizes:
        tile = np.zeros((1, source.channels, height, width), np.float32)
        try:
            given = engine(tile).shape
        except RuntimeError as error:
            raise AdoptError(
                f"the network does not take an image of {width} x {height} pixels, nor one whose sides are multiples "
                "of a smaller power of two: export it with free height and width"
            ) from error
        wanted = (1, source.classes, height, width)
        if given != wanted:
            raise AdoptError(
                f"the network gives {' x '.join(map(str, given))} for an image of {width} x {height} pixels, wanted "
                f"{' x '.join(map(str, wanted))}: let it enlarge its map to the size of the image, and export it again"
            )
