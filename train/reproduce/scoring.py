"""Score the images of an experiment by its protocols: the numbers, the score of each image, and the resamples."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.aggregate import Estimates, estimate, summarise
from retseg.evaluation.scoring.break_even import move_to_break_even
from retseg.evaluation.scoring.result import CaseScore, Summary
from train.config.protocols import find_protocols
from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.model.scoring import BOOTSTRAP_SEED, score_held_out
from train.reproduce.published import Measure

KEPT_RESAMPLES = 400
"""Of the resamples of a bootstrap over images, the first ones. Results of the same images have the same resamples."""


@dataclass(frozen=True)
class ScoredImages:
    """The scores of the images of one experiment.

    Attributes:
        protocols: name of a protocol to its title, its rules and, for each task, its metrics.
        rows: protocol, task, image, counts and metrics of each image, for a table.
        replicates: a measure to its value in each of the kept resamples, float64, (resamples,).
    """

    protocols: dict[str, Any]
    rows: tuple[dict[str, object], ...]
    replicates: dict[Measure, NDArray[np.float64]]


def score_images(
    recipe: Recipe, images: Sequence[TrainingImage], predictions: Path, shown: Collection[tuple[str, str]]
) -> ScoredImages:
    """Score the stored predictions of images by all protocols of a recipe.

    Args:
        recipe: gives the tasks and the protocols.
        images: with their truth.
        predictions: the folder of the predictions.
        shown: (protocol, metric) pairs whose resamples are kept.
    """
    protocols = find_protocols(recipe.protocols)
    scores = score_held_out(recipe, images, predictions, protocols, {})
    documents: dict[str, Any] = {}
    rows: list[dict[str, object]] = []
    replicates: dict[Measure, NDArray[np.float64]] = {}
    for protocol in protocols:
        cases: Sequence[CaseScore] = scores[protocol.name]
        if protocol.threshold_rule == "break_even":
            cases, _ = move_to_break_even(cases, protocol)
        found = estimate(cases, recipe.tasks, protocol, BOOTSTRAP_SEED)
        documents[protocol.name] = describe_protocol(protocol, found, recipe.tasks)
        rows += [row for row in list_rows(protocol, cases) if not is_listed(row, rows)]
        replicates |= keep_replicates(recipe, protocol, found, shown)
    return ScoredImages(documents, tuple(rows), replicates)


def describe_protocol(protocol: Protocol, found: Estimates, tasks: Sequence[str]) -> dict[str, Any]:
    """The rules and the numbers of one protocol: value, 95 % interval over images, s.d. over images."""
    summaries = summarise(found)
    return {
        "title": protocol.title,
        "region": protocol.region,
        "pooling": protocol.pooling,
        "threshold": protocol.threshold if protocol.threshold_rule == "fixed" else protocol.threshold_rule,
        "tasks": {task: {metric: _round(s) for metric, s in summaries[task].items()} for task in tasks},
    }


def is_listed(row: Mapping[str, object], rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether a row of an earlier protocol says the same. Protocols that differ in the pooling have the same rows."""
    return any({**other, "protocol": row["protocol"]} == row for other in rows)


def list_rows(protocol: Protocol, cases: Sequence[CaseScore]) -> list[dict[str, object]]:
    """A row for each image and task: the counts of pixels, and the metrics of the image alone."""
    return [
        {
            "protocol": protocol.name,
            "task": score.task,
            "image": score.name,
            **dataclasses.asdict(score.counts),
            **{metric: round(value, 5) for metric, value in score.metrics.items()},
        }
        for score in cases
    ]


def keep_replicates(
    recipe: Recipe, protocol: Protocol, found: Estimates, shown: Collection[tuple[str, str]]
) -> dict[Measure, NDArray[np.float64]]:
    """The first resamples of the metrics that are shown; none of a metric without a resample."""
    return {
        Measure(recipe.name, protocol.name, metric, task): each.replicates[:KEPT_RESAMPLES]
        for task in recipe.tasks
        for metric, each in found[task].items()
        if (protocol.name, metric) in shown and each.replicates.size
    }


def _round(summary: Summary) -> dict[str, float]:
    names = {"mean": "value", "std": "std", "ci95_low": "low", "ci95_high": "high"}
    values: Mapping[str, float | None] = dataclasses.asdict(summary)
    return {name: round(value, 6) for key, name in names.items() if (value := values[key]) is not None}
