"""Rows on the disk: each there or not, and the tables that are merged from them."""

import csv

import pytest

from retseg.cohort import CohortError, Item, Refused, Result, RowWriter, index_rows, lock_output, merge_tables
from retseg.files import OutputError


def write(output, *results):
    writer = RowWriter(output)
    for result in results:
        writer.add(result)
    writer.flush()


def make(name, failure="", passing=False, **found):
    return Result(Item(name, f"in/{name}", name), found, 1.0, failure, passing)


def read(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_an_examined_row_counts_before_a_failure_whenever_it_was_written(tmp_path):
    write(tmp_path, make("a", failure="the disk is full", passing=True), make("b", length=2.5))
    write(tmp_path, make("a", length=1.5), make("b", failure="late"))
    write(tmp_path, make("a", length=9.0))
    index = index_rows(tmp_path)
    assert index.list_done(retry=False) == {"a", "b"} and index.count_failures() == 0
    merge_tables(tmp_path, index, [])
    assert [(row["id"], row["length"]) for row in read(tmp_path / "cohort.csv")] == [("a", "1.5"), ("b", "2.5")]


def test_a_passing_failure_is_tried_again_and_a_lasting_one_only_when_asked(tmp_path):
    write(tmp_path, make("a", failure="no answer", passing=True), make("b", failure="damaged"))
    index = index_rows(tmp_path)
    assert index.list_done(retry=False) == {"b"} and index.list_done(retry=True) == set()
    merge_tables(tmp_path, index, [Refused("c", "line 4", "names no file")])
    assert [row["id"] for row in read(tmp_path / "failures.csv")] == ["c", "a", "b"]


def test_columns_of_the_manifest_keep_their_names_unless_the_table_has_them(tmp_path):
    item = Item("a", "in/a", "a", {"eye": "L", "seconds": "long ago", "note": 'one, "two"\nthree'})
    write(tmp_path, Result(item, {"length": None, "count": 3}, 1.0))
    merge_tables(tmp_path, index_rows(tmp_path), [])
    (row,) = read(tmp_path / "cohort.csv")
    assert (row["eye"], row["manifest_seconds"], row["seconds"]) == ("L", "long ago", "1.0")
    assert (row["length"], row["count"], row["note"]) == ("", "3", 'one, "two"\nthree')


def test_rows_that_cannot_be_written_are_kept_and_nothing_is_half_written(tmp_path, full_disk):
    writer = RowWriter(tmp_path)
    writer.add(make("a", note="x" * 9000))
    with full_disk(4096), pytest.raises(OutputError, match="cannot be written"):
        writer.flush()
    assert list((tmp_path / "rows").iterdir()) == []
    writer.flush()
    assert set(index_rows(tmp_path).places) == {"a"}


def test_a_damaged_file_of_rows_is_named(tmp_path):
    write(tmp_path, make("a"))
    (path,) = (tmp_path / "rows").iterdir()
    path.write_text(path.read_text()[:-20])
    with pytest.raises(CohortError, match="is damaged: remove it"):
        index_rows(tmp_path)


def test_parts_may_write_at_once_but_no_part_twice_and_nothing_beside_a_whole_run(tmp_path):
    with lock_output(tmp_path, (1, 2)), lock_output(tmp_path, (2, 2)):
        for wanted in [(1, 2), None]:
            with pytest.raises(CohortError, match="another run"), lock_output(tmp_path, wanted):
                pass
    with lock_output(tmp_path, None), pytest.raises(CohortError, match="another run"), lock_output(tmp_path, (1, 2)):
        pass
