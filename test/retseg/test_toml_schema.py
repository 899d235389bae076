"""A TOML file that does not fit its schema is refused; the message names the key."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from retseg.toml_schema import SchemaError, declare, read_toml


@dataclass(frozen=True)
class Optics:
    aperture: float
    filters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Camera:
    name: str
    optics: Optics
    pixels: tuple[int, int] = (1, 1)
    gains: dict[str, float] = field(default_factory=dict)
    colour: bool = True

    def __post_init__(self) -> None:
        if self.name == "none":
            raise ValueError("a camera cannot be called none")


def test_a_full_table_becomes_nested_frozen_dataclasses() -> None:
    values = {"name": "a", "optics": {"aperture": 2, "filters": ["green"]}, "pixels": [4, 3], "gains": {"red": 1}}
    assert declare(Camera, values, "camera") == Camera("a", Optics(2.0, ("green",)), (4, 3), {"red": 1.0})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "a", "optics": {"apertur": 2}}, "did you mean 'aperture'"),
        ({"name": "a"}, "'optics' is missing"),
        ({"name": 1, "optics": {"aperture": 2}}, "wanted a text, found 1"),
        ({"name": "a", "optics": {"aperture": True}}, "wanted a number, found True"),
        ({"name": "a", "optics": {"aperture": 1}, "pixels": [1]}, "wanted a list of 2"),
        ({"name": "a", "optics": {"aperture": 1}, "colour": 1}, "wanted true or false"),
        ({"name": "none", "optics": {"aperture": 1}}, "camera: a camera cannot be called none"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(values: dict[str, object], message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        declare(Camera, values, "camera")


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"absent\.toml does not exist"):
        read_toml(tmp_path / "absent.toml")
    (tmp_path / "broken.toml").write_text("a = [")
    with pytest.raises(SchemaError, match=r"broken.toml is not a readable TOML file"):
        read_toml(tmp_path / "broken.toml")


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = " + "9" * 5_000, "a = {b = " * 5_000])
def test_deep_and_long_values_are_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(SchemaError, match=r"a\.toml is not a readable TOML file"):
        read_toml(tmp_path / "a.toml")
