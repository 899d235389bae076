"""Zip archives of predictions, read member by member and never unpacked to disk.

An archive may come from anybody. So absolute paths, `..`, links, encrypted members and zip bombs are refused before any
byte is decompressed.
"""

import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from retseg.errors import RetsegError

MOST_MEMBERS = 100_000
MOST_BYTES = 16 << 30
HIGHEST_RATIO = 1100  # deflate compresses by 1032 at most, so a larger claim is wrong
MOST_MEMBER_BYTES = 512 << 20
SYSTEM_FILES = ("__MACOSX", ".DS_Store", "desktop.ini", "Thumbs.db")


class ArchiveError(RetsegError):
    """The archive is broken or dangerous; the message names the member."""


@dataclass(frozen=True)
class Archive:
    """The files of one zip archive.

    Attributes:
        path: of the archive.
        members: names of its files, sorted, without those that operating systems add.
    """

    path: Path
    members: tuple[str, ...]

    def open(self, member: str) -> IO[bytes]:
        """A stream of the bytes of one member.

        Raises:
            ArchiveError: the member cannot be read.
        """
        try:
            with zipfile.ZipFile(self.path) as archive:  # the member's stream keeps the file open
                return archive.open(member)
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
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as error:
            if isinstance(error, ArchiveError):
                raise
            raise ArchiveError(f"{self.path}: the member {member} is damaged ({error})") from error


def open_archive(path: Path) -> Archive:
    """List the members of a zip archive, and check every one of them.

    Raises:
        ArchiveError: not a zip file, or a member is dangerous; all such members are named.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise ArchiveError(f"{path} is not a readable zip archive ({error})") from error
    if len(entries) > MOST_MEMBERS:
        raise ArchiveError(f"{path} holds {len(entries)} members; more than {MOST_MEMBERS} are refused")
    names = [entry.filename for entry in entries]
    problems = [f"{entry.filename!r} {danger}" for entry in entries for danger in [_find_danger(entry)] if danger]
    problems += [f"{name!r} is there twice" for name in sorted({name for name in names if names.count(name) > 1})]
    total = sum(entry.file_size for entry in entries)
    if total > MOST_BYTES:
        problems.append(f"its members claim {total / 2**30:.0f} GiB together")
    if problems:
        raise ArchiveError(f"{path} is refused: {'; '.join(problems)}")
    kept = [name for name in names if not any(part in SYSTEM_FILES for part in PurePosixPath(name).parts)]
    return Archive(path, tuple(sorted(kept)))


def _find_danger(entry: zipfile.ZipInfo) -> str:
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
    if entry.file_size > HIGHEST_RATIO * max(entry.compress_size, 1) or entry.file_size > MOST_MEMBER_BYTES:
        return f"claims {entry.file_size} bytes from {entry.compress_size}: a bomb"
    return ""
