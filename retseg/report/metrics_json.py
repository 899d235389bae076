"""`metrics.json`: what leaderboards and programs read. Numbers are finite or absent, keys hold no dots."""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from retseg import __version__
from retseg.evaluation.scoring.comparison import Differences
from retseg.evaluation.scoring.result import Evaluation, Summary


def describe(
    evaluation: Evaluation, beside: Iterable[Evaluation] = (), comparison: Differences | None = None
) -> dict[str, Any]:
    """The content of `metrics.json`.

    Args:
        evaluation: of the protocol that was asked for; its numbers stand under `aggregates` and `results`.
        beside: the same predictions under other protocols, each under `beside.<protocol>`.
        comparison: with another set of predictions, under the same protocol.
    """
    document = {"version": __version__, "challenge": evaluation.challenge, **_describe_one(evaluation)}
    if evaluation.standing is not None:
        document["standing"] = dataclasses.asdict(evaluation.standing)
    if comparison is not None:
        document["comparison"] = {
            task: {metric: dataclasses.asdict(difference) for metric, difference in metrics.items()}
            for task, metrics in comparison.items()
        }
    others = {other.protocol.name: _describe_one(other) for other in beside}
    if others:
        document["beside"] = others
    finite: dict[str, Any] = keep_finite(document)
    return finite


def write_metrics(path: Path, document: Mapping[str, Any]) -> None:
    """Write the document beside `path` and rename it into place.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)


def keep_finite(value: Any) -> Any:
    """A copy without None, nan and infinity in its tables, and with `_` for a dot in their keys."""
    if isinstance(value, Mapping):
        kept = {str(key).replace(".", "_"): keep_finite(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None}
    if isinstance(value, list | tuple):
        return [keep_finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _describe_one(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "aggregates": {
            task: {metric: _describe_summary(summary) for metric, summary in metrics.items()}
            for task, metrics in evaluation.aggregates.items()
        },
        "results": _describe_cases(evaluation),
        "protocol": dataclasses.asdict(evaluation.protocol),
        "thresholds": dict(evaluation.thresholds),
        "warnings": list(evaluation.warnings),
    }


def _describe_summary(summary: Summary) -> dict[str, float | None]:
    return dataclasses.asdict(summary)


def _describe_cases(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for score in evaluation.cases:
        rows.setdefault(score.name, {"name": score.name})[score.task] = dict(score.metrics)
    return list(rows.values())
