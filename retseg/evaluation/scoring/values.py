"""Score output values: each case against its true value, then all cases together, with intervals."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from retseg.challenge import Challenge, Compute, Socket
from retseg.challenge.own_code import load_function
from retseg.evaluation.inputs.checking import Checked, ScorableCase
from retseg.evaluation.inputs.reading import read_truth
from retseg.evaluation.inputs.values import list_value_sockets, read_value
from retseg.evaluation.scoring.evaluator import FieldsOfView, find_region
from retseg.evaluation.scoring.result import Summary, ValueScore
from retseg.image import Geometry
from retseg.image.reading import read_raster
from retseg.measures import COMPUTATIONS, Findings, compute_value, is_number, read_points
from retseg.metrics.resampling import draw_resamples, find_interval, resample_mean
from retseg.metrics.values import agree, match_points, rank_cases, weigh_kappa


def score_values(challenge: Challenge, checked: Checked) -> tuple[ValueScore, ...]:
    """The scores of all predicted values.

    Args:
        challenge: says how a true value is computed from the true masks.
        checked: the values, and the cases with their masks.

    Raises:
        ValueReadError: a file is not JSON.
        OwnCodeError: a function of the challenge's own fails.
    """
    cases = {case.name: case for case in checked.cases}
    sockets = {socket.slug: socket for socket in list_value_sockets(challenge)}
    scores = []
    for value in checked.values:
        socket = sockets[value.slug]
        assert socket.compute is not None
        wanted = read_value(value.truth) if value.truth else compute_truth(challenge, socket, cases[value.case])
        found = read_value(value.predicted)
        scores.append(ValueScore(value.case, value.slug, found, wanted, score_value(found, wanted, socket.compute)))
    return tuple(scores)


def describe_missing_values(challenge: Challenge, checked: Checked) -> tuple[str, ...]:
    """A sentence about the cases without a predicted value; none where every value is there."""
    known = {(value.case, value.slug) for value in checked.values}
    counts = {
        socket.slug: sum((case.name, socket.slug) not in known for case in checked.cases)
        for socket in list_value_sockets(challenge)
    }
    return tuple(
        f"{count} of {len(checked.cases)} cases have no value '{slug}' among the predictions, and its score lacks them."
        for slug, count in counts.items()
        if count
    )


def compute_truth(challenge: Challenge, socket: Socket, case: ScorableCase) -> Any:
    """The true value of a case, by the socket's function on its true masks."""
    how = socket.compute
    assert how is not None
    entries = {task: entry for task, entry in case.tasks.items() if entry.truth}
    rasters = [read_raster(entry.truth).geometry for entry in entries.values() if entry.truth and entry.part.volume < 0]
    size = _find_size(case)
    masks = {task: read_truth(entry.truth, size, entry.part) for task, entry in case.tasks.items()}
    empty = np.zeros((size[1], size[0]), np.bool_)
    masks |= {task: empty for task in challenge.tasks if task not in masks}
    region = find_region(case, empty.shape, challenge.view_rule, FieldsOfView())
    seen = np.ones_like(empty) if region is None else region
    geometry = rasters[0] if rasters else Geometry(size, (1.0, 1.0), (0.0, 0.0), (1.0, 0.0, 0.0, 1.0))
    own = None if how.function in COMPUTATIONS else load_function(how.function, challenge.directory)
    return compute_value(how.function, how.tasks, how.limits, Findings(masks, {}, seen, geometry), own)


def _find_size(case: ScorableCase) -> tuple[int, int]:
    """(width, height) of a case, from its predictions, which have the size of the truth."""
    entry = next(iter(case.tasks.values()))
    reading = entry.mask or entry.probability
    assert reading is not None
    shape = reading.source.read().shape
    return shape[1], shape[0]


def score_value(found: Any, wanted: Any, how: Compute) -> dict[str, float]:
    """The metrics of one value against the true one.

    Points have `points_found` (the share of true points with a predicted one within the tolerance, one to one) and
    `false_points`; every other value has `agreement` (1 where equal, or within the tolerance), and numbers have
    `absolute_error`.
    """
    if how.function == "points":
        points, true_points = read_points(found), read_points(wanted)
        if points is None or true_points is None:
            return {"points_found": 0.0}
        matched = match_points(points, true_points, how.tolerance)
        share = {"points_found": matched / len(true_points)} if len(true_points) else {}
        return {**share, "false_points": float(len(points) - matched)}
    scores = {"agreement": float(agree(found, wanted, how.tolerance))}
    if is_number(found) and is_number(wanted):
        scores["absolute_error"] = float(abs(found - wanted))
    return scores


def summarise_values(scores: Sequence[ValueScore], seed: int) -> dict[str, dict[str, Summary]]:
    """Slug, then metric: the mean over the cases with the 95 % interval of a bootstrap, as for masks.

    Grades also have `kappa` (quadratic weighted), and likelihoods `auc_roc` between the cases whose truth is above one
    half and the others; these two have no interval.
    """
    found: dict[str, dict[str, Summary]] = {}
    for slug in dict.fromkeys(score.slug for score in scores):
        column = [score for score in scores if score.slug == slug]
        names = dict.fromkeys(metric for score in column for metric in score.metrics)
        found[slug] = {metric: _average([s.metrics.get(metric, math.nan) for s in column], seed) for metric in names}
        found[slug] |= {metric: Summary(value, None, None, None) for metric, value in _rank(column)}
    return found


def _average(values: Sequence[float], seed: int) -> Summary:
    column = np.array(values)
    present = column[np.isfinite(column)]
    if present.size < 2:
        return Summary(float(present.mean()), None, None, None)
    interval = find_interval(resample_mean(column, draw_resamples(len(column), seed)))
    known = np.isfinite(interval.low)
    ends = (interval.low, interval.high) if known else (None, None)
    return Summary(float(present.mean()), float(present.std(ddof=1)), *ends)


def _rank(column: Iterable[ValueScore]) -> list[tuple[str, float]]:
    pairs = [(score.found, score.wanted) for score in column]
    if not pairs or not all(is_number(value) for pair in pairs for value in pair):
        return []
    found, wanted = (np.array(values, np.float64) for values in zip(*pairs, strict=True))
    if all(isinstance(value, int) for pair in pairs for value in pair):
        ranks = [("kappa", weigh_kappa(found.astype(np.int64), wanted.astype(np.int64)))]
    elif set(wanted) <= {0.0, 1.0}:
        ranks = [("auc_roc", rank_cases(found, wanted > 0.5))]
    else:
        ranks = []
    return [(metric, value) for metric, value in ranks if math.isfinite(value)]


def tabulate_values(scores: Iterable[ValueScore]) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Case, then slug, then metric."""
    rows: dict[str, dict[str, Mapping[str, float]]] = {}
    for score in scores:
        rows.setdefault(score.case, {})[score.slug] = score.metrics
    return rows
