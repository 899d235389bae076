"""Build the documentation site: `python -m docs.site.build [FOLDER]`, by default in build/docs.

A dead link, a docstring that is not found and an address of another machine end the build.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from docs.site.pages import ROOT, assemble

FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\bsrc=["']?(?:https?:)?//|<link\b[^>]*\bhref=["']?(?:https?:)?//"""
)
"""What a browser fetches by itself from another machine."""


def main() -> int:
    """Build, and print where the site begins."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "docs")
    folder = parser.parse_args().folder.resolve()
    assemble(folder / "pages")
    settings = Path(__file__).with_name("zensical.toml").read_text(encoding="utf-8")
    (folder / "zensical.toml").write_text(settings.replace("CHECKOUT", str(ROOT)), encoding="utf-8")
    shutil.rmtree(folder / "site", ignore_errors=True)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(folder / "zensical.toml")]
    status = subprocess.run(command, cwd=folder, check=False).returncode
    if status:
        return status
    fetching = list_fetching(folder / "site")
    for line in fetching:
        print(line, file=sys.stderr)
    print(f"the site begins at {folder / 'site' / 'index.html'}")
    return 1 if fetching else 0


def list_fetching(site: Path) -> list[str]:
    """A sentence for each page that makes a browser ask another machine for something."""
    return [
        f"{page.relative_to(site)} fetches {found[0]}... from another machine"
        for page in sorted(site.rglob("*.html"))
        if (found := FETCHED.search(page.read_text(encoding="utf-8")))
    ]


if __name__ == "__main__":
    sys.exit(main())
