"""Files of a disk and of any storage that fsspec knows, such as `s3://bucket/folder`, by one kind of address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from retseg.cohort.item import CohortError
from retseg.errors import RetsegError
from retseg.files import IMAGE_SUFFIXES, has_suffix

SCHEME = "://"


class StorageError(RetsegError):
    """A storage does not answer or lacks a file; the next run tries again."""


def is_address(text: str) -> bool:
    """Whether a text is an address of fsspec; otherwise it is a path."""
    return SCHEME in text


def list_addresses(address: str) -> Iterator[tuple[str, str]]:
    """The image files below an address, in the order of their names: the path below it, and the address of the file.

    Raises:
        CohortError: it cannot be listed.
    """
    try:
        files, root = _open(address)
        found = sorted(files.find(root))
    except CohortError:
        raise
    except Exception as error:  # every storage has errors of its own
        raise CohortError(f"{address} cannot be listed ({_name(error)}): check the address and the access") from error
    for path in found:
        if has_suffix(PurePosixPath(path), IMAGE_SUFFIXES):
            below = path.removeprefix(root.rstrip("/")).lstrip("/") or PurePosixPath(path).name
            yield below, str(files.unstrip_protocol(path))


def read_bytes(address: str) -> bytes:
    """The bytes of a manifest, on the disk or in a storage.

    Raises:
        CohortError: it cannot be read.
    """
    try:
        return _fetch(address) if is_address(address) else Path(address).read_bytes()
    except OSError as error:
        raise CohortError(
            f"{address} cannot be read ({error.strerror or error}): check path and permissions"
        ) from error
    except StorageError as error:
        raise CohortError(str(error)) from error


@contextmanager
def as_file(address: str) -> Iterator[Path]:
    """The path of a file; one of a storage is copied, and the copy is removed after the block.

    Raises:
        StorageError: the storage does not give it.
    """
    if not is_address(address):
        yield Path(address)
        return
    with TemporaryDirectory(prefix="retseg-") as folder:
        path = Path(folder) / PurePosixPath(address).name
        path.write_bytes(_fetch(address))
        yield path


def _fetch(address: str) -> bytes:
    try:
        files, path = _open(address)
        return bytes(files.cat_file(path))
    except Exception as error:  # every storage has errors of its own
        raise StorageError(f"{address} cannot be fetched ({_name(error)}): check the storage, start again") from error


def _open(address: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError:
        raise CohortError(f"{address} is read by fsspec, which is missing: install `retseg[cohort]`") from None
    files, path = fsspec.core.url_to_fs(address)
    return files, str(path)


def _name(error: Exception) -> str:
    """The kind of an error and its first line, which may hold no more than the address."""
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
