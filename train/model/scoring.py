"""Predictions for images that a network never saw, scored by protocols as `evaluate.py` scores them."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.aggregate import estimate, summarise
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.evaluation.scoring.result import CaseScore
from retseg.models import MaskRule, Score
from train.config.protocols import find_protocols
from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.model.out_of_fold import cut_mask, read_prediction, to_probability

BOOTSTRAP_SEED = 0
CURVES = {"auc_roc", "ap", "auc_pr", "ece", "brier"}
LARGE_SHARE = 0.25
"""Where one image holds this share of all true pixels, pooled scores are given without it too."""


def score_held_out(
    recipe: Recipe,
    images: Sequence[TrainingImage],
    predictions: Path,
    protocols: Sequence[Protocol],
    rules: Mapping[str, MaskRule],
) -> dict[str, list[CaseScore]]:
    """Each image and task under each protocol.

    Args:
        recipe: gives the tasks.
        images: with their truth.
        predictions: where `predict_held_out` wrote theirs.
        protocols: the rules.
        rules: the model's own for its masks, task by task; other maps are cut at the protocol's threshold.
    """
    scores: dict[str, list[CaseScore]] = {protocol.name: [] for protocol in protocols}
    for image in images:
        found = read_prediction(predictions, image)
        name = f"{image.case.data_set}/{image.case.name}"
        for number, task in enumerate(recipe.tasks):
            probability = to_probability(found[number])
            mask = cut_mask(probability, rules[task], image, recipe) if task in rules else None
            maps = CaseMaps(image.truth[number], mask, probability, image.field_of_view)
            for key, score in score_case(name, task, maps, protocols, None).items():
                kept = next(p for p in protocols if p.name == key)
                slim = score if CURVES & set(kept.metrics) or kept.threshold_rule != "fixed" else _slim(score)
                scores[key].append(slim)
    return scores


def _slim(score: CaseScore) -> CaseScore:
    """A score without the histograms that no metric of its protocol needs: a megabyte each."""
    return dataclasses.replace(score, histograms=None)


def list_scores(
    recipe: Recipe, images: Sequence[TrainingImage], predictions: Path, rules: Mapping[str, MaskRule]
) -> tuple[Score, ...]:
    """What a card says of the images that were held out: the headline of each protocol of the recipe, task by task.

    A pooled headline comes a second time, without the image that holds a quarter or more of all true pixels, where
    there is one.
    """
    protocols = find_protocols(recipe.protocols)
    found = score_held_out(recipe, images, predictions, protocols, rules)
    whose = recipe.held_out_description
    rows = []
    for protocol in protocols:
        for task in recipe.tasks:
            here = [score for score in found[protocol.name] if score.task == task]
            rows += _summarise(here, protocol, f"{protocol.name}, {whose}")
            name, share = find_largest(here)
            if protocol.pooling == "pooled" and share >= LARGE_SHARE:
                rest = [score for score in here if score.name != name]
                words = f"without {Path(name).name}, which holds {share:.0%} of the true pixels"
                rows += _summarise(rest, protocol, f"{protocol.name}, {whose}, {words}")
    return tuple(rows)


def find_largest(scores: Sequence[CaseScore]) -> tuple[str, float]:
    """The name of the case with the most true pixels, and its share of all of them; none and 0 where there are none."""
    pixels = {score.name: score.counts.tp + score.counts.fn for score in scores}
    name = max(pixels, key=lambda each: pixels[each], default="")
    total = sum(pixels.values())
    return (name, pixels[name] / total) if total else ("", 0.0)


def _summarise(scores: Sequence[CaseScore], protocol: Protocol, words: str) -> list[Score]:
    """The headline of one task's scores with its interval; no row where it has no value."""
    task = scores[0].task
    found = summarise(estimate(scores, [task], protocol, BOOTSTRAP_SEED))[task].get(protocol.headline)
    if found is None:
        return []
    low, high = (found.mean if bound is None else bound for bound in (found.ci95_low, found.ci95_high))
    return [Score(task, protocol.headline, found.mean, low, high, words)]
