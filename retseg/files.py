"""Files: the table of image suffixes, the stem of a name, and how files are written so that none is ever incomplete.

`replacing` and `replacing_all` write under a temporary name on the same file system, flush to the disk, then rename.
After a failure or a kill the target is what it was before. What a killed process left is removed by the next one that
writes into the same folder.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

from retseg.errors import RetsegError

METAIMAGE_SUFFIXES = (".mha", ".mhd")
NIFTI_SUFFIXES = (".nii.gz", ".nii")
TIFF_SUFFIXES = (".tif", ".tiff")
JPEG_SUFFIXES = (".jpg", ".jpeg")

DICOM_SUFFIXES = (".dcm",)

IMAGE_SUFFIXES = (
    *(*METAIMAGE_SUFFIXES, *NIFTI_SUFFIXES, *TIFF_SUFFIXES, ".png", *JPEG_SUFFIXES, ".gif", ".bmp"),
    *(".jp2", ".webp", *DICOM_SUFFIXES),
)
"""All formats that `retseg.image` reads."""

SPACED_SUFFIXES = (*METAIMAGE_SUFFIXES, *NIFTI_SUFFIXES, *DICOM_SUFFIXES)
"""The formats whose spacing is in millimetres."""

PLATFORM_SUFFIXES = (".mha", *TIFF_SUFFIXES)
"""The formats into which Grand Challenge converts every uploaded image."""

IMPORTED_SUFFIXES = (*METAIMAGE_SUFFIXES, *TIFF_SUFFIXES)
"""The formats that Grand Challenge imports from an output socket."""

DATA_SUFFIXES = (".raw", ".zraw")
"""Pixel files that an `.mhd` header names."""

TEMPORARY_PREFIX = ".writing-"
"""The beginning of the names of the hidden folders that files are written into before they are renamed."""


class OutputError(RetsegError):
    """A file cannot be written; the message names the folder, the reason and the remedy."""


def has_suffix(path: PurePath, suffixes: tuple[str, ...]) -> bool:
    """Whether the name of a file ends with one of these suffixes, in upper or lower case."""
    return path.name.lower().endswith(suffixes)


def split_suffix(name: str) -> tuple[str, str]:
    """A name or path without its image suffix, and the suffix in lower case; the suffix of any other file is empty."""
    suffix = next((suffix for suffix in IMAGE_SUFFIXES if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)], suffix


def find_stem(path: PurePath) -> str:
    """The name of a file without its folder and its image suffix: `01` for `a/01.nii.gz`, `notes.txt` as it is."""
    return split_suffix(path.name)[0]


def is_utf8(path: PurePath) -> bool:
    """Whether a path can be handed to native libraries, which end the process at a name that is not UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def leaves_folder(path: Path, folder: Path) -> bool:
    """Whether a path leads out of a folder once all links are followed; the folder itself may be a link."""
    return not path.resolve().is_relative_to(folder.resolve())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file: yields a temporary path, and renames what the block wrote there to `path`, in one step.

    The temporary path has the name of the target and lies in a hidden folder beside it. The folder of the target is
    made where it is missing. When the block fails, the target stays as it was.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full.
    """
    with replacing_all(path.parent) as folder:
        yield folder / path.name


@contextmanager
def replacing_all(folder: Path) -> Iterator[Path]:
    """Write several files: yields a temporary folder, and moves its files to the same paths in `folder` at the end.

    All files are moved, or none: when one cannot be moved, those that were moved are removed, and SIGTERM and Ctrl-C
    wait until all are moved. When the block fails, nothing of the temporary folder stays. The temporary folders of
    processes that were killed are removed at the beginning.

    Raises:
        OutputError: the folder cannot be made or written, a link in it leads out of it, or the disk is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
        source, lock = _make_temporary(folder)
    except OSError as error:
        raise _describe_failure(folder, error) from error
    try:
        try:
            yield source
        except OSError as error:
            if not _is_of_writing(error, source):
                raise
            raise _describe_failure(folder, error) from error
        with _signals_wait():
            _move_files(source, folder)
    finally:
        shutil.rmtree(source, ignore_errors=True)
        os.close(lock)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary folders of processes that were killed while they wrote into `folder`.

    A process locks its temporary folder as long as it writes, so the folder of a running one is left alone. So is
    every folder on a file system that has no such locks.
    """
    with os.scandir(folder) as entries:
        found = [Path(entry.path) for entry in entries if entry.name.startswith(TEMPORARY_PREFIX)]
    for path in found:
        with contextlib.suppress(OSError):  # it is in use, or another process was faster
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _make_temporary(folder: Path) -> tuple[Path, int]:
    """A new temporary folder, and the descriptor that keeps it locked until it is closed.

    Another process may take the folder for an abandoned one before it is locked; then a new one is made.
    """
    while True:
        path = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder))
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        if path.is_dir():
            return path, lock
        os.close(lock)


def _is_of_writing(error: OSError, source: Path) -> bool:
    """Whether an error of the block is about the temporary files: it names one, or a stream, which has no name."""
    if error.filename is None:
        return error.errno is not None
    return Path(os.fsdecode(error.filename)).is_relative_to(source)


@contextmanager
def _signals_wait() -> Iterator[None]:
    """SIGTERM and Ctrl-C take effect after the block. Only the main thread is interrupted by them, so only it waits."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    met: list[int] = []
    earlier: dict[int, Any] = {}
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            earlier[number] = signal.getsignal(number) or signal.SIG_DFL  # None: not installed from Python
            signal.signal(number, lambda met_number, _frame: met.append(met_number))
        yield
    finally:
        for changed, handler in earlier.items():
            signal.signal(changed, handler)
        for waiting in met:
            signal.raise_signal(waiting)


def _move_files(source: Path, folder: Path) -> None:
    moved: list[Path] = []
    target = folder
    try:
        files = sorted(path for path in source.rglob("*") if path.is_file())
        for path in files:
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        for path in files:
            target = folder / path.relative_to(source)
            if leaves_folder(target.parent, folder):
                raise OutputError(f"{target.parent} leads out of {folder} by a link: remove the link")
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
            moved.append(target)
    except (OSError, OutputError) as error:
        for path in moved:
            path.unlink(missing_ok=True)
        raise error if isinstance(error, OutputError) else _describe_failure(target, error) from error


def _describe_failure(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(f"{path} cannot be written ({reason}): give a folder that can be written, on a disk with space")
