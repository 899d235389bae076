"""The documentation site: every page is in the navigation, every command line is one, and the build fetches nothing."""

import argparse
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.site.api import write_api
from docs.site.build import list_fetching
from docs.site.command_line import describe_action, write_command_line
from docs.site.lies import TASKS, list_rows
from docs.site.pages import FROM_ROOT, assemble, draw_chains, turn_links
from retseg.commands.parsing import COMMANDS, load_command
from train.cli import COMMANDS as TRAIN_COMMANDS
from train.cli import _load, complete

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCRIPTS = {"process.py": "process", "serve.py": "serve", "evaluate.py": "evaluate"}
KEPT = ("--help", "--version")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "pages"
    assemble(folder)
    return folder


def list_navigation(entries: list) -> Iterator[str]:
    for entry in entries:
        for target in entry.values():
            yield from [target] if isinstance(target, str) else list_navigation(target)


def test_the_navigation_has_every_page_once_and_no_other(pages: Path) -> None:
    settings = tomllib.loads((ROOT / "docs" / "site" / "zensical.toml").read_text(encoding="utf-8"))
    named = list(list_navigation(settings["project"]["nav"]))
    assert sorted(named) == sorted(str(page.relative_to(pages)) for page in pages.rglob("*.md"))


def test_the_theme_takes_no_font_and_no_worker_from_another_machine() -> None:
    project = tomllib.loads((ROOT / "docs" / "site" / "zensical.toml").read_text(encoding="utf-8"))["project"]
    assert project["theme"]["font"] is False
    assert "offline" not in project["plugins"], "its search loads a program from another machine"


def test_a_page_that_fetches_from_another_machine_is_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text('<a href="https://example.org">far</a><img src="near.png">', encoding="utf-8")
    assert list_fetching(tmp_path) == []
    (tmp_path / "bad.html").write_text('<script src="//example.org/x.js"></script>', encoding="utf-8")
    (tmp_path / "style.html").write_text('<link rel="stylesheet" href="https://example.org/x.css">', encoding="utf-8")
    assert [line.split()[0] for line in list_fetching(tmp_path)] == ["bad.html", "style.html"]


def test_links_of_the_root_lead_to_their_pages() -> None:
    text = "[a](docs/trust.md#images) [b](CONTRIBUTING.md) [c](https://example.org/docs/x)"
    assert turn_links(text) == "[a](trust.md#images) [b](contributing.md) [c](https://example.org/docs/x)"
    assert all((ROOT / source).is_file() for source in FROM_ROOT)


def test_a_chart_becomes_a_list_of_steps() -> None:
    drawn = draw_chains(
        "before\n```mermaid\nflowchart LR\n  a([a file]) -- read, cut --> b[B]\n  b -- go --> c[C]\n```\nafter\n"
    )
    steps = re.findall(r"<li><b>(.*?)</b>(?: <i>(.*?)</i>)?</li>", drawn)
    assert steps == [("a file", "read, cut"), ("B", "go"), ("C", "")]
    assert drawn.startswith("before\n") and drawn.endswith("after\n")


def test_the_reference_has_every_command_and_every_public_name() -> None:
    page = write_command_line()
    for name in COMMANDS:
        assert f"## `retseg {name}`" in page
    for name in TRAIN_COMMANDS:
        assert f"## `python -m train {name}`" in page
    assert "### `retseg new images`" in page
    assert "`--overlay`" in page and "`--engine {auto,openvino,torch}`" in page
    assert "::: retseg.api.segment" in write_api() and "::: retseg.errors.RetsegError" in write_api()


def test_an_option_is_told_with_its_value_and_a_hidden_one_is_not() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--side", type=int, default=7, required=True, help="pixels (default: %(default)s)")
    parser.add_argument("--secret", help=argparse.SUPPRESS)
    parser.add_argument("image", nargs="+")
    rows = [row for action in parser._actions for row in describe_action(action)]
    assert rows == ["| `--side SIDE` | pixels (default: 7) (required) |", "| `image` |  |"]


@pytest.mark.parametrize("task", TASKS)
def test_the_page_on_scores_has_the_numbers_that_are_computed(task: str) -> None:
    page = (ROOT / "docs" / "explanation" / "how-scores-lie.md").read_text(encoding="utf-8")
    for row in list_rows(task):
        assert row in page, "the page is behind: python -m docs.site.lies prints its tables"


def list_command_lines() -> Iterator[tuple[str, str]]:
    """The page and the line of every command of this project in a `sh` or `text` block."""
    for page in PAGES:
        for block in re.findall(
            r"^```(?:sh|text)?\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ):
            for line in block.replace("\\\n", " ").splitlines():
                if re.match(r"(retseg |python -m (train|retseg)\b(?!\.)|python (process|serve|evaluate)\.py)", line):
                    yield page.name, line


def list_options(parser: argparse.ArgumentParser) -> set[str]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    deeper = [list_options(each) for action in below for each in action.choices.values()]
    return set(parser._option_string_actions).union(*deeper)


def test_every_command_line_of_every_page_names_options_that_exist() -> None:
    lines = list(list_command_lines())
    assert len(lines) > 20
    for page, line in lines:
        words = shlex.split(line.replace("[", "").replace("]", "").split(" >")[0].split(" # ")[0])
        if words[:3] == ["python", "-m", "train"]:
            name = complete(words[3:])[0]
            module = _load(name)
        else:
            name = words[1] if words[0] == "retseg" else words[3] if words[1] == "-m" else SCRIPTS[words[1]]
            module = load_command(name)
        parser = argparse.ArgumentParser()
        module.add_arguments(parser)
        known = list_options(parser)
        for word in words:
            option = word.partition("=")[0]
            assert not option.startswith("--") or option in (*known, *KEPT, "--"), f"{page}: {line}"


def test_the_site_is_built_strictly_and_without_network(tmp_path: Path) -> None:
    pytest.importorskip("zensical", reason="the builder is not installed: `make setup`")
    command = [sys.executable, "-m", "docs.site.build", str(tmp_path)]
    blocked = {"PATH": "/usr/bin:/bin", "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(command, cwd=ROOT, env=blocked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site" / "reference" / "api.html").read_text(encoding="utf-8")
    assert "Segment one image" in page and "Masks and probabilities of the model" in page
    assert (tmp_path / "site" / "search.json").stat().st_size > 100_000
