"""Read zip archives of predictions member by member; they are never unpacked to disk.

An archive may come from anybody. So absolute paths, `..`, links, encrypted members and zip bombs are refused before any
byte is decompressed.
"""

import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from retseg.errors import RetsegError

MOST_MEMBERS = 10_000
MOST_DIRECTORY_BYTES = 512 * MOST_MEMBERS
"""Bytes of the list of members; a longer list is refused before it is read."""

MOST_BYTES = 16 << 30
"""Bytes that all members may claim together."""

MOST_MEMBER_BYTES = 512 << 20
HIGHEST_RATIO = 1100
"""Of unpacked to packed bytes: deflate compresses by 1032 at most, so a larger claim is wrong."""

SHOWN = 10
"""So many dangerous members are named in a message."""

END, END_64, LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
END_BYTES, LOCATOR_BYTES, LONGEST_COMMENT = 22, 20, 65535
SYSTEM_FILES = ("__MACOSX", ".DS_Store", "desktop.ini", "Thumbs.db")


class ArchiveError(RetsegError):
    """The archive is broken or dangerous; the message names the member."""


@dataclass(frozen=True)
class Archive:
    """The files of one zip archive.

    Attributes:
        path: of the archive.
        members: names of its files, sorted, without those that operating systems add. The list is read once: an
            archive of many members took a time that grew with the square of their number.
    """

    path: Path
    members: tuple[str, ...]
    _opened: zipfile.ZipFile = field(repr=False, compare=False)

    def open(self, member: str) -> IO[bytes]:
        """A stream of the bytes of one member.

        Raises:
            ArchiveError: the member cannot be read.
        """
        try:
            return self._opened.open(member)
        except (KeyError, RuntimeError, NotImplementedError, OSError, zipfile.BadZipFile) as error:
            raise ArchiveError(f"{self.path}: the member {member} cannot be read ({error})") from error

    def read(self, member: str) -> bytes:
        """All bytes of one member.

        Raises:
            ArchiveError: the member cannot be read, or its checksum is wrong.
        """
        try:
            with self.open(member) as stream:
                return stream.read()
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, RuntimeError, ValueError) as error:
            if isinstance(error, ArchiveError):
                raise
            raise ArchiveError(f"{self.path}: the member {member} is damaged ({error})") from error


def open_archive(path: Path) -> Archive:
    """List the members of a zip archive, and check every one of them.

    Raises:
        ArchiveError: not a zip file, or a member is dangerous; all such members are named.
    """
    try:
        size = _measure_directory(path)
        if size > MOST_DIRECTORY_BYTES:
            raise ArchiveError(
                f"{path} has a list of members of {size} bytes; more than {MOST_DIRECTORY_BYTES} are refused"
            )
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(f"{path} is not a readable zip archive ({error})") from error
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > MOST_MEMBERS:
        raise ArchiveError(f"{path} holds {len(entries)} members; more than {MOST_MEMBERS} are refused")
    names = [entry.filename for entry in entries]
    packed = path.stat().st_size
    problems = [
        f"{entry.filename!r} {danger}" for entry in entries for danger in [_find_danger(entry, packed)] if danger
    ]
    problems += [f"{name!r} is there twice" for name, count in sorted(Counter(names).items()) if count > 1]
    total = sum(entry.file_size for entry in entries)
    if total > MOST_BYTES:
        problems.insert(0, f"its members claim {total} bytes together, and the limit is {MOST_BYTES}")
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise ArchiveError(f"{path} is refused: {'; '.join(problems[:SHOWN])}{more}")
    kept = [name for name in names if not any(part in SYSTEM_FILES for part in PurePosixPath(name).parts)]
    return Archive(path, tuple(sorted(kept)), archive)


def _measure_directory(path: Path) -> int:
    """The bytes of the list of members, as the end of the archive says; 0 where it has no end."""
    with path.open("rb") as stream:
        length = stream.seek(0, os.SEEK_END)
        start = max(0, length - END_BYTES - LONGEST_COMMENT - LOCATOR_BYTES)
        stream.seek(start)
        tail = stream.read()
        at = tail.rfind(END)
        if at < 0:
            return 0
        (size,) = struct.unpack_from("<I", tail, at + 12)
        if at < LOCATOR_BYTES or not tail.startswith(LOCATOR_64, at - LOCATOR_BYTES):
            return int(size)
        stream.seek(min(length, struct.unpack_from("<Q", tail, at - LOCATOR_BYTES + 8)[0]))
        end = stream.read(56)
    return int(struct.unpack_from("<Q", end, 40)[0]) if end.startswith(END_64) else int(size)


def _find_danger(entry: zipfile.ZipInfo, archive_bytes: int) -> str:
    """What is dangerous about a member of an archive of so many bytes, as half a sentence; empty where nothing is."""
    name = entry.filename.replace("\\", "/")
    mode = entry.external_attr >> 16
    if name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        return "is an absolute path"
    if ".." in PurePosixPath(name).parts:
        return "leaves the archive by '..'"
    if stat.S_ISLNK(mode) or (stat.S_IFMT(mode) and not stat.S_ISREG(mode)):
        return "is a link or a special file"
    if entry.flag_bits & 1:
        return "is encrypted"
    if not name or entry.compress_size > archive_bytes:
        return f"has no name, or claims {entry.compress_size} packed bytes of the {archive_bytes} of the archive"
    if entry.file_size > HIGHEST_RATIO * max(entry.compress_size, 1) or entry.file_size > MOST_MEMBER_BYTES:
        return f"claims {entry.file_size} bytes from {entry.compress_size}: a bomb"
    return ""
