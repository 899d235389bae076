"""Sockets in the JSON files of the platform, under the new key and the old one."""

from pathlib import Path

import pytest

from retseg.challenge.socket_json import SocketError, find_socket, read_items, stays_inside


def test_a_socket_lies_under_the_new_key_or_the_old_one() -> None:
    assert find_socket({"socket": {"slug": "a"}, "interface": {"slug": "b"}}) == {"slug": "a"}
    assert find_socket({"socket": None, "interface": {"slug": "b"}}) == {"slug": "b"}
    for item in ({}, {"socket": "a"}, "a", None):
        assert find_socket(item) == {}


@pytest.mark.parametrize("text", ["", "{}", "null", "[" * 100_000, "\udcff", "[" + "9" * 5_000 + "]"])
def test_a_file_without_a_list_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "jobs.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SocketError, match=r"jobs\.json is not (valid JSON|a list of jobs)"):
        read_items(tmp_path / "jobs.json", "jobs")


def test_an_empty_list_has_no_items(tmp_path: Path) -> None:
    (tmp_path / "jobs.json").write_text("[]")
    assert read_items(tmp_path / "jobs.json", "jobs") == []


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(SocketError, match=r"jobs\.json cannot be read \(No such file"):
        read_items(tmp_path / "jobs.json", "jobs")


@pytest.mark.parametrize(("path", "inside"), [("images/a", True), ("../a", False), ("a/../../b", False), ("/a", False)])
def test_a_path_stays_inside_its_folder_or_not(path: str, inside: bool) -> None:
    assert stays_inside(path) == inside


@pytest.mark.parametrize("text", [r'[{"slug": "a\u0000"}]', r'[{"slug": ["\ud800"]}]', r'[{"\udfff": 1}]'])
def test_a_text_that_can_be_no_name_is_refused(tmp_path: Path, text: str) -> None:
    """Such names ended in an internal error when a file was looked for."""
    (tmp_path / "jobs.json").write_text(text)
    with pytest.raises(SocketError, match=r"jobs\.json holds a text with a NUL or half a character"):
        read_items(tmp_path / "jobs.json", "jobs")
