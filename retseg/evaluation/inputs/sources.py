"""Read one prediction as raw pixels: from a file, a member of an archive, or a slice of a stack."""

import gzip
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from numpy.typing import NDArray

from retseg.challenge.layout import Part
from retseg.errors import RetsegError
from retseg.evaluation.inputs.archives import Archive, ArchiveError
from retseg.evaluation.inputs.parts import WHOLE, read_any_part, take_values
from retseg.files import METAIMAGE_SUFFIXES, NIFTI_SUFFIXES, split_suffix
from retseg.image import ImageError
from retseg.image.limits import DEFAULT_LIMITS
from retseg.image.nifti import VolumeError, VolumeHeader, read_header, read_slice
from retseg.image.rasters import decode_raster
from retseg.image.reading import find_values

Pixels = NDArray[Any]


class SourceError(RetsegError):
    """A prediction cannot be read as one channel of pixels; the message names it and says why."""


class Source(Protocol):
    """One prediction that can be read."""

    @property
    def name(self) -> str:
        """Its name in messages."""

    def read(self) -> Pixels:
        """The raw pixels (H, W), in the type they are stored in.

        Raises:
            SourceError: they cannot be read.
        """


@dataclass(frozen=True)
class FileSource:
    """A file on disk, or the part of it that shows one task."""

    path: Path
    part: Part = WHOLE

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    def read(self) -> Pixels:
        """See `Source`."""
        try:
            return read_any_part(self.path, self.part)
        except ImageError as error:
            raise SourceError(str(error)) from error


@dataclass(frozen=True)
class MemberSource:
    """A member of an archive, or the values of it that show one task."""

    archive: Archive
    member: str
    part: Part = WHOLE

    @property
    def name(self) -> str:
        """The archive and the member."""
        return f"{self.archive.path.name}:{self.member}"

    def read(self) -> Pixels:
        """See `Source`."""
        suffix = split_suffix(self.member)[1]
        if suffix in METAIMAGE_SUFFIXES:
            raise SourceError(f"{self.name} is a MetaImage inside an archive: unpack the archive and give the folder")
        if suffix in NIFTI_SUFFIXES:
            values = Stack(self.name, lambda: cast(BinaryIO, self.archive.open(self.member))).read(0)
            return take_values(values, self.part) if self.part.values else values
        try:
            values = find_values(decode_raster(self.archive.read(self.member), self.name, DEFAULT_LIMITS), self.name)
            return take_values(values, self.part) if self.part.values else values
        except (ArchiveError, ImageError) as error:
            raise SourceError(str(error)) from error


@dataclass(frozen=True)
class SliceSource:
    """One slice of a stack."""

    stack: "Stack"
    index: int

    @property
    def name(self) -> str:
        """The stack and the slice, counted from 1."""
        return f"{self.stack.name}, slice {self.index + 1}"

    def read(self) -> Pixels:
        """See `Source`."""
        return self.stack.read(self.index)


class Stack:
    """A NIfTI volume with a case per slice, read in the order of the slices; for an earlier slice it is opened again.

    Args:
        name: in messages.
        open_stream: opens the bytes of the file, gzip or plain, at their start.
    """

    def __init__(self, name: str, open_stream: Callable[[], BinaryIO]) -> None:
        self.name = name
        self._open = open_stream
        self._stream: BinaryIO | None = None
        self._header: VolumeHeader | None = None
        self._next = 0

    @property
    def size(self) -> tuple[int, int, int]:
        """(width, height, slices).

        Raises:
            SourceError: not a readable volume.
        """
        size: tuple[int, int, int] = self._guard(lambda: self._start().size)
        return size

    def read(self, index: int) -> Pixels:
        """The raw pixels (H, W) of one slice.

        Raises:
            SourceError: it cannot be read.
        """
        pixels: Pixels = self._guard(lambda: self._forward_to(index))
        return pixels

    def _start(self) -> VolumeHeader:
        if self._stream is not None:
            self._stream.close()
        raw = self._open()
        magic = raw.read(2)
        raw.close()
        raw = self._open()
        self._stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if magic == b"\x1f\x8b" else raw
        self._header, self._next = read_header(self._stream), 0
        return self._header

    def _forward_to(self, index: int) -> Pixels:
        header = self._header if self._header is not None and index >= self._next else self._start()
        if self._stream is None or not 0 <= index < header.size[2]:
            raise VolumeError(f"has {header.size[2]} slices, so no slice {index + 1}")
        while True:
            pixels = read_slice(self._stream, header)
            self._next += 1
            if self._next > index:
                return pixels

    def _guard(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except VolumeError as error:
            raise SourceError(f"{self.name} {error}") from error
        except (OSError, EOFError, ValueError, struct.error) as error:
            raise SourceError(f"{self.name} is no readable volume ({error})") from error
