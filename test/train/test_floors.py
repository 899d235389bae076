"""The training stands on floors: a module imports only from its own room and from the floors below it."""

import ast
from pathlib import Path

import pytest

FLOORS = ("config", "data", "fit", "model", "reproduce", "listing", "commands", "cli")
"""From the ground up."""


def list_rooms(path: Path) -> set[str]:
    """The rooms of `train` that a module imports, at its top or inside its functions."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        rooms |= {name.split(".")[1] for name in names if name.startswith("train.")}
    return rooms


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_imports_only_from_the_floors_below_it(repository: Path, room: str) -> None:
    package = repository / "train"
    files = sorted((package / room).rglob("*.py")) or [package / f"{room}.py"]
    below = FLOORS[: FLOORS.index(room) + 1]
    for file in files:
        if file.name != "__main__.py":
            upward = list_rooms(file) - set(below)
            assert not upward, f"{file.relative_to(repository)} imports {', '.join(sorted(upward))}"


def test_every_room_has_a_floor(repository: Path) -> None:
    rooms = {path.parent.name if path.name == "__init__.py" else path.stem for path in repository.glob("train/*.py")}
    rooms |= {path.parent.name for path in repository.glob("train/*/__init__.py")}
    assert rooms - {"train", "__main__", "select"} == set(FLOORS)


def test_no_module_imports_another_that_imports_it(repository: Path) -> None:
    found: dict[str, set[str]] = {}
    for path in sorted((repository / "train").rglob("*.py")):
        name = ".".join(path.relative_to(repository).with_suffix("").parts).removesuffix(".__init__")
        nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        found[name] = {node.module for node in nodes if node.module and node.module.startswith("train.")}
    while leaves := {name for name, needed in found.items() if not needed & set(found)}:
        found = {name: needed for name, needed in found.items() if name not in leaves}
    assert not found, f"a circle of imports among {', '.join(sorted(found))}"
