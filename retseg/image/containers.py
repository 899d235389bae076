"""Read the structure of image files: where their parts are, and whether a part is missing.

Decoders fill the missing part of a truncated JPEG, BMP or NIfTI file with grey or zeros and report success, and half a
retina would be segmented without a warning. The functions below find missing parts before a decoder runs.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
TIFF_MAGICS = (b"II*\x00", b"MM\x00*")
TIFF_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def find_damage(data: bytes) -> str | None:
    """What is missing from an image file, as half a sentence; None when nothing is missing or the format is unknown.

    Args:
        data: the whole file.
    """
    if not data:
        return "it is empty"
    try:
        return _find_damage(data)
    except (struct.error, IndexError, KeyError, ValueError):
        return "its header is incomplete"


def _find_damage(data: bytes) -> str | None:
    if data.startswith(PNG_MAGIC):
        return find_png_damage(data)
    if data.startswith(b"\xff\xd8"):
        return find_jpeg_damage(data)
    if data.startswith(b"GIF8"):
        return None if find_gif_parts(data).complete else "its end is missing"
    if data.startswith(b"BM"):
        return find_bmp_damage(data)
    if data.startswith(TIFF_MAGICS):
        return find_tiff_damage(data)
    return None


def walk_png(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """The chunks of a PNG file as (kind, content, whether it is whole), in order."""
    position = len(PNG_MAGIC)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        whole = end + 4 <= len(data) and zlib.crc32(data[position + 4 : end]) == struct.unpack_from(">I", data, end)[0]
        yield kind, data[position + 8 : end], whole
        position = end + 4


def find_png_damage(data: bytes) -> str | None:
    """A chunk of a PNG file that is incomplete or altered, or a missing end."""
    for kind, _, whole in walk_png(data):
        if not whole:
            return f"its {kind.decode('ascii', 'replace')} chunk is incomplete or altered"
        if kind == b"IEND":
            return None
    return "its end is missing"


def find_jpeg_damage(data: bytes) -> str | None:
    """A JPEG file whose scan has no end marker. The markers before the scan are skipped: they may hold a thumbnail."""
    position = 2
    while data[position] == 0xFF and data[position + 1] != 0xDA:
        if data[position + 1] == 0xFF:
            position += 1
            continue
        position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    return None if data.find(b"\xff\xd9", position) >= 0 else "its end is missing"


def find_bmp_damage(data: bytes) -> str | None:
    """An uncompressed BMP file shorter than its rows."""
    (start,) = struct.unpack_from("<I", data, 10)
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
    needed = start + (abs(width) * bits + 31) // 32 * 4 * abs(height)
    if compression in (0, 3) and len(data) < needed:
        return f"it has {len(data)} bytes of {needed}"
    return None


@dataclass(frozen=True)
class GifParts:
    """The colour tables of a GIF file, as (offset, entries), and the offsets of the flags of its first frame."""

    colour_tables: tuple[tuple[int, int], ...]
    controls: tuple[int, ...]
    complete: bool


def find_gif_parts(data: bytes) -> GifParts:
    """Find the parts of a GIF file. The last colour table in the result is the one that the first frame uses."""
    tables: list[tuple[int, int]] = []
    controls: list[int] = []
    flags, position, frames = data[10], 13, 0
    if flags & 0x80:
        tables.append((position, 2 << (flags & 7)))
        position += 3 * tables[-1][1]
    while position < len(data):
        block = data[position]
        if block == 0x3B:
            return GifParts(tuple(tables), tuple(controls), frames > 0)
        if block == 0x21:
            if data[position + 1] == 0xF9 and not frames:
                controls.append(position + 3)
            position += 2
        elif block == 0x2C:
            flags, position = data[position + 9], position + 10
            if flags & 0x80:
                if not frames:
                    tables.append((position, 2 << (flags & 7)))
                position += 3 * (2 << (flags & 7))
            frames, position = frames + 1, position + 1
        else:
            break
        while position < len(data) and data[position]:
            position += 1 + data[position]
        position += 1
    return GifParts(tuple(tables), tuple(controls), False)


@dataclass(frozen=True)
class TiffTag:
    """One entry of a TIFF directory: its values, and the offset of its value field in the file."""

    values: tuple[int, ...]
    offset: int


def read_tiff_tags(data: bytes) -> dict[int, TiffTag]:
    """The integer tags of a TIFF file's first directory."""
    order = "<" if data.startswith(b"II") else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    tags: dict[int, TiffTag] = {}
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        code = {1: "B", 3: "H", 4: "I"}.get(kind)
        size = TIFF_TYPE_BYTES.get(kind, 1) * length
        start = entry + 8 if size <= 4 else struct.unpack_from(order + "I", data, entry + 8)[0]
        if code is not None:
            tags[tag] = TiffTag(struct.unpack_from(f"{order}{length}{code}", data, start), entry + 8)
    return tags


def find_tiff_damage(data: bytes) -> str | None:
    """A TIFF file without its directory, or with strips or tiles beyond its end."""
    tags = read_tiff_tags(data)
    for offsets, lengths in ((273, 279), (324, 325)):
        if offsets in tags and lengths in tags:
            ends = [start + length for start, length in zip(tags[offsets].values, tags[lengths].values, strict=True)]
            return f"it has {len(data)} bytes of {max(ends)}" if max(ends) > len(data) else None
    return "its header names no pixels"
