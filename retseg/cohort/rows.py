"""The rows of a cohort on the disk: files that are written aside and renamed, so that a row is there or not.

`rows/` holds files of lines, one JSON object for each image. A run writes new files only and alters none. What is done
is what they hold: a run that was killed goes on from there.
"""

import contextlib
import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retseg.cohort.item import CohortError, Result
from retseg.files import OutputError, replacing

FOLDER = "rows"
MOST_ROWS, MOST_SECONDS = 64, 30.0
"""A file is written after so many rows or seconds; a kill costs the work since the last one."""


@dataclass(frozen=True)
class Place:
    """Where the row of an image is.

    Attributes:
        file, start, length: its bytes.
        failed, passing: whether it tells of a failure, and of one that is tried again.
    """

    file: Path
    start: int
    length: int
    failed: bool
    passing: bool

    def read(self) -> dict[str, Any]:
        """The row."""
        with self.file.open("rb") as stream:
            stream.seek(self.start)
            row: dict[str, Any] = json.loads(stream.read(self.length))
        return row


@dataclass
class Index:
    """All rows of a cohort; of two rows of one image the examined one counts, of two failures the later one.

    Attributes:
        places: id to the place of its row.
        carried: columns of the manifest, in their order.
        kinds: column of the measures to the types of its values.
    """

    places: dict[str, Place] = field(default_factory=dict)
    carried: dict[str, None] = field(default_factory=dict)
    kinds: dict[str, set[type]] = field(default_factory=dict)

    def list_done(self, retry: bool) -> set[str]:
        """The ids that need no further work; with `retry` no failure counts as done."""
        return {name for name, at in self.places.items() if not (at.passing or (retry and at.failed))}

    def count_failures(self) -> int:
        """Images whose row tells of a failure."""
        return sum(place.failed for place in self.places.values())


def index_rows(output: Path) -> Index:
    """Read all rows of an output folder.

    Raises:
        CohortError: a file is damaged.
    """
    index = Index()
    for path in list_row_files(output):
        start = 0
        for line in path.read_bytes().splitlines(keepends=True):
            try:
                row = json.loads(line)
                place = Place(path, start, len(line), bool(row["failure"]), row["passing"])
                earlier = index.places.get(row["id"])
                if earlier is None or earlier.failed:
                    index.places[row["id"]] = place
                index.carried |= dict.fromkeys(row["carried"])
                for column, value in row["found"].items():
                    index.kinds.setdefault(column, set()).update([] if value is None else [type(value)])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise CohortError(f"{path} is damaged: remove it, its images are examined again") from error
            start += len(line)
    return index


def list_row_files(output: Path) -> list[Path]:
    """The files of rows, in the order in which they were written."""
    return sorted((output / FOLDER).glob("*.jsonl"))


class RowWriter:
    """Collects results and writes them as new files."""

    def __init__(self, output: Path) -> None:
        self.folder = output / FOLDER
        self.lines: list[str] = []
        self.since = time.monotonic()

    def add(self, result: Result) -> None:
        """Take a result; write a file when it is time.

        Raises:
            OutputError: the folder cannot be written.
        """
        self.lines.append(json.dumps(result.as_plain(), allow_nan=False))
        if len(self.lines) >= MOST_ROWS or time.monotonic() - self.since >= MOST_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what was taken; what cannot be written is kept for the next time.

        Raises:
            OutputError: the folder cannot be written.
        """
        if self.lines:
            with replacing(self.folder / f"{time.time_ns():020d}-{os.getpid()}.jsonl") as beside:
                beside.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
            self.lines.clear()
        self.since = time.monotonic()


@contextmanager
def lock_output(output: Path, part: tuple[int, int] | None) -> Iterator[None]:
    """Keep other runs out: a whole run has the folder alone, a part shares it with the other parts of as many.

    Raises:
        CohortError: another run writes there.
        OutputError: the folder cannot be written.
    """
    with contextlib.ExitStack() as stack:
        if part is None:
            stack.enter_context(_locked(output, ".lock", fcntl.LOCK_EX))
        else:
            stack.enter_context(_locked(output, ".lock", fcntl.LOCK_SH))
            stack.enter_context(_locked(output, f".lock-{part[0]}-of-{part[1]}", fcntl.LOCK_EX))
        yield


@contextmanager
def _locked(output: Path, name: str, kind: int) -> Iterator[None]:
    try:
        output.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(output / name, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise OutputError(f"{output} cannot be written ({error.strerror}): give another folder") from error
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise CohortError(f"another run writes into {output}: wait for it, or end it") from error
        yield  # a file system without locks: `rows/` still holds every row once
    finally:
        os.close(descriptor)
