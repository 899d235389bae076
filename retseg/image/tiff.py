"""Read the directories of TIFF and BigTIFF files, and say where the pixels of their one page are.

Nothing is decoded here, see `tiff_pixels`. Directories are followed once each, sizes are compared with the limits, and
every kind of image that is not decoded rightly is refused.

Source: TIFF 6.0; https://www.awaresystems.be/imaging/tiff/bigtiff.html for BigTIFF.
"""

import math
import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.image.image import DamageError, Geometry, KindError
from retseg.image.limits import Limits

MAGICS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
MOST_PAGES, MOST_ENTRIES = 256, 1024
MOST_VALUES = 1 << 20
"""Values of one tag, such as the offsets of all strips."""

KINDS = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""Code of a type to how `struct` writes it; a fraction has two numbers."""

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
STRIPS, ORIENTATION, SAMPLES, ROWS, STRIP_BYTES, X_RESOLUTION, Y_RESOLUTION = 273, 274, 277, 278, 279, 282, 283
PLANAR, UNIT, PREDICTOR, COLOUR_MAP = 284, 296, 317, 320
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, EXTRA, FORMAT, JPEG_TABLES = 322, 323, 324, 325, 338, 339, 347
USED = {
    *(SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIPS, ORIENTATION, SAMPLES, ROWS),
    *(STRIP_BYTES, X_RESOLUTION, Y_RESOLUTION, PLANAR, UNIT, PREDICTOR, COLOUR_MAP, TILE_WIDTH, TILE_HEIGHT, TILES),
    *(TILE_BYTES, EXTRA, FORMAT, JPEG_TABLES),
}
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, TRANSPARENCY, CMYK, YCBCR = range(7)
PLAIN, CCITT_4, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 4, 5, 7, 8, 32946, 32773
COMPRESSIONS = (PLAIN, CCITT_4, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACKBITS)
UNSIGNED, SIGNED, FLOAT, UNDEFINED = 1, 2, 3, 4
REDUCED_OR_MASK = 5
"""The bits of `SUBFILE` that mark a smaller copy and a transparency mask."""

MILLIMETRES = {2: 25.4, 3: 10.0}
"""The length of the unit of a resolution: inch, centimetre."""

Tags = Mapping[int, tuple[int, ...]]


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
        return 3 if self.photometric in (RGB, YCBCR) else 1


def read_page(data: bytes, limits: Limits) -> Page:
    """The one page of a file.

    Raises:
        DamageError: the structure is wrong.
        KindError: there are several pages, or pixels of a kind that is not decoded here.
        LimitError: the page claims too much.
    """
    try:
        return _describe(_find_page(data), data, limits)
    except struct.error:
        raise DamageError("its header is incomplete") from None


@dataclass(frozen=True)
class _Form:
    """How a file writes numbers: the byte order, and the letters of an offset and of the count of entries."""

    order: str
    offset: str
    count: str

    @property
    def entry_bytes(self) -> int:
        return 4 + 2 * struct.calcsize(self.order + self.offset)


def _find_page(data: bytes) -> Tags:
    """The tags of the page; smaller copies and transparency masks beside it are left out."""
    order = "<" if data.startswith(b"II") else ">"
    big = data[2:4] in (b"+\x00", b"\x00+")
    if big and struct.unpack_from(order + "HH", data, 4) != (8, 0):
        raise DamageError("its offsets are not of 8 bytes")
    form = _Form(order, "Q", "Q") if big else _Form(order, "I", "H")
    (position,) = struct.unpack_from(order + form.offset, data, 8 if big else 4)
    seen: set[int] = set()
    pages: dict[int, Tags] = {}
    while position:
        if position in seen:
            raise DamageError("its directories lead back to an earlier one")
        seen.add(position)
        if len(seen) > MOST_PAGES:
            raise DamageError(f"it has more than {MOST_PAGES} directories")
        tags, following = _read_directory(data, position, form, {SUBFILE, WIDTH, HEIGHT})
        if not _first(tags, SUBFILE, 0) & REDUCED_OR_MASK:
            pages[position] = tags
        position = following
    if not pages:
        raise DamageError("its header names no pixels")
    sizes = {(_first(tags, WIDTH, 0), _first(tags, HEIGHT, 0)) for tags in pages.values()}
    if len(sizes) > 1:
        raise KindError(f"has {len(pages)} pages of different size: give one 2-D image per file")
    if len(pages) > 1:
        width, height = sizes.pop()
        raise KindError(f"is a 3-D image ({width} x {height} x {len(pages)}): give one 2-D image per file")
    return _read_directory(data, next(iter(pages)), form, USED)[0]


def _read_directory(
    data: bytes, position: int, form: _Form, wanted: Collection[int]
) -> tuple[dict[int, tuple[int, ...]], int]:
    """The wanted tags of the directory at an offset, and the offset of the next one, 0 for none."""
    (count,) = struct.unpack_from(form.order + form.count, data, position)
    if count > MOST_ENTRIES:
        raise DamageError(f"a directory has {count} entries, and {MOST_ENTRIES} are allowed")
    position += struct.calcsize(form.order + form.count)
    tags: dict[int, tuple[int, ...]] = {}
    for number in range(count):
        at = position + form.entry_bytes * number
        tag, kind = struct.unpack_from(form.order + "HH", data, at)
        if tag in wanted and kind in KINDS:
            if tag in tags:
                raise DamageError(f"its tag {tag} is there twice")
            tags[tag] = _read_values(data, at + 4, form, KINDS[kind])
    (following,) = struct.unpack_from(form.order + form.offset, data, position + form.entry_bytes * count)
    return {tag: values for tag, values in tags.items() if values}, following


def _read_values(data: bytes, position: int, form: _Form, letters: str) -> tuple[int, ...]:
    """The values of an entry, whose count is at an offset."""
    (count,) = struct.unpack_from(form.order + form.offset, data, position)
    here = struct.calcsize(form.order + form.offset)
    at = position + here
    if count > MOST_VALUES:
        raise DamageError(f"one of its tags has {count} values, and {MOST_VALUES} are allowed")
    if count * struct.calcsize(form.order + letters) > here:
        (at,) = struct.unpack_from(form.order + form.offset, data, at)
    return struct.unpack_from(f"{form.order}{count * len(letters)}{letters[0]}", data, at)


def _first(tags: Tags, tag: int, default: int) -> int:
    return tags.get(tag, (default,))[0]


def _same(tags: Tags, tag: int, default: int, name: str) -> int:
    """The value of a tag that has one for each sample."""
    values = set(tags.get(tag, (default,)))
    if len(values) != 1:
        raise KindError(f"has {name} that differ between its channels: save it as 8-bit RGB")
    return values.pop()


def _describe(tags: Tags, data: bytes, limits: Limits) -> Page:
    width, height, samples = _first(tags, WIDTH, 0), _first(tags, HEIGHT, 0), _first(tags, SAMPLES, 1)
    if width < 1 or height < 1 or samples < 1:
        raise DamageError(f"it claims {width} x {height} pixels of {samples} values")
    bits, form = _same(tags, BITS, 1, "bits"), _same(tags, FORMAT, UNSIGNED, "kinds of numbers")
    dtype = _find_type(bits, form, "<" if data.startswith(b"II") else ">")
    photometric = _first(tags, PHOTOMETRIC, RGB if samples >= 3 else BLACK_IS_ZERO)
    compression = _first(tags, COMPRESSION, PLAIN)
    _refuse_kinds(photometric, compression, samples, bits, form)
    limits.check_size(width, height, samples * dtype.itemsize)
    planes = _first(tags, PLANAR, 1) == 2 and samples > 1
    block, parts = _find_parts(tags, (width, height), samples if planes else 1)
    limits.check_size(*block, (1 if planes else samples) * dtype.itemsize)
    predictor, orientation = _first(tags, PREDICTOR, 1), _first(tags, ORIENTATION, 1)
    if predictor not in (1, 2, 3) or (predictor == 3 and form != FLOAT) or (predictor != 1 and bits < 8):
        raise KindError(f"is stored by the predictor {predictor}, which does not fit: save it without one")
    colours = 3 if photometric in (RGB, YCBCR) else 1
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
        alpha=samples > colours and _first(tags, EXTRA, 0) in (1, 2),
        tiled=TILES in tags,
        block=block,
        parts=parts,
        geometry=Geometry((width, height), _measure_spacing(tags)),
        palette=_read_palette(tags, bits) if photometric == PALETTE else None,
        tables=bytes(tags.get(JPEG_TABLES, ())),
        fill_order=_first(tags, FILL_ORDER, 1),
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
    colours = 3 if photometric in (RGB, YCBCR) else 1
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
        block = _first(tags, TILE_WIDTH, 0), _first(tags, TILE_HEIGHT, 0)
        offsets, lengths = tags[TILES], tags.get(TILE_BYTES, ())
    else:
        block = width, min(_first(tags, ROWS, height), height)
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
    unit = MILLIMETRES.get(_first(tags, UNIT, 2))
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
