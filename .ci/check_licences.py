"""Refuse a licence that the project cannot ship: any AGPL, and any package of a container that declares none.

Reads what the installed packages say of themselves. The packages of the containers are those of `requirements*.txt`
without `-dev` and `-setup`.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

SHIPPED = ("requirements.txt", "requirements-gpu.txt", "requirements-evaluate-serve.txt")
REFUSED = ("agpl", "affero", "sspl", "proprietary", "non-commercial", "noncommercial")
KNOWN_BY_READING = {
    "nvidia": "NVIDIA's redistributable libraries, of which torch's wheels consist",
    "cuda": "the same",
}
"""Beginnings of names of packages whose own words hold one of `REFUSED`, and what was found on reading."""


def main() -> int:
    """Print what is wrong, and return the exit status."""
    root = Path(__file__).resolve().parent.parent
    shipped = {name for file in SHIPPED for name in read_names(root / file)}
    wanted = shipped | set(read_names(root / "requirements-dev.txt"))
    problems, absent = [], 0
    for name in sorted(wanted):
        told = read_licence(name)
        if told is None:
            absent += 1
        elif name.startswith(tuple(KNOWN_BY_READING)):
            continue
        elif any(word in told.lower() for word in REFUSED):
            problems.append(f"{name} is under '{told}'")
        elif not told and name in shipped:
            problems.append(f"{name} declares no licence")
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"licences of {len(wanted) - absent} packages read; {absent} are not installed here")
    return 1 if problems else 0


def read_names(path: Path) -> list[str]:
    """The names of the packages of a list of requirements."""
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)==", path.read_text(encoding="utf-8"), re.MULTILINE)


def read_licence(name: str) -> str | None:
    """What a package declares; empty where it declares nothing, None where it is not installed."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return None
    classifiers = [line for line in told.get_all("Classifier") or () if line.startswith("License")]
    text = (told.get("License") or "").strip().splitlines()[:1]
    files = told.get_all("License-File") or []
    return "; ".join([*filter(None, [told.get("License-Expression")]), *classifiers, *text, *files])


if __name__ == "__main__":
    sys.exit(main())
