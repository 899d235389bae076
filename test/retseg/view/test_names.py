"""Names of dropped files are shown, never used as paths."""

import pytest

from retseg.view.names import LONGEST, find_suffix, tidy_name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("eye.png", "eye.png"),
        ("../../../etc/eye.png", "eye.png"),
        ("C:\\Users\\me\\eye.JPG", "eye.JPG"),
        ("", "unnamed"),
        ("眼底.png", "眼底.png"),
        ("a\x00b\nc.png", "a\\x00b\\nc.png"),
        ("\u202egnp.exe.png", "\\u202egnp.exe.png"),
    ],
)
def test_folders_and_control_characters_are_not_shown(given: str, shown: str) -> None:
    assert tidy_name(given) == shown


def test_a_very_long_name_keeps_its_beginning_and_its_suffix() -> None:
    shown = tidy_name("x" * 5000 + ".nii.gz")
    assert len(shown) <= LONGEST and shown.startswith("xxx") and shown.endswith(".nii.gz")


@pytest.mark.parametrize(("name", "suffix"), [("a.NII.GZ", ".nii.gz"), ("a.exe", ""), ("png", ""), ("a.png/b.sh", "")])
def test_only_suffixes_of_images_are_taken(name: str, suffix: str) -> None:
    assert find_suffix(name) == suffix
