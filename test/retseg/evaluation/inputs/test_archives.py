"""An archive is somebody else's file: dangerous ones are refused before a byte is decompressed."""

import stat
import struct
import time
import zipfile
from pathlib import Path

import pytest

from retseg.evaluation.inputs.archives import ArchiveError, open_archive


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_members_are_listed_without_what_operating_systems_add(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {"T/b.png": b"2", "T/a.png": b"1", "__MACOSX/T/a.png": b"", "T/.DS_Store": b""})
    archive = open_archive(path)
    assert archive.members == ("T/a.png", "T/b.png")
    assert archive.read("T/b.png") == b"2"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "is an absolute path"),
        ("a/../../b.png", "leaves the archive by '..'"),
        ("..\\b.png", "leaves the archive by '..'"),
        ("C:/b.png", "is an absolute path"),
    ],
)
def test_paths_that_leave_the_archive_are_refused(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("x")
        entry.filename = name
        archive.writestr(entry, b"x")
    with pytest.raises(ArchiveError, match=reason):
        open_archive(path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("link.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ArchiveError, match=r"link\.png' is a link"):
        open_archive(path)


def test_a_member_that_claims_more_than_deflate_can_hold_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "bomb.zip", {"a.png": b"0" * 1000})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(signature) + offset, 1 << 30)
    path.write_bytes(bytes(content))
    with pytest.raises(ArchiveError, match="a bomb"):
        open_archive(path)


def test_a_member_that_claims_more_packed_bytes_than_the_archive_has_is_refused(tmp_path: Path) -> None:
    """As many bytes were asked for at once, and the memory was not enough."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"0" * 1000)
    content = bytearray((tmp_path / "a.zip").read_bytes())
    struct.pack_into("<2I", content, content.index(b"PK\x01\x02") + 20, 400_000_000, 400_000_000)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"claims 400000000 packed bytes of the \d+ of the archive"):
        open_archive(tmp_path / "a.zip")


def test_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"x")
    with pytest.raises(ArchiveError, match="has no name"):
        open_archive(tmp_path / "a.zip")


def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"1")
        archive.writestr("a.png", b"2")
    with pytest.raises(ArchiveError, match=r"'a\.png' is there twice"):
        open_archive(path)


def test_an_altered_member_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.png", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"comtent", 1))
    with pytest.raises(ArchiveError, match=r"the member a\.png is damaged"):
        open_archive(path).read("a.png")


def test_altered_compressed_bytes_are_named(tmp_path: Path) -> None:
    """The error of zlib was an internal one."""
    path = pack(tmp_path / "a.zip", {"a.png": bytes(range(256)) * 9})
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff" * 4
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"the member a\.png is damaged"):
        open_archive(path).read("a.png")


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(ArchiveError, match="not a readable zip archive"):
        open_archive(tmp_path / "a.zip")


def test_many_members_are_listed_and_read_in_a_time_that_grows_with_their_number(tmp_path: Path) -> None:
    """10^5 members took 164 s: names were counted for each name, and the list was read for each member."""
    path = pack(tmp_path / "a.zip", {f"{number}.png": b"x" for number in range(5_000)})
    start = time.process_time()
    archive = open_archive(path)
    assert {archive.read(member) for member in archive.members} == {b"x"}
    assert time.process_time() - start < 5


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", {f"{number}": b"" for number in range(10_001)})
    with pytest.raises(ArchiveError, match="holds 10001 members; more than 10000 are refused"):
        open_archive(path)


def test_a_list_of_members_that_is_too_long_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10^6 members took 725 MB before they were refused."""
    monkeypatch.setattr("retseg.evaluation.inputs.archives.MOST_DIRECTORY_BYTES", 100_000)
    path = pack(tmp_path / "a.zip", {f"{'long' * 20}{number}.png": b"" for number in range(1_000)})
    monkeypatch.setattr(zipfile.ZipFile, "_RealGetContents", None)
    with pytest.raises(ArchiveError, match=r"has a list of members of .* bytes; more than 100000 are refused"):
        open_archive(path)
