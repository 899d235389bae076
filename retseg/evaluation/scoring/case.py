"""One case under one or several protocols: maps in, counts and metrics out. Nothing here reads a file."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import PrGrid, Protocol, SoftTruth
from retseg.evaluation.scoring.result import CaseScore
from retseg.evaluation.scoring.shapes import measure_shapes
from retseg.metrics.counts import Counts, count_confusion
from retseg.metrics.curves import auc_roc, average_precision, brier, ece, integrate_grid, read_grid
from retseg.metrics.derived import DERIVED
from retseg.metrics.histograms import Histograms, count_grid, count_probabilities, find_exact_bins

Mask = NDArray[np.bool_]
Probability = NDArray[np.float32]
NEEDS_TRUTH = ("sensitivity", "mcc", "kappa", "balanced_accuracy", "auc_roc", "ap", "auc_pr", "ece", "brier")
OVERLAPS = ("dice", "iou", "f1", "mean_iou", "precision")


@dataclass(frozen=True)
class CaseMaps:
    """One case and task in memory, all of shape (H, W).

    Attributes:
        truth: True where the vessel or lesion is.
        mask: the prediction's own mask, or None to cut the probabilities.
        probability: float32 in [0, 1], or None where there is only a mask.
        field_of_view: for the protocols that count inside it; None stands for the whole frame.
    """

    truth: Mask
    mask: Mask | None
    probability: Probability | None
    field_of_view: Mask | None


@dataclass(frozen=True)
class Measured:
    """What protocols of one region and one number of grey levels share, counted once."""

    mask: Mask
    probability: Probability | None
    region: Mask | None
    counts: Counts
    histograms: Histograms | None


def score_case(
    name: str, task: str, maps: CaseMaps, protocols: Iterable[Protocol], threshold: float | None
) -> dict[str, CaseScore]:
    """Score one case and task.

    Args:
        name, task: what is scored.
        maps: truth and prediction.
        protocols: the rules.
        threshold: cuts the probabilities where there is no mask; that of each protocol when None.

    Returns:
        Protocol name to score; what protocols have in common is held once in memory.

    Raises:
        ValueError: there is neither a mask nor a probability, or the shapes differ.
    """
    shared: dict[tuple[str, int, float], Measured] = {}
    scores = {}
    for protocol in protocols:
        cut = protocol.threshold if threshold is None else threshold
        if protocol.soft_truth is not None:
            counts = count_against_soft_truth(maps, protocol.soft_truth)
            scores[protocol.name] = finish(CaseScore(name, task, counts, None, {}), {}, protocol)
            continue
        key = (protocol.region, protocol.levels, cut)
        if key not in shared:
            shared[key] = measure(maps, protocol, cut)
        seen = shared[key]
        grid = count_on_grid(seen, maps.truth, protocol.pr_grid) if protocol.pr_grid else None
        shapes = measure_shapes(seen.mask, maps.truth, seen.region, protocol.metrics)
        score = CaseScore(name, task, seen.counts, seen.histograms, {}, grid)
        scores[protocol.name] = finish(score, shapes, protocol)
    return scores


def measure(maps: CaseMaps, protocol: Protocol, threshold: float) -> Measured:
    """Count the pixels of the protocol's region once.

    Raises:
        ValueError: there is neither a mask nor a probability, or the shapes differ.
    """
    region = maps.field_of_view if protocol.region == "field_of_view" else None
    probability = None if maps.probability is None else quantise(maps.probability, protocol.levels)
    if maps.mask is not None:
        mask = maps.mask
    elif probability is not None:
        mask = np.asarray(probability >= np.float32(threshold))
    else:
        raise ValueError("there is neither a mask nor a probability to score")
    histograms = None if probability is None else count_probabilities(probability, maps.truth, region)
    return Measured(mask, probability, region, count_confusion(mask, maps.truth, region), histograms)


def quantise(probability: Probability, levels: int) -> Probability:
    """Round probabilities to `levels` even grey levels from 0 to 1; 0 levels change nothing."""
    if levels == 0:
        return probability
    rounded = probability * np.float32(levels - 1)
    np.rint(rounded, out=rounded)
    rounded /= np.float32(levels - 1)
    return rounded


def list_thresholds(grid: PrGrid) -> NDArray[np.float64]:
    """(T,) the thresholds t of a grid such that `p >= t` is what the grid asks, in float32."""
    thresholds = np.arange(grid.thresholds) / (grid.thresholds - 1) / grid.scale
    if grid.comparison == "above":
        return np.nextafter(thresholds.astype(np.float32), np.float32(np.inf)).astype(np.float64)
    return np.asarray(thresholds)


def count_on_grid(seen: Measured, truth: Mask, grid: PrGrid) -> NDArray[np.int64] | None:
    """(T, 4) counts tp, fp, fn, tn at the thresholds of a grid: from the histogram where its edges allow."""
    if seen.probability is None or seen.histograms is None:
        return None
    thresholds = list_thresholds(grid)
    try:
        find_exact_bins(thresholds)
    except ValueError:
        return count_grid(seen.probability, truth, seen.region, thresholds)
    return read_grid(seen.histograms, thresholds)


def integrate_pr(table: NDArray[np.number], grid: PrGrid) -> NDArray[np.float64]:
    """Area under the PR curve of (..., T, 4) counts by the conventions of `grid`: (...)."""
    values = np.array(table, dtype=np.float64)
    if grid.zero_points == "skip":
        values[..., 1] = np.where(values[..., 0] == 0, 0, values[..., 1])  # nothing predicted there: left out
    return integrate_grid(values, grid.integration)


def count_against_soft_truth(maps: CaseMaps, soft: SoftTruth) -> Counts:
    """Counts of a resized prediction, cut above 0.5, against a truth that the same resize has turned grey.

    A pixel whose truth is neither 0 nor 1 is wrong whatever is predicted, as in Keras's binary accuracy, which compares
    for equality.

    Raises:
        ValueError: there is neither a mask nor a probability.
    """
    prediction = maps.mask if maps.probability is None else maps.probability
    if prediction is None:
        raise ValueError("there is neither a mask nor a probability to score")
    target = maps.truth.astype(np.uint8) * 255
    values = np.ascontiguousarray(prediction, dtype=np.float32)
    for size in soft.sizes:
        target = cv2.resize(target, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
        values = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR).astype(np.float32)
    predicted = values > 0.5
    tp, tn = int((predicted & (target == 255)).sum()), int((~predicted & (target == 0)).sum())
    return Counts(tp, int(predicted.sum()) - tp, int((~predicted).sum()) - tn, tn)


def recount_at_bin(score: CaseScore, first_bin: int, protocol: Protocol) -> CaseScore:
    """The same case with the histogram's bins from `first_bin` on as its mask."""
    if score.histograms is None:
        return score
    positives, negatives = score.histograms.positives, score.histograms.negatives
    tp, fp = int(positives[first_bin:].sum()), int(negatives[first_bin:].sum())
    counts = Counts(tp, fp, int(positives.sum()) - tp, int(negatives.sum()) - fp)
    return finish(replace(score, counts=counts), {}, protocol)


def find_break_even(pool: Histograms) -> int:
    """The first bin of the mask whose precision and recall are nearest to each other: as many predicted as true."""
    predicted = np.cumsum((pool.positives + pool.negatives)[::-1], dtype=np.int64)[::-1]
    return int(np.argmin(np.abs(predicted - pool.positives.sum())))


def finish(score: CaseScore, shapes: Mapping[str, float], protocol: Protocol) -> CaseScore:
    """Fill in what follows from the counts: the wanted metrics, the rule for an empty truth, the place in the pool."""
    values = {**derive(score, protocol), **shapes}
    empty = score.counts.tp + score.counts.fn == 0
    if empty:
        values = apply_empty_rule(values, score.counts, protocol)
    finite: dict[str, float] = {m: float(values[m]) for m in protocol.metrics if math.isfinite(values.get(m, math.nan))}
    return replace(score, metrics=finite, in_pool=not (empty and protocol.empty_truth == "leave_out"))


def derive(score: CaseScore, protocol: Protocol) -> dict[str, float]:
    """All metrics that follow from the counts, histograms and grid of a score; nan where undefined."""
    counts, histograms = score.counts, score.histograms
    values = {name: metric(counts) for name, metric in DERIVED.items()}
    if protocol.smoothing:
        add = protocol.smoothing
        values["dice"] = (2 * counts.tp + add) / (2 * counts.tp + counts.fp + counts.fn + add)
        values["iou"] = (counts.tp + add) / (counts.tp + counts.fp + counts.fn + add)
    if histograms is not None:
        values |= {"auc_roc": auc_roc(histograms), "ap": average_precision(histograms)}
        values |= {"ece": ece(histograms), "brier": brier(histograms)}
    if score.grid is not None and protocol.pr_grid is not None:
        values["auc_pr"] = float(integrate_pr(score.grid, protocol.pr_grid))
    return values


def apply_empty_rule(values: Mapping[str, float], counts: Counts, protocol: Protocol) -> dict[str, float]:
    """The metrics of a case whose truth is empty, by the protocol's rule; see `Protocol.empty_truth`."""
    pixels = counts.fp + counts.tn
    kept = {name: value for name, value in values.items() if name not in (*NEEDS_TRUTH, *OVERLAPS)}
    kept["empty_truth_false_alarm"] = float(counts.fp > 0)
    kept["empty_truth_predicted_area"] = counts.fp / pixels if pixels else math.nan
    if protocol.empty_truth in ("one", "zero"):
        overlap = float(protocol.empty_truth == "one" and counts.fp == 0)
        background = DERIVED["specificity"](counts)
        kept |= {"dice": overlap, "iou": overlap, "f1": overlap, "mean_iou": (overlap + background) / 2}
        kept["precision"] = values["precision"]
    return kept
