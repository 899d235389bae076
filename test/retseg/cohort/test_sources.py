"""Which images a source holds, and what of it is refused with which reason."""

import os

import pyarrow
import pyarrow.parquet
import pytest

from retseg.cohort import CohortError, list_source, select_part
from retseg.cohort.storage import as_file


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folders_in_folders_are_searched_and_other_files_are_passed_over(tmp_path):
    touch(tmp_path / "b.png", tmp_path / "a" / "OS" / "eye.JPG", tmp_path / "a" / "OD" / "eye.jpg", tmp_path / "a.txt")
    touch(tmp_path / "study" / "overlay" / "b.png.png")
    listing = list_source(str(tmp_path), tmp_path / "study")
    assert [item.id for item in listing.items] == ["b.png", "a/OD/eye.jpg", "a/OS/eye.JPG"]
    assert [item.name for item in listing.items] == ["b.png", "a/OD/eye.jpg", "a/OS/eye.JPG"]
    assert not listing.refused


def test_links_in_circles_and_unreadable_folders_are_refused_and_the_rest_is_listed(tmp_path, monkeypatch):
    touch(tmp_path / "a" / "eye.png", tmp_path / "secret" / "eye.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    scan = os.scandir

    def deny(folder):
        if folder.name == "secret":
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", deny)
    listing = list_source(str(tmp_path), tmp_path / "study")
    assert [item.id for item in listing.items] == ["a/eye.png"]
    reasons = {each.id: each.reason for each in listing.refused}
    assert "a link to a folder above it" in reasons["a/up"]
    assert "cannot be listed (Permission denied)" in reasons["secret"]


def test_a_name_that_is_not_utf8_is_refused(tmp_path):
    touch(tmp_path / "eye.png")
    (tmp_path / os.fsdecode(b"\xff.png")).touch()
    listing = list_source(str(tmp_path), tmp_path / "study")
    assert [item.id for item in listing.items] == ["eye.png"]
    assert "not UTF-8" in listing.refused[0].reason


def test_a_manifest_carries_its_columns_and_its_paths_are_below_it(tmp_path):
    table = tmp_path / "list.csv"
    table.write_text("path,id,eye,age\nx/1.png,../a,L,61\n/far/2.png,b,R,\ns3://bucket/3.png,c,L,7\n")
    listing = list_source(str(table), tmp_path / "study")
    assert [item.address for item in listing.items] == [f"{tmp_path}/x/1.png", "/far/2.png", "s3://bucket/3.png"]
    assert listing.items[0].carried == {"eye": "L", "age": "61"}
    assert all("/../" not in f"/{item.name}/" and item.name.count("/") == 1 for item in listing.items)


def test_a_manifest_may_be_parquet(tmp_path):
    table = pyarrow.table({"path": ["1.png", "2.png"], "age": [61, None]})
    pyarrow.parquet.write_table(table, tmp_path / "list.parquet")
    listing = list_source(str(tmp_path / "list.parquet"), tmp_path / "study")
    assert [(item.id, dict(item.carried)) for item in listing.items] == [
        ("1.png", {"age": "61"}),
        ("2.png", {"age": ""}),
    ]


def test_a_second_file_of_an_id_a_short_line_and_an_empty_path_are_refused(tmp_path):
    table = tmp_path / "list.csv"
    table.write_text("path,id\n1.png,a\n2.png,a\n3.png\n,d\n\n4.png,\n")
    listing = list_source(str(table), tmp_path / "study")
    assert [item.id for item in listing.items] == ["a", "4.png"]
    assert [each.reason.split(":")[0] for each in listing.refused] == [
        f"its id 'a' is that of {tmp_path}/1.png too",
        "has 1 cells and the first line 2",
        "names no file",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("file,id\n1.png,a\n", "no column 'path'"),
        ("path,age,age\n1.png,1,2\n", "'age' twice"),
        ("path\n", "no image"),
        ("", "no column 'path'"),
    ],
)
def test_a_manifest_without_its_columns_is_refused(tmp_path, text, complaint):
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(CohortError, match=complaint):
        list_source(str(tmp_path / "list.csv"), tmp_path / "study")


@pytest.mark.parametrize("source", ["nowhere", "list.csv", "list.parquet", "nosuch://bucket/folder"])
def test_a_source_that_is_not_there_is_named(tmp_path, source):
    with pytest.raises(CohortError, match=source):
        list_source(source if "://" in source else str(tmp_path / source), tmp_path / "study")


def test_a_storage_is_listed_and_its_files_are_copied_for_the_time_of_reading(tmp_path):
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe("/bucket/a/OD/eye.png", b"one")
    files.pipe("/bucket/a/notes.txt", b"two")
    listing = list_source("memory://bucket/a", tmp_path / "study")
    assert [(item.id, item.address) for item in listing.items] == [("OD/eye.png", "memory:///bucket/a/OD/eye.png")]
    with as_file(listing.items[0].address) as path:
        assert path.read_bytes() == b"one" and path.name == "eye.png"
    assert not path.exists()


def test_an_image_stays_in_its_part_when_others_are_added(tmp_path):
    touch(*(tmp_path / f"{number}.png" for number in range(40)))
    before = list_source(str(tmp_path), tmp_path / "study").items
    touch(*(tmp_path / f"new-{number}.png" for number in range(10)))
    after = list_source(str(tmp_path), tmp_path / "study").items
    parts = [{item.id for item in select_part(before, (part, 3))} for part in (1, 2, 3)]
    assert set.union(*parts) == {item.id for item in before} and sum(map(len, parts)) == 40
    for number, part in enumerate(parts, 1):
        assert part <= {item.id for item in select_part(after, (number, 3))}
