"""The pages of the documentation site: those of docs/, three of the root, and three that are written from the code."""

import re
import shutil
from pathlib import Path

from docs.site.api import write_api
from docs.site.command_line import write_command_line

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
FROM_ROOT = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
"""File of the root to its page."""

NOT_PAGES = ("README.md", "site", "__pycache__")


def assemble(target: Path) -> None:
    """Write all pages, pictures and styles of the site below `target`, which is emptied first."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(DOCS, target, ignore=shutil.ignore_patterns(*NOT_PAGES))
    for page in target.rglob("*.md"):
        page.write_text(draw_chains(page.read_text(encoding="utf-8")), encoding="utf-8")
    for source, name in FROM_ROOT.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        (target / name).write_text(turn_links(text), encoding="utf-8")
    shutil.copy(ROOT / "retseg" / "view" / "page" / "icon.svg", target / "icon.svg")
    shutil.copy(DOCS / "site" / "site.css", target / "site.css")
    (target / "reference").mkdir(exist_ok=True)
    (target / "reference" / "command-line.md").write_text(write_command_line(), encoding="utf-8")
    (target / "reference" / "api.md").write_text(write_api(), encoding="utf-8")


def turn_links(text: str) -> str:
    """Links of a page of the root as they are from docs/: `docs/x.md` is `x.md`, and a file of the root its page."""
    text = re.sub(r"\]\(docs/", "](", text)
    for source, name in FROM_ROOT.items():
        text = text.replace(f"]({source}", f"]({name}")
    return text


def draw_chains(text: str) -> str:
    """Each `mermaid` chart as a list of steps, since its program would come from another machine.

    A chart is one chain of lines such as `a[first] -- how --> b[second]`.
    """
    return re.sub(
        r"^```mermaid\n(.*?)^```\n", lambda found: _draw_chain(found[1]), text, flags=re.MULTILINE | re.DOTALL
    )


def _draw_chain(chart: str) -> str:
    titles = dict(re.findall(r"(\w+)[\[(]+([^\])]+)[\])]", chart))
    arrows = re.findall(r"^ *(\w+)\b.*? -- (.+?) --> (\w+)", chart, re.MULTILINE)
    steps = [*((before, f" <i>{how}</i>") for before, how, _ in arrows), (arrows[-1][2], "")]
    shown = "".join(f"<li><b>{titles[name]}</b>{how}</li>" for name, how in steps)
    return f'<ol class="chain">{shown}</ol>\n'
