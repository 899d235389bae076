"""`run.json`: which command, models, options and machine made the files of a folder."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from retseg import __version__
from retseg.errors import RetsegError
from retseg.files import replacing
from retseg.models.card import Card
from retseg.models.store import hash_file
from retseg.toml_schema import SchemaError, declare

RECORD_NAME = "run.json"
RECORD_FORMAT = 1

PACKAGES = ("numpy", "opencv-python-headless", "openvino", "scipy", "scikit-image", "torch")
"""What may change a mask or a measure by its version."""

NOT_RECORDED = {
    *("images", "source", "output", "predictions"),
    *("command", "challenge", "challenges", "models", "model"),
    *("quiet", "verbose", "json"),
}
"""Options that name images, since a path may hold the name of a patient; that are in the record elsewhere; or that
change no file."""


class RecordError(RetsegError):
    """A `run.json` cannot be used, or does not allow what is asked; the message names it and the remedy."""


@dataclass(frozen=True)
class ModelRecord:
    """A model that made files.

    Attributes:
        name, version: of the model.
        tasks: that were taken from it.
        card: SHA-256 of its card, which holds the thresholds and the hashes of the weights.
        files: name to SHA-256 of its other files.
    """

    name: str
    version: str
    tasks: tuple[str, ...]
    card: str
    files: dict[str, str]


@dataclass(frozen=True)
class RunRecord:
    """What made the files of a folder.

    Attributes:
        command: of `retseg`.
        version: of this package.
        started: date and time, UTC.
        challenge: its name.
        models: of the tasks whose files are in the folder.
        options: of the last run, without those that name images.
        machine: system, processor, cores, and the versions of Python and of the packages that compute.
    """

    command: str
    version: str
    started: str
    challenge: str
    models: tuple[ModelRecord, ...]
    options: dict[str, Any]
    machine: dict[str, Any]
    format: int = RECORD_FORMAT


def record_run(options: Mapping[str, Any], challenge: str, matched: Iterable[tuple[Card, Sequence[str]]]) -> RunRecord:
    """The record of a run that begins now.

    Args:
        options: name to value of every option, and `command`.
        challenge: its name.
        matched: each card, and the tasks that are taken from it.
    """
    models = tuple(
        ModelRecord(card.name, card.version, tuple(tasks), hash_file(card.directory / "card.toml"), dict(card.files))
        for card, tasks in matched
    )
    given = {name: _make_plain(value) for name, value in options.items() if name not in NOT_RECORDED}
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return RunRecord(options["command"], __version__, started, challenge, models, given, describe_machine())


def describe_machine() -> dict[str, Any]:
    """System, processor, cores and versions; not the name of the machine."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "packages": found,
    }


def name_beside(archive: Path) -> Path:
    """The record of an archive: `a.run.json` beside `a.zip`."""
    return archive.with_name(f"{archive.stem}.{RECORD_NAME}")


def write_record(path: Path, record: RunRecord) -> None:
    """Write `run.json`.

    Raises:
        OutputError: the folder cannot be written.
    """
    with replacing(path) as beside:
        beside.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")


def read_record(path: Path) -> RunRecord:
    """Read `run.json`.

    Raises:
        RecordError: it is no record, or one of another version.
    """
    remedy = "move it away, and say with --model what made the files"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise RecordError(f"{path} cannot be read ({error}): {remedy}") from error
    if not isinstance(values, dict) or values.get("format") != RECORD_FORMAT:
        raise RecordError(f"{path} is no record of format {RECORD_FORMAT}: {remedy}")
    try:
        return declare(RunRecord, values, str(path))
    except SchemaError as error:
        raise RecordError(f"{error}: {remedy}") from error


def find_conflict(records: Iterable[tuple[Path, RunRecord]]) -> str:
    """Half a sentence about the first task that two models made, by the records of one or more folders; or nothing."""
    makers: dict[str, tuple[Path, ModelRecord]] = {}
    for path, record in records:
        for model in record.models:
            for task in model.tasks:
                place, earlier = makers.setdefault(task, (path, model))
                if earlier.card != model.card:
                    return f"'{task}' is of two models, {_name(earlier)} ({place}) and {_name(model)} ({path})"
    return ""


def join_record(path: Path, record: RunRecord) -> None:
    """Write the record of a run into a folder that may have one; the tasks of earlier runs stay in it.

    Raises:
        RecordError: the folder holds the same task by another model.
        OutputError: the folder cannot be written.
    """
    if path.exists():
        earlier = read_record(path)
        if conflict := find_conflict([(path, earlier), (Path("this run"), record)]):
            raise RecordError(f"{conflict}: write into another folder, or remove this one")
        done = {task for model in record.models for task in model.tasks}
        kept = tuple(model for model in earlier.models if not done >= set(model.tasks))
        record = RunRecord(**{**vars(record), "models": (*kept, *record.models)})
    write_record(path, record)


def _name(model: ModelRecord) -> str:
    return f"'{model.name}' version {model.version}, card {model.card[:8]}"


def _make_plain(value: Any) -> Any:
    """A value that JSON has: paths become text."""
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, list | tuple):
        return [_make_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
