"""`metrics.json`, which leaderboards and programs read. Numbers are finite or absent, and keys have no dots."""

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from retseg import __version__
from retseg.evaluation.scoring.comparison import Differences
from retseg.evaluation.scoring.result import Evaluation, Summary
from retseg.files import replacing
from retseg.report.curves import gather_frocs


def describe(
    evaluation: Evaluation, beside: Iterable[Evaluation] = (), comparison: Differences | None = None
) -> dict[str, Any]:
    """The content of `metrics.json`.

    Args:
        evaluation: by the protocol that was asked for; its numbers are under `aggregates` and `results`.
        beside: of the same predictions by other protocols, each under `beside.<protocol>`.
        comparison: with another set of predictions, by the same protocol.
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
    """Write the document as JSON.

    Raises:
        OutputError: it cannot be written.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")


def keep_finite(value: Any) -> Any:
    """A copy whose tables have no None, nan or infinity, and whose keys have `_` in place of a dot."""
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
            for task, metrics in {**evaluation.aggregates, **evaluation.value_aggregates}.items()
        },
        "results": _describe_cases(evaluation),
        **_describe_frocs(evaluation),
        "protocol": evaluation.protocol.describe(),
        "thresholds": dict(evaluation.thresholds),
        "warnings": list(evaluation.warnings),
    }


def _describe_frocs(evaluation: Evaluation) -> dict[str, Any]:
    """The FROC curve of each task, where the protocol counts lesions at all thresholds."""
    curves = {
        froc.task: {
            "thresholds": froc.curve.thresholds.tolist(),
            "false_lesions_per_image": froc.curve.false_positives.tolist(),
            "lesions_found": froc.curve.sensitivity.tolist(),
        }
        for froc in gather_frocs(evaluation)
    }
    return {"froc": curves} if curves else {}


def _describe_summary(summary: Summary) -> dict[str, float | None]:
    return dataclasses.asdict(summary)


def _describe_cases(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for score in evaluation.cases:
        rows.setdefault(score.name, {"name": score.name})[score.task] = dict(score.metrics)
    for value in evaluation.values:
        scores = {**value.metrics, "value": value.found, "truth": value.wanted}
        rows.setdefault(value.case, {"name": value.case})[value.slug] = scores
    return list(rows.values())
