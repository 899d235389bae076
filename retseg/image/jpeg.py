"""Decode JPEG files. The markers are checked here; OpenCV then decodes a file of the needed segments only.

Decoders fill the missing part of a scan with grey and report success where an end marker follows. So a file of one scan
is decoded without its end marker: then the decoder says that it ran out of data.

Source: ITU-T T.81; https://www.w3.org/Graphics/JPEG/jfif3.pdf for the density of the pixels.
"""

import re
import struct
from dataclasses import dataclass, field

from retseg.image.image import DamageError, Geometry, KindError, Raster
from retseg.image.limits import Limits
from retseg.image.opencv import decode_by_opencv

MAGIC = b"\xff\xd8"
END = b"\xff\xd9"
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
TABLES = (0xC4, 0xDB, 0xDD)
"""Markers of Huffman tables, quantisation tables and the restart interval."""

SCAN, JFIF, EXIF, ADOBE = 0xDA, 0xE0, 0xE1, 0xEE
ALONE = (0x01, *range(0xD0, 0xD8))
"""Markers without a length."""

NEXT_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
MOST_SCANS = 64
PADDING = bytes(16)
"""What a decoder may read ahead."""

MILLIMETRES = {1: 25.4, 2: 10.0}
"""The length of the unit of a density: inch, centimetre."""


@dataclass
class _Parts:
    """What is found on the way through the markers."""

    kept: list[bytes] = field(default_factory=lambda: [MAGIC])
    size: tuple[int, int] = (0, 0)
    progressive: bool = False
    lacking: dict[int, set[int]] = field(default_factory=dict)
    scans: int = 0
    spacing: tuple[float, float] = (1.0, 1.0)
    orientation: int = 1


def decode_jpeg(data: bytes, limits: Limits) -> Raster:
    """Decode a file. The orientation of EXIF is not applied: grand-challenge.org does not apply it either.

    Raises:
        DamageError: the structure is wrong, or a part of a scan is missing.
        KindError: the file is no 8-bit grey or colour image of Huffman codes.
        LimitError: the header claims too much.
    """
    parts = _Parts()
    position = 2
    try:
        while True:
            position = _read_segment(data, position, parts, limits)
            if position < 0:
                break
    except (struct.error, IndexError):
        raise DamageError("its end is missing") from None
    if not parts.scans or any(parts.lacking.values()):
        raise DamageError("a part of its scans is missing")
    single = parts.scans == 1 and not parts.progressive
    values = decode_by_opencv(b"".join(parts.kept) + (PADDING if single else END))
    if values is None or values.shape[:2] != parts.size[::-1]:
        raise DamageError("its scan is incomplete or altered")
    notes: tuple[str, ...] = ()
    if parts.orientation != 1:
        notes = (
            f"says that it is shown turned (EXIF orientation {parts.orientation}): its pixels are taken as they are "
            "stored.",
        )
    return Raster(values, Geometry(parts.size, parts.spacing), notes=notes)


def _read_segment(data: bytes, position: int, parts: _Parts, limits: Limits) -> int:
    """Read the segment at an offset; returns the offset of the next one, or -1 behind the end marker."""
    if data[position] != 0xFF:
        raise DamageError(f"it has no marker at byte {position}")
    while data[position + 1] == 0xFF:
        position += 1
    marker = data[position + 1]
    if marker == END[1]:
        return -1
    if marker in ALONE:
        return position + 2
    (length,) = struct.unpack_from(">H", data, position + 2)
    end = position + 2 + int(length)
    content = data[position + 4 : end]
    if length < 2 or end > len(data):
        raise DamageError("its header is incomplete")
    if marker in FRAMES:
        _read_frame(marker, content, parts, limits)
    elif marker == JFIF and content.startswith(b"JFIF\0") and len(content) >= 12:
        unit, across, down = struct.unpack_from(">BHH", content, 7)
        if unit in MILLIMETRES and across and down:
            parts.spacing = MILLIMETRES[unit] / across, MILLIMETRES[unit] / down
    elif marker == EXIF and content.startswith(b"Exif\0\0"):
        parts.orientation = _find_orientation(content[6:])
    elif marker == SCAN:
        found = NEXT_MARKER.search(data, end)
        if found is None:
            raise DamageError("its end is missing")
        _read_scan(content, parts)
        end = found.start()
    if marker in (*TABLES, *FRAMES, SCAN, JFIF, ADOBE):
        parts.kept.append(data[position:end])
    return end


def _read_frame(marker: int, content: bytes, parts: _Parts, limits: Limits) -> None:
    precision, height, width, count = struct.unpack_from(">BHHB", content)
    if parts.lacking or len(content) != 6 + 3 * count or not width or not height or not count:
        raise DamageError("it has a wrong header, or two of them")
    if marker not in (BASELINE, EXTENDED, PROGRESSIVE) or precision != 8:
        raise KindError(
            f"is a JPEG file of {precision} bits of an unusual kind: save it as a usual JPEG file or as PNG"
        )
    if count == 4:
        raise KindError("is a CMYK image: convert it to RGB")
    if count not in (1, 3):
        raise KindError(f"has {count} channels: save it as grey or RGB")
    limits.check_size(width, height, count)
    parts.size, parts.progressive = (width, height), marker == PROGRESSIVE
    coefficients = set(range(64)) if parts.progressive else {0}
    parts.lacking = {content[6 + 3 * number]: set(coefficients) for number in range(count)}


def _read_scan(content: bytes, parts: _Parts) -> None:
    """Take the coefficients of a scan off those that are lacking; a progressive file refines them bit by bit."""
    count = content[0]
    if len(content) != 4 + 2 * count:
        raise DamageError("the header of a scan is wrong")
    first, last, bits = content[-3:]
    parts.scans += 1
    if parts.scans > MOST_SCANS:
        raise DamageError(f"it has more than {MOST_SCANS} scans")
    final = bits & 15 == 0
    for component in content[1 : 1 + 2 * count : 2]:
        if component not in parts.lacking:
            raise DamageError("a scan is of an unknown component")
        if not parts.progressive:
            parts.lacking[component] = set()
        elif final:
            parts.lacking[component] -= set(range(first, last + 1))


def _find_orientation(exif: bytes) -> int:
    """The orientation, 1 to 8; 1 where EXIF does not say it."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    try:
        if order is None:
            return 1
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, entry)
            if tag == 0x0112 and kind == 3:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def join_tables(tables: bytes, stream: bytes, transformed: bool) -> bytes:
    """One JPEG file from the tables and the abbreviated stream of a TIFF strip.

    Args:
        tables: a JPEG file of tables alone; may be empty.
        stream: the strip.
        transformed: whether colours are stored as YCbCr, which no marker of the strip says.
    """
    adobe = b"\xff\xee" + struct.pack(">H5sHHHB", 14, b"Adobe", 100, 0, 0, int(transformed))
    return MAGIC + adobe + tables[2:].removesuffix(END) + stream[2:]
