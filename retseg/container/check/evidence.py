"""Read what `container/collect.sh` gathered while it ran an image."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What a server answered: 0 when it did not."""

    status: int
    text: str


@dataclass(frozen=True)
class Run:
    """One case given to the container once.

    Attributes:
        case: its name.
        title: the restrictions of the run.
        api: `exec` or `invoke`.
        reused: whether the process had done another case before; never for `exec`.
        limit: the seconds that the case was given.
        seconds: the seconds that it took.
        status: exit status; None when the time was over (`exec`), or when it is a server.
        health, invoke: what the server answered; None for `exec`.
        alive: whether the server ran on afterwards.
        oom: whether it was killed for memory.
        changed: paths that were added, changed or removed outside the mounts.
        left: command lines of processes that still ran afterwards.
        stdout, stderr: the whole log.
        output: the folder of what it wrote.
    """

    case: str
    title: str
    api: str
    reused: bool
    limit: int
    seconds: float
    status: int | None
    health: Answer | None
    invoke: Answer | None
    alive: bool
    oom: bool
    changed: tuple[str, ...]
    left: tuple[str, ...]
    stdout: str
    stderr: str
    output: Path


@dataclass(frozen=True)
class Evidence:
    """All runs of one image.

    Attributes:
        image: the output of `docker image inspect`.
        cases: case name to its folder, with `input` and perhaps `expected`.
        runs: in the order in which they were made.
    """

    image: Mapping[str, Any]
    cases: Mapping[str, Path]
    runs: tuple[Run, ...]


def read_evidence(directory: Path) -> Evidence:
    """Read a folder of evidence."""
    (image,) = json.loads((directory / "image.json").read_text(encoding="utf-8"))
    cases = {path.name: path for path in sorted((directory / "cases").iterdir())}
    return Evidence(image, cases, tuple(_read_run(path) for path in sorted((directory / "runs").iterdir())))


def _read_run(folder: Path) -> Run:
    about = dict(line.partition("=")[::2] for line in _lines(folder / "about"))
    status = _text(folder / "status").strip()
    return Run(
        case=about["case"],
        title=about["title"],
        api=about["api"],
        reused=about["reused"] == "true",
        limit=int(about["limit"]),
        seconds=float(_text(folder / "seconds").strip() or "nan"),
        status=int(status) if status.isdigit() else None,
        health=_read_answer(folder / "health"),
        invoke=_read_answer(folder / "invoke"),
        alive=_text(folder / "alive").strip() == "true",
        oom=_text(folder / "oom").strip() == "true",
        changed=tuple(line[2:] for line in _lines(folder / "diff")),
        left=tuple(_lines(folder / "left")),
        stdout=_text(folder / "stdout"),
        stderr=_text(folder / "stderr"),
        output=folder / "output",
    )


def _read_answer(path: Path) -> Answer | None:
    if not path.exists():
        return None
    status, _, text = _text(path).partition("\n")
    return Answer(int(status) if status.isdigit() else 0, text.strip())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _lines(path: Path) -> list[str]:
    return [line for line in _text(path).splitlines() if line.strip()]
