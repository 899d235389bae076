"""Describe the one page of a TIFF file: the kind of its pixels, and where they are.

Nothing is decoded here, see `tiff_pixels`. Sizes are compared with the limits, and every kind of image that is not
decoded rightly is refused.

Source: TIFF 6.0.
"""

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.image.image import DamageError, Geometry, KindError
from retseg.image.limits import Limits
from retseg.image.tiff_tags import (
    BITS,
    COLOUR_MAP,
    COMPRESSION,
    EXTRA,
    FILL_ORDER,
    FORMAT,
    HEIGHT,
    JPEG_TABLES,
    ORIENTATION,
    PHOTOMETRIC,
    PLANAR,
    PREDICTOR,
    ROWS,
    SAMPLES,
    STRIP_BYTES,
    STRIPS,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    TILES,
    UNIT,
    WIDTH,
    X_RESOLUTION,
    Y_RESOLUTION,
    Tags,
    find_page,
    get_first,
)

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, TRANSPARENCY, CMYK, YCBCR = range(7)
PLAIN, CCITT_4, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 4, 5, 7, 8, 32946, 32773
COMPRESSIONS = (PLAIN, CCITT_4, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACKBITS)
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
MILLIMETRES = {2: 25.4, 3: 10.0}
"""The length of the unit of a resolution: inch, centimetre."""


@dataclass(frozen=True)
class Page:
    """The one page of a file.

    Attributes:
        size: (width, height) as stored, before `orientation` is applied.
        dtype: of the values, with byte order; uint8 for 1, 2 and 4 bits.
        bits: of a value.
        samples: values of a pixel.
        photometric: code of what the values mean.
        compression: code.
        predictor: 1 for none, 2 for differences, 3 for differences of floating point numbers.
        planes: whether each sample has strips of its own.
        orientation: 1 to 8.
        alpha: whether the sample after the colours is alpha.
        tiled: whether the parts are tiles, which are whole at the edges too.
        block: (width, height) of a tile, or of a strip.
        parts: offset and bytes of each tile or strip.
        geometry: as stored.
        palette: uint8 (entries, 3); None without.
        tables: of JPEG; empty without.
        fill_order: 1 where the highest bit comes first, as usual.
    """

    size: tuple[int, int]
    dtype: np.dtype[np.generic]
    bits: int
    samples: int
    photometric: int
    compression: int
    predictor: int
    planes: bool
    orientation: int
    alpha: bool
    tiled: bool
    block: tuple[int, int]
    parts: tuple[tuple[int, int], ...]
    geometry: Geometry
    palette: NDArray[np.uint8] | None
    tables: bytes
    fill_order: int

    @property
    def colours(self) -> int:
        """Samples that are no extra ones."""
        return count_colours(self.photometric)


def count_colours(photometric: int) -> int:
    """Samples of a pixel that are no extra ones, by the code of what the values mean."""
    return 3 if photometric in (RGB, YCBCR) else 1


def read_page(data: bytes, limits: Limits) -> Page:
    """The one page of a file.

    Raises:
        DamageError: the structure is wrong.
        KindError: there are several pages, or pixels of a kind that is not decoded here.
        LimitError: the page claims too much.
    """
    try:
        return _describe(find_page(data), data, limits)
    except struct.error:
        raise DamageError("its header is incomplete") from None


def _same(tags: Tags, tag: int, default: int, name: str) -> int:
    """The value of a tag that has one for each sample."""
    values = set(tags.get(tag, (default,)))
    if len(values) != 1:
        raise KindError(f"has {name} that differ between its channels: save it as 8-bit RGB")
    return values.pop()


def _describe(tags: Tags, data: bytes, limits: Limits) -> Page:
    width, height, samples = get_first(tags, WIDTH, 0), get_first(tags, HEIGHT, 0), get_first(tags, SAMPLES, 1)
    if width < 1 or height < 1 or samples < 1:
        raise DamageError(f"it claims {width} x {height} pixels of {samples} values")
    bits, form = _same(tags, BITS, 1, "bits"), _same(tags, FORMAT, UNSIGNED, "kinds of numbers")
    dtype = _find_type(bits, form, "<" if data.startswith(b"II") else ">")
    photometric = get_first(tags, PHOTOMETRIC, RGB if samples >= 3 else BLACK_IS_ZERO)
    compression = get_first(tags, COMPRESSION, PLAIN)
    _refuse_kinds(photometric, compression, samples, bits, form)
    limits.check_size(width, height, samples * dtype.itemsize)
    planes = get_first(tags, PLANAR, 1) == 2 and samples > 1
    block, parts = _find_parts(tags, (width, height), samples if planes else 1)
    limits.check_size(*block, (1 if planes else samples) * dtype.itemsize)
    predictor, orientation = get_first(tags, PREDICTOR, 1), get_first(tags, ORIENTATION, 1)
    if predictor not in (1, 2, 3) or (predictor == 3 and form != FLOAT) or (predictor != 1 and bits < 8):
        raise KindError(f"is stored by the predictor {predictor}, which does not fit: save it without one")
    return Page(
        size=(width, height),
        dtype=dtype,
        bits=bits,
        samples=samples,
        photometric=photometric,
        compression=compression,
        predictor=predictor if compression in (LZW, DEFLATE, OLD_DEFLATE) else 1,
        planes=planes,
        orientation=orientation if 1 <= orientation <= 8 else 1,
        alpha=samples > count_colours(photometric) and get_first(tags, EXTRA, 0) in (1, 2),
        tiled=TILES in tags,
        block=block,
        parts=parts,
        geometry=Geometry((width, height), _measure_spacing(tags)),
        palette=_read_palette(tags, bits) if photometric == PALETTE else None,
        tables=bytes(tags.get(JPEG_TABLES, ())),
        fill_order=get_first(tags, FILL_ORDER, 1),
    )


def _find_type(bits: int, form: int, order: str) -> np.dtype[np.generic]:
    letter = {UNSIGNED: "u", SIGNED: "i", FLOAT: "f", UNDEFINED: "u"}.get(form)
    packed = bits in (1, 2, 4) and letter == "u"
    if packed or (letter in ("u", "i") and bits in (8, 16, 32, 64)) or (letter == "f" and bits in (16, 32, 64)):
        return np.dtype("u1" if packed else f"{order}{letter}{bits // 8}")
    raise KindError(f"holds values of {bits} bits of the kind {form}: save it as 8-bit RGB")


def _refuse_kinds(photometric: int, compression: int, samples: int, bits: int, form: int) -> None:
    """Refuse what is not decoded rightly here."""
    if photometric == CMYK:
        raise KindError("is a CMYK image: convert it to RGB")
    if photometric > YCBCR or (photometric == YCBCR) > (compression == JPEG):
        raise KindError(f"holds colours of the kind {photometric}: convert it to RGB")
    if compression not in COMPRESSIONS:
        raise KindError(f"is compressed by the method {compression}: save it with LZW, deflate or no compression")
    colours = count_colours(photometric)
    if samples < colours:
        raise DamageError(f"it has {samples} channels of {colours}")
    if samples > (4 if colours == 3 else 2):
        raise KindError(f"has {samples} channels: save it as grey or RGB")
    if bits < 8 and samples > 1:
        raise KindError(f"has {samples} channels of {bits} bits: save it as 8-bit RGB")
    if photometric == PALETTE and (bits > 8 or samples > 1 or form != UNSIGNED):
        raise KindError("has a palette of an unusual kind: save it as 8-bit RGB")
    if photometric == WHITE_IS_ZERO and form not in (UNSIGNED, UNDEFINED):
        raise KindError("holds signed or floating point values where 0 is white: save it with 0 as black")
    if compression == CCITT_4 and bits != 1:
        raise DamageError(f"its values of {bits} bits are compressed as if they had one")
    if compression == JPEG and (bits != 8 or form != UNSIGNED):
        raise KindError(f"is a JPEG stream of {bits} bits in TIFF: save it as 8-bit RGB")


def _find_parts(tags: Tags, size: tuple[int, int], planes: int) -> tuple[tuple[int, int], tuple[tuple[int, int], ...]]:
    """Width and height of a tile or a strip, and the offset and the bytes of each."""
    width, height = size
    if TILES in tags:
        block = get_first(tags, TILE_WIDTH, 0), get_first(tags, TILE_HEIGHT, 0)
        offsets, lengths = tags[TILES], tags.get(TILE_BYTES, ())
    else:
        block = width, min(get_first(tags, ROWS, height), height)
        offsets, lengths = tags.get(STRIPS, ()), tags.get(STRIP_BYTES, ())
    if not offsets:
        raise DamageError("its header names no pixels")
    if min(block) < 1:
        raise DamageError(f"it claims tiles of {block[0]} x {block[1]} pixels")
    count = planes * math.ceil(width / block[0]) * math.ceil(height / block[1])
    if len(offsets) != count or len(lengths) != count:
        raise DamageError(f"it has {len(offsets)} offsets and {len(lengths)} lengths of {count} strips or tiles")
    return block, tuple(zip(offsets, lengths, strict=True))


def _measure_spacing(tags: Tags) -> tuple[float, float]:
    """Millimetres between pixels; 1.0 where the file has no unit."""
    unit = MILLIMETRES.get(get_first(tags, UNIT, 2))
    found = [tags.get(tag, ()) for tag in (X_RESOLUTION, Y_RESOLUTION)]
    if unit is None or any(len(value) != 2 or not value[0] or not value[1] for value in found):
        return 1.0, 1.0
    (across, across_per), (down, down_per) = found
    # Single precision, as in the libraries that other programs read with.
    return unit / float(np.float32(across / across_per)), unit / float(np.float32(down / down_per))


def _read_palette(tags: Tags, bits: int) -> NDArray[np.uint8]:
    values = tags.get(COLOUR_MAP, ())
    if len(values) != 3 << bits or max(values) > 65535:
        raise DamageError(f"its palette has {len(values)} values of {3 << bits}")
    return (np.array(values, np.uint32).reshape(3, -1).T >> 8).astype(np.uint8)
