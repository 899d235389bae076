"""Score one case under one or several protocols: truth and prediction in, counts and metrics out. No file is read."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.challenge.protocol import LESION_POOL, Protocol, SoftTruth
from retseg.evaluation.scoring.confusion import derive_metric, score_empty_truth
from retseg.evaluation.scoring.lesion_counts import count_lesion_table, derive_lesions
from retseg.evaluation.scoring.own_metrics import derive_own, measure_own
from retseg.evaluation.scoring.pr_grid import count_at_thresholds, integrate_pr
from retseg.evaluation.scoring.result import CaseScore
from retseg.evaluation.scoring.shapes import measure_shapes
from retseg.metrics.counts import Counts, Mask, count_confusion
from retseg.metrics.curves import auc_roc, average_precision, brier, ece
from retseg.metrics.derived import DERIVED
from retseg.metrics.histograms import Histograms, count_probabilities

Probability = NDArray[np.float32]


@dataclass(frozen=True)
class CaseMaps:
    """One case and task in memory, all of shape (H, W).

    Attributes:
        truth: bool, True where the vessel or lesion is.
        mask: bool, the prediction's own mask, or None where the probabilities are compared with a threshold.
        probability: float32 in [0, 1], or None where there is only a mask.
        field_of_view: bool, for the protocols that count inside it; None stands for the whole frame.
    """

    truth: Mask
    mask: Mask | None
    probability: Probability | None
    field_of_view: Mask | None


@dataclass(frozen=True)
class Measured:
    """The counts of one region and one number of grey levels, which several protocols share."""

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
        name: of the case.
        task: that is scored.
        maps: truth and prediction.
        protocols: the rules.
        threshold: makes a mask of the probabilities where there is no mask; each protocol's own when None.

    Returns:
        Protocol name to score. Protocols of one region and number of grey levels share their histograms.

    Raises:
        ValueError: there is neither a mask nor a probability, or the shapes differ.
    """
    shared: dict[tuple[str, int, float], Measured] = {}
    counted: dict[tuple[str, int], Histograms | None] = {}
    scores = {}
    for protocol in protocols:
        applied = protocol.threshold if threshold is None else threshold
        if protocol.soft_truth is not None:
            counts = count_against_soft_truth(maps, protocol.soft_truth)
            scores[protocol.name] = complete_score(CaseScore(name, task, counts, None, {}), {}, protocol)
            continue
        key = (protocol.region, protocol.levels, applied)
        if key not in shared:
            shared[key] = measure(maps, protocol, applied, counted.get(key[:2]))
            counted[key[:2]] = shared[key].histograms
        found = shared[key]
        grid = None
        if protocol.pr_grid is not None and found.probability is not None and found.histograms is not None:
            grid = count_at_thresholds(found.probability, found.histograms, maps.truth, found.region, protocol.pr_grid)
        shapes = measure_shapes(found.mask, maps.truth, found.region, protocol.metrics)
        shapes |= measure_own(protocol, found.mask, maps.truth, found.region)
        lesions = count_lesion_table(found.mask, found.probability, maps.truth, found.region, protocol.metrics)
        score = CaseScore(name, task, found.counts, found.histograms, {}, grid, lesions)
        scores[protocol.name] = complete_score(score, shapes, protocol)
    return scores


def measure(maps: CaseMaps, protocol: Protocol, threshold: float, counted: Histograms | None = None) -> Measured:
    """Count the pixels of the protocol's region.

    Args:
        maps: truth and prediction.
        protocol: gives the region and the number of grey levels.
        threshold: makes a mask of the probabilities where there is no mask.
        counted: the histograms of this region and number of levels, where they were made before.

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
    histograms = counted
    if histograms is None and probability is not None:
        histograms = count_probabilities(probability, maps.truth, region)
    return Measured(mask, probability, region, count_confusion(mask, maps.truth, region), histograms)


def quantise(probability: Probability, levels: int) -> Probability:
    """Round probabilities to `levels` grey levels of equal distance from 0 to 1; 0 levels change nothing."""
    if levels == 0:
        return probability
    rounded = probability * np.float32(levels - 1)
    np.rint(rounded, out=rounded)
    rounded /= np.float32(levels - 1)
    return rounded


def count_against_soft_truth(maps: CaseMaps, soft: SoftTruth) -> Counts:
    """Counts of a resized prediction, a mask above 0.5, against a truth that the same resize has turned grey.

    A pixel whose truth is neither 0 nor 1 counts as wrong whatever is predicted, as in Keras's binary accuracy, which
    compares for equality.

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


def complete_score(score: CaseScore, shapes: Mapping[str, float], protocol: Protocol) -> CaseScore:
    """The score with the protocol's metrics, by its rule for an empty truth, and whether it belongs to the pool.

    Args:
        score: with counts, histograms and grid.
        shapes: the metrics that need the shape of the masks.
        protocol: names the metrics.
    """
    empty = score.counts.tp + score.counts.fn == 0
    values = {**(_describe_empty_truth(score, protocol) if empty else _derive(score, protocol)), **shapes}
    if not empty or protocol.empty_truth != "leave_out":
        counted = [metric for metric in protocol.own_metric if metric.of == "counts"]
        values |= {metric.name: float(derive_own(metric, protocol, score.counts.as_row())) for metric in counted}
    if score.lesions is not None:
        values |= {metric: float(derive_lesions(metric, score.lesions)) for metric in LESION_POOL}
    finite: dict[str, float] = {m: float(values[m]) for m in protocol.metrics if math.isfinite(values.get(m, math.nan))}
    return replace(score, metrics=finite, in_pool=not (empty and protocol.empty_truth == "leave_out"))


def _derive(score: CaseScore, protocol: Protocol) -> dict[str, float]:
    """All metrics that follow from the counts, histograms and grid of a score; nan where undefined."""
    row, histograms = score.counts.as_row(), score.histograms
    values = {metric: float(derive_metric(metric, row, protocol.smoothing)) for metric in DERIVED}
    if histograms is not None:
        values |= {"auc_roc": auc_roc(histograms), "ap": average_precision(histograms)}
        values |= {"ece": ece(histograms), "brier": brier(histograms)}
    if score.grid is not None and protocol.pr_grid is not None:
        values["auc_pr"] = float(integrate_pr(score.grid, protocol.pr_grid))
    return values


def _describe_empty_truth(score: CaseScore, protocol: Protocol) -> dict[str, float]:
    """The metrics of a case whose truth is empty, false alarms among them."""
    counts, pixels = score.counts, score.counts.fp + score.counts.tn
    row = counts.as_row()
    values = {metric: float(score_empty_truth(metric, row, protocol.empty_truth)) for metric in DERIVED}
    values["empty_truth_false_alarm"] = float(counts.fp > 0)
    values["empty_truth_predicted_area"] = counts.fp / pixels if pixels else math.nan
    return values
