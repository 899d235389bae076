"""Merge the rows into tables: `cohort.parquet`, `cohort.csv` and `failures.csv`, sorted by id, each image once."""

import csv
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from retseg.cohort.item import RETINA, Refused
from retseg.cohort.quality import WARNINGS
from retseg.cohort.rows import Index, list_row_files
from retseg.files import replacing, replacing_all

PARQUET, CSV, FAILURES = "cohort.parquet", "cohort.csv", "failures.csv"
FIRST, LAST = ("id", "path"), ("seconds",)
BATCH = 4096
"""Rows that are in memory at a time."""


def needs_merge(output: Path) -> bool:
    """Whether a table is missing, or older than a file of rows."""
    tables = [output / name for name in (PARQUET, CSV, FAILURES)]
    if not all(path.is_file() for path in tables):
        return True
    newest = max((path.stat().st_mtime_ns for path in list_row_files(output)), default=0)
    return min(path.stat().st_mtime_ns for path in tables) <= newest


def merge_tables(output: Path, index: Index, refused: Iterable[Refused]) -> None:
    """Write the tables if rows are newer than they are, or else the failures alone, as the listing may be another.

    Raises:
        OutputError: the folder cannot be written.
    """
    if needs_merge(output):
        write_tables(output, index, refused)
        return
    with replacing(output / FAILURES) as beside:
        _write_failures(beside, index, refused)


def write_tables(output: Path, index: Index, refused: Iterable[Refused]) -> None:
    """Write all three; they appear together.

    Args:
        output: the folder.
        index: of its rows.
        refused: what was refused before any image was read.

    Raises:
        OutputError: the folder cannot be written.
    """
    with replacing_all(output) as beside:
        _write_failures(beside / FAILURES, index, refused)
        _write_rows(beside, index)


def name_columns(index: Index) -> dict[str, type]:
    """Every column of the table and the type of its values: the manifest's, then the measures by name, then doubts."""
    taken = {*FIRST, *LAST, *index.kinds}
    columns: dict[str, type] = dict.fromkeys(FIRST, str)
    columns |= {_name_carried(name, taken): str for name in index.carried}
    doubts = [name for name in (RETINA, WARNINGS, "models") if name in index.kinds]
    for name in (*sorted(set(index.kinds) - set(doubts)), *doubts):
        columns[name] = _find_type(index.kinds[name])
    return {**columns, **dict.fromkeys(LAST, float)}


def _name_carried(name: str, taken: Iterable[str]) -> str:
    return f"manifest_{name}" if name in taken else name


def _find_type(kinds: set[type]) -> type:
    """The type that holds all values of a column; float where it has none."""
    if len(kinds) == 1:
        return next(iter(kinds))
    return float if kinds <= {int, float} else str


def _list_rows(index: Index, columns: dict[str, type]) -> Iterator[dict[str, Any]]:
    taken = {*FIRST, *LAST, *index.kinds}
    for name, place in sorted(index.places.items()):
        if place.failed:
            continue
        row = place.read()
        carried = {_name_carried(key, taken): value for key, value in row["carried"].items()}
        cells = {"id": name, "path": row["path"], **carried, **row["found"], "seconds": row["seconds"]}
        yield {column: _convert(cells.get(column), kind) for column, kind in columns.items()}


def _convert(value: Any, kind: type) -> Any:
    return None if value is None else kind(value)


def _write_rows(folder: Path, index: Index) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = name_columns(index)
    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in columns.items()])
    rows = _list_rows(index, columns)
    with (
        (folder / CSV).open("w", newline="", encoding="utf-8") as stream,
        parquet.ParquetWriter(folder / PARQUET, schema, compression="zstd") as table,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        while batch := list(itertools.islice(rows, BATCH)):
            table.write_table(pyarrow.Table.from_pylist(batch, schema))
            writer.writerows([_print(value) for value in row.values()] for row in batch)


def _print(value: Any) -> str:
    """A cell of CSV: nothing where there is no value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _write_failures(path: Path, index: Index, refused: Iterable[Refused]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("id", "path", "reason"))
        writer.writerows((each.id, each.address, each.reason) for each in refused)
        for name, place in sorted(index.places.items()):
            if place.failed:
                row = place.read()
                writer.writerow((name, row["path"], row["failure"]))
