"""List the images of a source: a nested folder, a manifest, or an address of a storage."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from retseg.cohort.item import CohortError, Item, Listing, Refused, spread
from retseg.cohort.manifest import TABLE_SUFFIXES, read_manifest
from retseg.cohort.storage import is_address, list_addresses
from retseg.errors import escape
from retseg.files import IMAGE_SUFFIXES, TEMPORARY_PREFIX, has_suffix, is_utf8

LONGEST_NAME = 200
"""Bytes of the name of a mask; file systems allow 255 with its suffix."""


def list_source(source: str, output: Path) -> Listing:
    """The images of a source, and what of it is refused.

    Args:
        source: a folder, which is searched with all folders in it; a manifest, CSV or Parquet; or an fsspec address of
            either, such as `s3://bucket/photographs`.
        output: the folder of the results, which is left out where it lies in the source.

    Raises:
        CohortError: the source does not exist, cannot be listed, or holds no image.
    """
    path = Path(source)
    if source.lower().endswith(TABLE_SUFFIXES):
        listing = unite(_name_row(item) for item in read_manifest(source))
    elif is_address(source):
        listing = unite(Item(below, address, below) for below, address in list_addresses(source))
    elif path.is_dir():
        listing = unite(_list_folder(path, output.resolve()))
    else:
        remedy = "name a folder of images, a manifest (.csv or .parquet) or an address such as s3://bucket/folder"
        raise CohortError(f"{source} {'is no folder and no manifest' if path.exists() else 'does not exist'}: {remedy}")
    if not listing.items:
        raise CohortError(f"{source} holds no image: name a source that does")
    return listing


def unite(found: Iterable[Item | Refused]) -> Listing:
    """A listing in which every id is once; a second file of an id is refused."""
    items: dict[str, Item] = {}
    refused = []
    for each in found:
        if isinstance(each, Refused):
            refused.append(each)
        elif each.id in items:
            reason = f"its id '{each.id}' is that of {items[each.id].address} too: give every image an id of its own"
            refused.append(Refused(each.id, each.address, reason))
        else:
            items[each.id] = each
    return Listing(tuple(items.values()), tuple(refused))


def _list_folder(root: Path, output: Path) -> Iterator[Item | Refused]:
    """The image files of a folder and of all folders in it, in the order of their names.

    Links are followed; one that leads to a folder above it is refused.
    """
    waiting: list[tuple[Path, tuple[Path, ...]]] = [(root, ())]
    while waiting:
        folder, above = waiting.pop()
        real = folder.resolve()
        if real in above:
            yield _refuse(folder, root, "is a link to a folder above it: remove the link")
            continue
        if real == output:
            continue
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            yield _refuse(folder, root, f"cannot be listed ({error.strerror}): check its permissions")
            continue
        inner = []
        for entry in found:
            path = Path(entry.path)
            if entry.name.startswith(TEMPORARY_PREFIX):
                continue
            if _is_folder(entry):
                inner.append((path, (*above, real)))
            elif has_suffix(path, IMAGE_SUFFIXES):
                below = path.relative_to(root).as_posix()
                named = "has a name that is not UTF-8: rename it"
                yield Item(below, str(path), below) if is_utf8(path) else _refuse(path, root, named)
        waiting += reversed(inner)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in circles
        return False


def _refuse(path: Path, root: Path, reason: str) -> Refused:
    return Refused(escape(path.relative_to(root).as_posix()), escape(str(path)), reason)


def _name_row(row: Item | Refused) -> Item | Refused:
    """A row of a manifest with the name of its masks: a folder of two digits, then the id as a file may be called."""
    if isinstance(row, Refused):
        return row
    number = f"{spread(row.id):08x}"
    name = quote(row.id, safe=" ()+,=@")
    name = name.replace(".", "%2E", 1) if name.startswith(".") else name
    return Item(row.id, row.address, f"{number[:2]}/{name if len(name) <= LONGEST_NAME else number}", row.carried)
