"""`run.json` of a cohort: one output is of one set of models and options, from its first row to its last."""

from dataclasses import asdict
from pathlib import Path

from retseg.cohort.item import CohortError
from retseg.models.record import RECORD_NAME, RunRecord, read_record, write_record

FREE = {"workers", "part", "retry", "timeout", "memory", "ray"}
"""Options that change no value of a row."""


def keep_record(output: Path, record: RunRecord) -> None:
    """Write the record of a new output; an output that was begun with other models or options is refused.

    Raises:
        CohortError: names what differs.
        RecordError: the record there cannot be read.
        OutputError: the folder cannot be written.
    """
    path = output / RECORD_NAME
    if not path.exists():
        write_record(path, record)
        return
    change = find_change(read_record(path), record)
    if change:
        raise CohortError(f"{output} was begun with another {change}: give a new --output")


def find_change(earlier: RunRecord, now: RunRecord) -> str:
    """The first thing that would change rows, as half a sentence; empty where nothing would."""
    for name in ("command", "version", "challenge"):
        if getattr(earlier, name) != getattr(now, name):
            return f"{name} ('{getattr(earlier, name)}', now '{getattr(now, name)}')"
    for before, after in zip(earlier.models, now.models, strict=False):
        if asdict(before) | {"tasks": None} != asdict(after) | {"tasks": None}:
            return f"model ('{before.name}' {before.card[:8]}, now '{after.name}' {after.card[:8]})"
    tasks = [sorted(task for model in record.models for task in model.tasks) for record in (earlier, now)]
    if tasks[0] != tasks[1]:
        return f"set of tasks ({', '.join(tasks[0])}, now {', '.join(tasks[1])})"
    for name in sorted({*earlier.options, *now.options} - FREE - {"task"}):
        if earlier.options.get(name) != now.options.get(name):
            return f"--{name.replace('_', '-')} ({earlier.options.get(name)}, now {now.options.get(name)})"
    return ""
