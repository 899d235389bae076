"""Score out-of-fold predictions by protocols, as `evaluate.py` scores predictions."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.aggregate import estimate, summarise
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.evaluation.scoring.result import CaseScore
from retseg.metrics.derived import DERIVED
from retseg.models import MaskRule, Score
from train.config.protocols import MEAN, POOLED, find_protocols
from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.model.out_of_fold import cut_mask, read_prediction, to_probability

BOOTSTRAP_SEED = 0
CURVES = {"auc_roc", "ap", "auc_pr", "ece", "brier"}
LARGE_SHARE = 0.25
"""If one image holds this share of all true pixels, pooled scores are also given without it."""
OWN_METRICS = {POOLED: ("f1", "auc_roc", "ap"), MEAN: ("dice",)}
"""The metrics on a card, by the protocols for held-out images."""


def score_held_out(
    recipe: Recipe,
    images: Sequence[TrainingImage],
    predictions: Path,
    protocols: Sequence[Protocol],
    rules: Mapping[str, MaskRule],
) -> dict[str, list[CaseScore]]:
    """Score each image and task under each protocol.

    Args:
        recipe: gives the tasks.
        images: with their truth.
        predictions: the folder of the out-of-fold predictions.
        protocols: to score by; a task without a rule gets the threshold of the protocol.
        rules: threshold and minimum component size, task by task.

    Returns:
        The name of each protocol, and the score of each image and task.
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
    """A score without its histograms, which are a megabyte each; no metric of its protocol needs them."""
    return dataclasses.replace(score, histograms=None)


def list_scores(
    recipe: Recipe, images: Sequence[TrainingImage], predictions: Path, rules: Mapping[str, MaskRule]
) -> tuple[Score, ...]:
    """The scores of held-out images that a card shows, task by task.

    Args:
        recipe: gives the tasks and more protocols.
        images: with their truth.
        predictions: the folder of the out-of-fold predictions.
        rules: threshold and minimum component size of each task, chosen on these images.

    Returns:
        F1, AUC-ROC and average precision of all pixels together, and the mean Dice, by the protocols for held-out
        images; then the headline of each protocol of the recipe. If one image holds a quarter or more of all true
        pixels, a pooled headline of the recipe is given a second time, without that image.
    """
    own = find_protocols((POOLED, MEAN))
    others = find_protocols(recipe.protocols)
    found = score_held_out(recipe, images, predictions, (*own, *others), rules)
    rows = []
    for protocol in (*own, *others):
        text = f"{protocol.name}, {recipe.held_out_description}"
        for task in recipe.tasks:
            here = [score for score in found[protocol.name] if score.task == task]
            if protocol in own:
                at = dict.fromkeys(DERIVED, f"{text}, threshold chosen on them")
                for metric in OWN_METRICS[protocol.name]:
                    rows += _summarise(here, protocol, metric, at.get(metric, text))
                continue
            rows += _summarise(here, protocol, protocol.headline, text)
            name, share = find_largest(here)
            if protocol.pooling == "pooled" and share >= LARGE_SHARE:
                rest = [score for score in here if score.name != name]
                without = f"without {Path(name).name}, which holds {share:.0%} of the true pixels"
                rows += _summarise(rest, protocol, protocol.headline, f"{text}, {without}")
    return tuple(rows)


def find_largest(scores: Sequence[CaseScore]) -> tuple[str, float]:
    """The name of the case with the most true pixels, and its share of all true pixels; "" and 0 without any."""
    pixels = {score.name: score.counts.tp + score.counts.fn for score in scores}
    name = max(pixels, key=lambda each: pixels[each], default="")
    total = sum(pixels.values())
    return (name, pixels[name] / total) if total else ("", 0.0)


def _summarise(scores: Sequence[CaseScore], protocol: Protocol, metric: str, text: str) -> list[Score]:
    """A metric of one task's scores with its interval; no row if it has no value."""
    task = scores[0].task
    found = summarise(estimate(scores, [task], protocol, BOOTSTRAP_SEED))[task].get(metric)
    if found is None:
        return []
    low, high = (found.mean if end is None else end for end in (found.ci95_low, found.ci95_high))
    return [Score(task, metric, found.mean, low, high, text)]
