"""Decode DICOM photographs of 8 bits: pixels, spacing, laterality and device; nothing of the patient is read.

pydicom, an extra, finds the elements, and only those that are named here. Frames are decoded here and by the decoders
of JPEG and JPEG 2000.

Source: DICOM PS3.3 C.8.17 (ophthalmic photography), PS3.5 8 and annex A (transfer syntaxes).
"""

import contextlib
import importlib.util
import io
import logging
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.image.image import DamageError, Geometry, KindError, Raster
from retseg.image.jpeg import decode_jpeg, join_tables
from retseg.image.jpeg2000 import decode_stream
from retseg.image.limits import Limits

MARK, MARK_AT = b"DICM", 128
"""What a file has behind its preamble."""

PLAIN = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")
JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")

PHOTOGRAPHS = (
    "1.2.840.10008.5.1.4.1.1.77.1.5.1",  # ophthalmic photography, 8 bits
    "1.2.840.10008.5.1.4.1.1.77.1.5.5",  # wide field, stereographic projection
    "1.2.840.10008.5.1.4.1.1.77.1.5.6",  # wide field, 3D coordinates
    "1.2.840.10008.5.1.4.1.1.77.1.4",  # VL photograph
    "1.2.840.10008.5.1.4.1.1.7",  # secondary capture
    "1.2.840.10008.5.1.4.1.1.7.4",  # secondary capture, frames in true colour
)
"""The kinds of object that are read."""

NEEDED = [
    *("SOPClassUID", "Rows", "Columns", "SamplesPerPixel", "BitsAllocated", "PhotometricInterpretation"),
    *("PlanarConfiguration", "NumberOfFrames", "PixelSpacing", "PixelData"),
    *("ImageLaterality", "Laterality", "Manufacturer", "ManufacturerModelName"),
]


def is_dicom(data: bytes) -> bool:
    """Whether a file is a DICOM object, by its first bytes."""
    return data[MARK_AT : MARK_AT + len(MARK)] == MARK


@dataclass(frozen=True)
class _Elements:
    """The values of the elements that are needed."""

    kind: str
    syntax: str
    size: tuple[int, int]
    samples: int
    bits: int
    colours: str
    by_plane: bool
    frames: int
    spacing: tuple[float, float]
    facts: dict[str, str]
    pixels: bytes


def decode_dicom(data: bytes, limits: Limits) -> Raster:
    """Decode the first frame of a photograph.

    Raises:
        DamageError: the structure is wrong, or pixels are missing.
        KindError: pydicom is not installed, or it is another kind of object, pixel or transfer syntax.
        LimitError: the header claims too much.
    """
    if importlib.util.find_spec("pydicom") is None:
        raise KindError("is a DICOM object, and pydicom, which reads it, is not installed: install `retseg[dicom]`")
    if DEFLATED.encode() in data[:1024]:
        raise KindError("is a deflated DICOM object: save it with another transfer syntax")
    with _quietly():
        found = _find_elements(data)
        if found.kind not in PHOTOGRAPHS:
            raise KindError(f"is a DICOM object of another kind ({found.kind}) than a photograph: give photographs")
        if found.samples not in (1, 3) or found.bits != 8:
            raise KindError(f"has {found.samples} samples of {found.bits} bits: save it with 8 bits, grey or RGB")
        limits.check_size(*found.size, found.samples)
        values = _decode_frame(found, limits)
    if values.shape[:2] != found.size[::-1]:
        raise DamageError(f"its frame is not of {found.size[0]} x {found.size[1]} pixels")
    if found.colours == "MONOCHROME1":
        values = 255 - values
    notes = (f"holds {found.frames} frames: the first was taken.",) if found.frames > 1 else ()
    return Raster(values, Geometry(found.size, found.spacing), notes=notes, facts=found.facts)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep what pydicom says of wrong elements, which may quote them, out of every log; its errors are ours."""
    logger = logging.getLogger("pydicom")
    earlier, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = earlier


def _find_elements(data: bytes) -> _Elements:
    import pydicom

    try:
        found = pydicom.dcmread(io.BytesIO(data), specific_tags=list(NEEDED))
        return _Elements(
            kind=str(found.SOPClassUID)[:64],
            syntax=str(found.file_meta.TransferSyntaxUID)[:64],
            size=(_count(found.Columns), _count(found.Rows)),
            samples=_count(found.SamplesPerPixel),
            bits=_count(found.BitsAllocated),
            colours=str(found.PhotometricInterpretation)[:32],
            by_plane=found.get("PlanarConfiguration") == 1,
            frames=_count(int(found.get("NumberOfFrames") or 1)),
            spacing=_find_spacing(found.get("PixelSpacing")),
            facts=_find_facts(found),
            pixels=bytes(found.PixelData),
        )
    except Exception:  # pydicom raises any error at altered bytes
        raise DamageError("its elements are wrong or incomplete") from None


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 1:
        raise ValueError("no number above 0")
    return value


def _decode_frame(found: _Elements, limits: Limits) -> NDArray[Any]:
    """The first frame, uint8 (H, W) or (H, W, 3) in RGB."""
    if found.syntax in PLAIN:
        return _cut_frame(found)
    if found.syntax not in (*JPEG, *JPEG_2000):
        raise KindError(f"has the transfer syntax {found.syntax}: save it uncompressed, as JPEG or as JPEG 2000")
    from pydicom.encaps import generate_frames

    try:
        stream = next(generate_frames(found.pixels, number_of_frames=found.frames))
    except Exception:
        raise DamageError("its frames are wrong or incomplete") from None
    if found.syntax in JPEG_2000:
        return decode_stream(stream, limits).values
    if found.samples == 3:
        stream = join_tables(b"", stream, transformed=found.colours != "RGB")
    return decode_jpeg(stream, limits).values


def _cut_frame(found: _Elements) -> NDArray[Any]:
    if found.colours not in ("RGB", "MONOCHROME1", "MONOCHROME2"):
        raise KindError(f"is uncompressed in {found.colours}: save it as RGB or grey")
    columns, rows = found.size
    needed = rows * columns * found.samples
    if len(found.pixels) < needed * found.frames:
        raise DamageError(f"it has {len(found.pixels)} bytes of {needed * found.frames}")
    values = np.frombuffer(found.pixels, np.uint8, needed)
    if found.samples == 1:
        return values.reshape(rows, columns)
    if found.by_plane:
        return np.ascontiguousarray(np.moveaxis(values.reshape(3, rows, columns), 0, 2))
    return values.reshape(rows, columns, 3)


def _find_spacing(given: Any) -> tuple[float, float]:
    """Millimetres across and down; 1 where they are not given."""
    try:
        down, across = (float(value) for value in given)
    except (TypeError, ValueError):
        return 1.0, 1.0
    return (across, down) if across > 0 and down > 0 and math.isfinite(across + down) else (1.0, 1.0)


def _find_facts(found: Any) -> dict[str, str]:
    """Laterality, R, L or B, and the device, where the file gives them."""
    laterality = str(found.get("ImageLaterality") or found.get("Laterality") or "").strip()
    device = " ".join(str(found.get(name) or "") for name in ("Manufacturer", "ManufacturerModelName")).strip()
    facts = {"laterality": laterality if laterality in ("R", "L", "B") else "", "device": device[:128]}
    return {name: value for name, value in facts.items() if value}
