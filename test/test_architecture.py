"""`docs/architecture.md` and `CONTRIBUTING.md` name what is in the code: ways, rooms, files, functions and options."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from retseg import __version__

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SOURCES = [path for room in ("retseg", "train") for path in sorted((ROOT / room).rglob("*.py"))]
FOLDERS = ("", "retseg/", "train/", "docs/")
Scope = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def find_definition(path: Path, dotted: str) -> ast.AST | None:
    """The class or function of a file, such as `Predictor.predict` or `load_when_needed.predict`."""
    scope: ast.AST = parse(path)
    for name in dotted.split("."):
        inner = [node for node in ast.walk(scope) if isinstance(node, Scope) and node is not scope]
        found = next((node for node in inner if getattr(node, "name", "") == name), None)
        if found is None:
            return None
        scope = found
    return scope


def list_names(node: ast.AST) -> set[str]:
    """What a piece of code mentions: `name`, and the last part of `a.name`."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def read_ways() -> Iterator[tuple[str, str, str, str]]:
    """Each step of the drawn ways: its function and file, and those of the step above; empty at the beginning.

    A line that is no step has no file.
    """
    for block in re.findall(r"^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        above: dict[int, tuple[str, str]] = {}
        for line in block.splitlines():
            found = re.fullmatch(r"( *)([\w.]+) {2,}(\S+\.py)(?: {2,}\S.*)?", line)
            if found is None:
                above = {}
                if line.startswith(" "):
                    yield line.strip(), "", "", ""
                continue
            depth = len(found[1])
            yield found[2], found[3], *above.get(depth - 2, ("", ""))
            above[depth] = (found[2], found[3])


@cache
def list_definitions() -> frozenset[str]:
    """Every name that the code and the tests of networks define: classes, functions, arguments, attributes, modules."""
    names = {path.stem for path in SOURCES} | {path.parent.name for path in SOURCES}
    tables = sorted((ROOT / "test" / "retseg" / "networks").glob("test_*.py"))
    for node in (node for path in [*SOURCES, *tables] for node in ast.walk(parse(path))):
        if isinstance(node, Scope) and not isinstance(node, ast.Module):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return frozenset(names)


@cache
def list_texts() -> frozenset[str]:
    """Every word in the texts of the code, without docstrings: options, variables and names of files."""
    words: set[str] = set()
    for path in SOURCES:
        tree = parse(path)
        spoken = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in spoken:
                words |= set(re.findall(r"[\w.-]+", node.value))
    return frozenset(words)


def read_floors(path: str) -> list[set[str]]:
    """The `FLOORS` of a test, from the ground up."""
    for node in parse(ROOT / path).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "FLOORS":
            value: Any = ast.literal_eval(node.value)
            return [{floor} if isinstance(floor, str) else set(floor) for floor in value]
    raise AssertionError(f"{path} has no FLOORS")


def read_floor_table(heading: str) -> list[set[str]]:
    """The rooms of the table that follows a line of the page, floor by floor."""
    table = PAGE.split(heading)[1].split("\n\n")[1]
    floors: dict[int, set[str]] = {}
    for floor, room in re.findall(r"^\| (\d+) \| `(\w+)` \|", table, re.MULTILINE):
        floors.setdefault(int(floor), set()).add(room)
    return [floors[number] for number in sorted(floors)]


STEPS = list(read_ways())


def test_the_ways_of_all_five_programs_are_drawn() -> None:
    assert len(STEPS) > 80
    for program in ("process.py", "retseg\n  main", "evaluate.py", "python -m train", "segment_file  "):
        assert f"```text\n{program}" in PAGE, program


@pytest.mark.parametrize(("function", "file", "caller", "where"), STEPS)
def test_each_step_is_a_function_of_its_file_that_the_step_above_calls(
    function: str, file: str, caller: str, where: str
) -> None:
    assert file, f"this line is no step, which names one function and its file: {function}"
    assert find_definition(ROOT / file, function) is not None, f"{file} does not define {function}"
    called = function.rsplit(".", maxsplit=1)[-1]
    if caller and called != "__call__":
        above = find_definition(ROOT / where, caller)
        assert above is not None and called in list_names(above), f"{caller} of {where} does not call {function}"


def test_functions_on_the_arrows_of_the_drawing_exist() -> None:
    names = [name for edge in re.findall(r"-- ([\w, ]+) -->", PAGE) for name in edge.split(", ")]
    assert names and not set(names) - list_definitions()


@pytest.mark.parametrize(
    ("heading", "test"),
    [
        ("`retseg/`, from the ground up", "test/retseg/test_floors.py"),
        ("`train/`, from the ground up", "test/train/test_floors.py"),
    ],
)
def test_the_floors_are_those_that_the_tests_hold(heading: str, test: str) -> None:
    assert read_floor_table(heading) == read_floors(test)


@pytest.mark.parametrize("word", sorted(set(re.findall(r"`([^`\n ]+)`", PAGE + GUIDE))))
def test_each_word_in_code_letters_exists(word: str) -> None:
    """A path is a file or a folder; any other word is a name that the code defines, or an option or file it writes."""
    if "/" in word:
        assert any((ROOT / folder / word).exists() for folder in FOLDERS), f"there is no {word}"
    else:
        known = word in list_definitions() or word in list_texts() or (ROOT / word).exists()
        assert known, f"the code has no {word}"


def test_every_page_of_the_documentation_that_is_linked_exists() -> None:
    links = [ROOT / "docs" / link for link in re.findall(r"\]\(([\w./-]+\.md)(?:#[\w-]+)?\)", PAGE)]
    links += [ROOT / link for link in re.findall(r"\]\(([\w./-]+\.md)(?:#[\w-]+)?\)", GUIDE)]
    assert links and all(link.is_file() for link in links)


def test_the_newest_version_is_the_packages_in_the_changelog_and_the_citation() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## ([\d.]+) - ", changelog, re.MULTILINE)[0] == __version__
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
