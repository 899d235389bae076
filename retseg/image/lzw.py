"""Decode the LZW codes of TIFF and GIF files.

Source: TIFF 6.0, section 13; GIF89a, appendix F. All codes of a block are cut out of the bytes at once, because
their widths follow from their numbers; the table of strings is then built code by code.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.image.image import DamageError

MOST_ENTRIES = 4096
FIRST_BLOCK, LARGEST_BLOCK = 128, 4096


@dataclass(frozen=True)
class LzwForm:
    """How codes are stored.

    Attributes:
        root: bits of a literal.
        highest_bit_first: as in TIFF; GIF fills bytes from the lowest bit.
        early: whether codes grow one code early, as in TIFF.
    """

    root: int
    highest_bit_first: bool
    early: bool

    def list_widths(self, first: int, count: int) -> NDArray[np.int64]:
        """The widths in bits of `count` codes; `first` is the number of the first one after the table was cleared."""
        free = (1 << self.root) + 2 + np.maximum(np.arange(first, first + count) - 1, 0)
        return np.asarray(np.minimum(np.frexp(free + int(self.early))[1], 12), np.int64)


TIFF_FORM = LzwForm(8, highest_bit_first=True, early=True)


def decode_lzw(data: bytes, needed: int, form: LzwForm) -> bytes:
    """Decode codes until `needed` bytes are there.

    Raises:
        DamageError: there are fewer, or a code that no table has.
    """
    padded = np.frombuffer(data + bytes(4), np.uint8).astype(np.int64)
    bits = 8 * len(data)
    clear = 1 << form.root
    roots = [bytes([value]) for value in range(clear)] + [b"", b""]
    table, previous = list(roots), b""
    pieces: list[bytes] = []
    found = position = number = 0
    block = FIRST_BLOCK
    while found < needed:
        widths = form.list_widths(number, block)
        ends = position + np.cumsum(widths)
        codes = _cut_codes(padded, ends - widths, widths, form)[: int(np.searchsorted(ends, bits, side="right"))]
        stops = np.flatnonzero((codes == clear) | (codes == clear + 1))
        kept = codes[: stops[0]] if stops.size else codes
        for code in kept.tolist():
            if code < len(table):
                entry = table[code]
            elif code == len(table) and previous:
                entry = previous + previous[:1]
            else:
                raise DamageError("its compressed data is altered")
            if previous and len(table) < MOST_ENTRIES:
                table.append(previous + entry[:1])
            pieces.append(entry)
            found += len(entry)
            previous = entry
            if found >= needed:
                break
        if found >= needed:
            break
        if not codes.size or (stops.size and codes[stops[0]] != clear):
            raise DamageError(f"its compressed data holds {found} bytes of {needed}")
        if stops.size:
            position, number, block = int(ends[stops[0]]), 0, FIRST_BLOCK
            table, previous = list(roots), b""
        else:
            position, number = int(ends[len(codes) - 1]), number + len(codes)
            block = min(2 * block, LARGEST_BLOCK)
    return b"".join(pieces)[:needed]


def _cut_codes(
    padded: NDArray[np.int64], starts: NDArray[np.int64], widths: NDArray[np.int64], form: LzwForm
) -> NDArray[np.int64]:
    """The codes that start at these bits; those behind the end of the data are of no use."""
    at = np.minimum(starts >> 3, len(padded) - 3)
    first, second, third = padded[at], padded[at + 1], padded[at + 2]
    if form.highest_bit_first:
        shifted = (first << 16 | second << 8 | third) >> (24 - (starts & 7) - widths)
    else:
        shifted = (first | second << 8 | third << 16) >> (starts & 7)
    return np.asarray(shifted & ((1 << widths) - 1), np.int64)
