"""The images of a cohort, and what becomes of each."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retseg.errors import RetsegError

RETINA = "retina_found"
"""The column that says whether anything could be measured."""

Value = str | int | float | bool | None
"""What a cell of the table holds; None where nothing could be measured."""


class CohortError(RetsegError):
    """A cohort cannot be read, or cannot go on; the message names what was met and the remedy."""


@dataclass(frozen=True)
class Item:
    """One image of a cohort.

    Attributes:
        id: unique in the cohort: the path below the folder or address, or the `id` of a manifest.
        address: the path of the file, or its fsspec address, such as `s3://bucket/eye.jpg`.
        name: of its masks, relative, without suffix.
        carried: columns of the manifest, which the table has too.
    """

    id: str
    address: str
    name: str
    carried: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A file, folder or line that is no image of the cohort, and why."""

    id: str
    address: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """What a source holds.

    Attributes:
        items: the images, each id once.
        refused: what is listed in `failures.csv` before any image is read.
    """

    items: tuple[Item, ...]
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True)
class Result:
    """What became of one image.

    Attributes:
        item: the image.
        found: column to value; empty after a failure.
        seconds: that it took.
        failure: a sentence; empty where the image was examined.
        passing: whether the failure may be gone the next time, such as a full disk; the next run tries again.
    """

    item: Item
    found: Mapping[str, Value] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""
    passing: bool = False

    @property
    def is_rejected(self) -> bool:
        """Whether nothing was measured: a failure, or an image without a retina."""
        return bool(self.failure) or self.found.get(RETINA) is False

    def as_plain(self) -> dict[str, Any]:
        """What a line of `rows/` holds."""
        kept = {"id": self.item.id, "path": self.item.address, "carried": dict(self.item.carried)}
        return {
            **kept,
            "found": dict(self.found),
            "seconds": round(self.seconds, 3),
            "failure": self.failure,
            "passing": self.passing,
        }


def spread(text: str) -> int:
    """A number that follows from a text alone, spread evenly over 32 bits."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:4])


def select_part(items: tuple[Item, ...], part: tuple[int, int]) -> tuple[Item, ...]:
    """Part I of N, I from 1: by the ids alone, so that an image stays in its part when others are added."""
    number, count = part
    return tuple(item for item in items if spread(item.id) % count == number - 1)
