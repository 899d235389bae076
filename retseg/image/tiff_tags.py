"""Read the directories of TIFF and BigTIFF files: the tags of their one page.

Directories are followed once each, and the numbers of directories, entries and values are limited.

Source: TIFF 6.0; https://www.awaresystems.be/imaging/tiff/bigtiff.html for BigTIFF.
"""

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from retseg.image.image import DamageError, KindError

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
REDUCED_OR_MASK = 5
"""The bits of `SUBFILE` that mark a smaller copy and a transparency mask."""

Tags = Mapping[int, tuple[int, ...]]


@dataclass(frozen=True)
class _Form:
    """How a file writes numbers: the byte order, and the letters of an offset and of the count of entries."""

    order: str
    offset: str
    count: str

    @property
    def entry_bytes(self) -> int:
        return 4 + 2 * struct.calcsize(self.order + self.offset)


def find_page(data: bytes) -> Tags:
    """The tags of the page; smaller copies and transparency masks beside it are left out.

    Raises:
        DamageError: the directories are wrong.
        KindError: there are several pages.
        struct.error: the file ends within a directory.
    """
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
        if not get_first(tags, SUBFILE, 0) & REDUCED_OR_MASK:
            pages[position] = tags
        position = following
    if not pages:
        raise DamageError("its header names no pixels")
    sizes = {(get_first(tags, WIDTH, 0), get_first(tags, HEIGHT, 0)) for tags in pages.values()}
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


def get_first(tags: Tags, tag: int, default: int) -> int:
    """The first value of a tag, or the default if it is absent."""
    return tags.get(tag, (default,))[0]
