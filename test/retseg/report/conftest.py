"""A small evaluation, made up on the spot: speckled images with a disc as the truth, predicted a little off."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from retseg.challenge.protocol import Protocol
from retseg.evaluation.scoring.result import CaseScore, Evaluation, Standing, Summary
from retseg.metrics.counts import count_confusion
from retseg.metrics.histograms import count_probabilities
from retseg.report import CaseLayers

PROTOCOL = Protocol(
    name="task1",
    title="Invented challenge, task 1",
    source="nowhere",
    region="frame",
    pooling="per_image",
    empty_truth="leave_out",
    headline="dice",
    metrics=("dice", "iou", "sensitivity", "hd95"),
    caveat="Comparable with nothing & nobody <yet>.",
    tie_break="iou",
)
ROWS = (("Alpha", 0.95), ("Beta", 0.4), ("Gamma", 0.1))
STANDING = Standing(2, 1, 3, 4, ROWS, "dice", "Invented standings", "nowhere & never", "2024-02-29")


def draw_case(seed: int, size: int, tasks: tuple[str, ...]) -> tuple[CaseLayers, dict[str, np.ndarray]]:
    """Layers of one case and the probability of each task; the last task's truth is empty in every third case."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    grey = 70 + 60 * np.exp(-((x - 0.5) ** 2 + (y - 0.5) ** 2) * 4) + 22 * random.standard_normal((size, size))
    truth, prediction, probability = {}, {}, {}
    for place, task in enumerate(tasks):
        cx, cy, radius = [*random.uniform(0.25, 0.75, 2), random.uniform(0.08, 0.2)]
        ripple = 0.02 * np.sin(40 * x + place) * np.sin(36 * y)
        truth[task] = np.hypot(x - cx, y - cy) + ripple < radius
        if len(tasks) > 1 and place == len(tasks) - 1 and seed % 3 == 0:
            truth[task] = np.zeros((size, size), bool)
        shift = random.normal(0, 0.03, 2)
        far = np.hypot(x - cx - shift[0], y - cy - shift[1]) + 0.6 * ripple - radius
        probability[task] = (1 / (1 + np.exp(far * 60))).astype(np.float32)
        prediction[task] = probability[task] >= 0.5
    image = np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    return CaseLayers(image, truth, prediction), probability


def score_case(name: str, layers: CaseLayers, probability: dict[str, np.ndarray] | None) -> list[CaseScore]:
    """Score every task of a case; an empty truth has no Dice, as `leave_out` wants it."""
    scores = []
    for task, truth in layers.truth.items():
        region = np.ones_like(truth)
        counts = count_confusion(layers.prediction[task], truth, region)
        histograms = None if probability is None else count_probabilities(probability[task], truth, region)
        metrics = {}
        if truth.any():
            metrics = {
                "dice": 2 * counts.tp / (2 * counts.tp + counts.fp + counts.fn),
                "iou": counts.tp / (counts.tp + counts.fp + counts.fn),
                "sensitivity": counts.tp / (counts.tp + counts.fn),
                "hd95": 12.34,
            }
        scores.append(CaseScore(name, task, counts, histograms, metrics))
    return scores


def summarise(scores: list[CaseScore], tasks: tuple[str, ...]) -> dict[str, dict[str, Summary]]:
    """Mean and s.d. per task, with a made-up interval around the mean."""
    aggregates: dict[str, dict[str, Summary]] = {}
    for task in tasks:
        for metric in ("dice", "iou", "sensitivity", "hd95"):
            values = [score.metrics[metric] for score in scores if score.task == task and metric in score.metrics]
            if values:
                mean, std = float(np.mean(values)), float(np.std(values))
                aggregates.setdefault(task, {})[metric] = Summary(mean, std, mean - std / 2, mean + std / 2)
    dices = [aggregates[task]["dice"].mean for task in tasks if "dice" in aggregates.get(task, {})]
    if dices:
        mean = float(np.mean(dices))
        aggregates["overall"] = {"dice": Summary(mean, None, mean - 0.05, min(1.0, mean + 0.05))}
    return aggregates


def make_evaluation(
    names: list[str], size: int, tasks: tuple[str, ...], probabilities: bool = True
) -> tuple[Evaluation, Callable[[str], CaseLayers]]:
    """An evaluation of drawn cases and what opens their layers, drawn anew at each call."""
    scores: list[CaseScore] = []
    for seed, name in enumerate(names):
        layers, probability = draw_case(seed, size, tasks)
        scores += score_case(name, layers, probability if probabilities else None)
    evaluation = Evaluation(
        challenge="Invented challenge",
        protocol=PROTOCOL,
        tasks=tasks,
        cases=tuple(scores),
        aggregates=summarise(scores, tasks),
        thresholds=dict.fromkeys(tasks, 0.4) if probabilities else {},
        warnings=(),
        standing=None,
    )
    return evaluation, lambda name: draw_case(names.index(name), size, tasks)[0]


LESIONS = ("irma", "nonperfusion", "neovascularization")


@pytest.fixture(scope="session")
def lesions() -> tuple[Evaluation, Callable[[str], CaseLayers]]:
    """Three tasks, seven cases of 128 x 128, probabilities, a standing and two warnings."""
    evaluation, open_layers = make_evaluation([f"case_{number}" for number in range(1, 8)], 128, LESIONS)
    warnings = ("This is not a test result: 3 images are in the model's training data.", "Scored without <case_9>.")
    return replace(evaluation, warnings=warnings, standing=STANDING), open_layers


@pytest.fixture(scope="session")
def vessels() -> tuple[Evaluation, Callable[[str], CaseLayers]]:
    """One task, four cases, masks only: nothing to draw a curve from."""
    return make_evaluation([f"{number}_test" for number in range(1, 5)], 96, ("vessel",), probabilities=False)
