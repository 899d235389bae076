"""Read the manifest of a cohort: a table, CSV or Parquet, with a line for each image."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from retseg.cohort.item import CohortError, Item, Refused
from retseg.cohort.storage import is_address, read_bytes

TABLE_SUFFIXES = (".csv", ".parquet")
PATH, ID = "path", "id"


def read_manifest(address: str) -> Iterator[Item | Refused]:
    """The rows of a manifest, in their order; a row that names no image is refused.

    It needs the column `path`; paths are relative to the folder of the manifest. `id` is the path where it is not
    given. All other columns are carried into the table.

    Raises:
        CohortError: it cannot be read, or has no column `path`.
    """
    data = read_bytes(address)
    columns, rows = _read_parquet(data, address) if address.lower().endswith(".parquet") else _read_csv(data, address)
    columns = [column.strip() for column in columns]
    if PATH not in columns:
        found = ", ".join(columns) or "none"
        raise CohortError(f"{address} has no column '{PATH}' (its columns: {found}): name it in the first line")
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise CohortError(f"{address} has the column '{twice[0]}' twice: rename one")
    return _list_rows(address, columns, rows)


def _list_rows(address: str, columns: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[Item | Refused]:
    folder = address.rpartition("/")[0]
    for number, cells in enumerate(rows, 2):
        if not any(cells):
            continue
        where = f"line {number} of the manifest"
        if len(cells) != len(columns):
            yield Refused("", where, f"has {len(cells)} cells and the first line {len(columns)}: mend the line")
            continue
        row: Mapping[str, str] = dict(zip(columns, (cell.strip() for cell in cells), strict=True))
        path, name = row[PATH], row.get(ID) or row[PATH]
        if not path:
            yield Refused(name, where, "names no file: fill in its path")
            continue
        rooted = is_address(path) or PurePosixPath(path).is_absolute() or not folder
        carried = {column: value for column, value in row.items() if column not in (PATH, ID)}
        yield Item(name, path if rooted else f"{folder}/{path}", name, carried)


def _read_csv(data: bytes, address: str) -> tuple[list[str], Iterator[Sequence[str]]]:
    try:
        text = data.decode("utf-8-sig")
        header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise CohortError(f"{address} is no CSV file ({error}): save the table as CSV in UTF-8") from error
    return header, iter(rows)


def _read_parquet(data: bytes, address: str) -> tuple[list[str], Iterator[Sequence[str]]]:
    import pyarrow
    from pyarrow import parquet

    try:
        table: Any = parquet.read_table(io.BytesIO(data))
    except (pyarrow.ArrowException, OSError) as error:
        raise CohortError(f"{address} is no Parquet file ({error}): write it again") from error
    rows = (["" if value is None else str(value) for value in row.values()] for row in table.to_pylist())
    return list(table.column_names), rows
