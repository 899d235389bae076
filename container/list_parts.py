"""Print the bill of materials of an image as CycloneDX 1.5: its Python packages and, on Debian, its system packages.

`export.sh` runs it inside the image: `python3 - IMAGE <container/list_parts.py`. It needs the standard library only.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import quote

DEBIAN = Path("/var/lib/dpkg/status")


def list_python() -> Iterator[dict[str, object]]:
    """The installed distributions, each once."""
    found = {normalise(each.name): each for each in distributions() if each.name}
    for name, each in sorted(found.items()):
        yield {
            "type": "library",
            "name": name,
            "version": each.version,
            "purl": f"pkg:pypi/{name}@{quote(each.version)}",
            **describe_licence(each),
        }


def normalise(name: str) -> str:
    """The name of a distribution as the index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def describe_licence(each: Distribution) -> dict[str, object]:
    """The licence that a package declares: an expression, its first line of text, or its classifiers."""
    told = each.metadata
    expression = told.get("License-Expression")
    if expression:
        return {"licenses": [{"expression": expression}]}
    classifiers = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier") or () if line[:7] == "License"]
    text = (told.get("License") or "").strip().splitlines()[:1]
    names = classifiers or [line for line in text if len(line) < 80]
    return {"licenses": [{"license": {"name": name}} for name in names]} if names else {}


def list_debian(status: Path = DEBIAN) -> Iterator[dict[str, object]]:
    """The installed packages of Debian; none on another system."""
    paragraphs = status.read_text(encoding="utf-8").split("\n\n") if status.is_file() else []
    for paragraph in paragraphs:
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            name, version = fields["Package"], fields["Version"]
            purl = f"pkg:deb/debian/{name}@{quote(version)}?arch={fields.get('Architecture', 'all')}"
            yield {"type": "library", "name": name, "version": version, "purl": purl}


def main() -> None:
    """Print the document for the image that the command line names."""
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": sys.argv[1] if len(sys.argv) > 1 else "here"}},
        "components": [*list_python(), *list_debian()],
    }
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
