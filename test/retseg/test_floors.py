"""The package stands on floors: a module imports only from its own room and from the floors below it."""

import ast
from pathlib import Path

import pytest

FLOORS = (
    {"errors"},
    {"colours", "files", "toml_schema", "vocabulary"},
    {"image", "preprocessing", "tiling", "metrics", "networks", "phantom"},
    {"models", "challenge", "measures", "maps"},
    {"engine"},
    {"predictor", "evaluation"},
    {"adopt", "api", "container", "submission", "report"},
    {"view", "drafts", "cohort"},
    {"commands"},
    {"cli"},
)
"""From the ground up; what stands on one floor does not know its neighbours."""

HEIGHT = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def list_imports(path: Path) -> set[str]:
    """The rooms of `retseg` that a module imports, at its top or inside its functions."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.module == "retseg":
                names = [f"retseg.{alias.name}" for alias in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("retseg.")}
    return {room for room in rooms if room in HEIGHT}


@pytest.mark.parametrize("room", sorted(HEIGHT))
def test_a_room_imports_only_from_the_floors_below_it(repository: Path, room: str) -> None:
    package = repository / "retseg"
    files = sorted((package / room).rglob("*.py")) or [package / f"{room}.py"]
    for file in files:
        upward = {other for other in list_imports(file) - {room} if HEIGHT[other] >= HEIGHT[room]}
        assert not upward, f"{file.relative_to(repository)} imports {', '.join(sorted(upward))}"


def test_every_room_of_the_package_has_a_floor(repository: Path) -> None:
    entries = (repository / "retseg").iterdir()
    rooms = {path.stem for path in entries if path.suffix == ".py" or (path / "__init__.py").exists()}
    rooms -= {"__init__", "__main__"}
    assert rooms <= set(HEIGHT)


def test_the_library_never_imports_the_training(repository: Path) -> None:
    for file in (repository / "retseg").rglob("*.py"):
        text = file.read_text()
        assert "from train" not in text and "import train" not in text, file
