"""Score every case, one at a time in memory, under several protocols at once, and sum up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import Challenge
from retseg.challenge.protocol import Protocol
from retseg.errors import naming
from retseg.evaluation.inputs.checking import Checked, ScorableCase, ScorableTask, read_truth
from retseg.evaluation.scoring.aggregate import Estimates, estimate, pool_histograms, summarise
from retseg.evaluation.scoring.case import CaseMaps, find_break_even, recount_at_bin, score_case
from retseg.evaluation.scoring.literal import describe_literal_scores
from retseg.evaluation.scoring.result import CaseScore, Evaluation
from retseg.image import find_field_of_view, read_image, read_mask
from retseg.metrics.histograms import find_lower_edges

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Scores:
    """All cases under one protocol, and the thresholds that made masks of probabilities.

    Attributes:
        cases: of all cases and tasks.
        thresholds: per task whose predictions are probabilities and whose threshold is known.
        warnings: what came up while scoring.
    """

    protocol: Protocol
    cases: tuple[CaseScore, ...]
    thresholds: Mapping[str, float]
    warnings: tuple[str, ...]


@dataclass
class Notes:
    """Names of the cases that something was found of, gathered while scoring."""

    without_field_of_view: list[str] = field(default_factory=list)
    found_field_of_view: list[str] = field(default_factory=list)

    def describe(self) -> Iterator[str]:
        """One sentence for each kind of case."""
        if self.without_field_of_view:
            yield (
                f"No field of view for {_name_some(self.without_field_of_view)}: neither a mask of it nor the "
                "photograph, of the size of the truth, is beside it, so the whole frame was counted."
            )
        if self.found_field_of_view:
            yield (
                f"The field of view of {_name_some(self.found_field_of_view)} was found from the photograph, since "
                "no mask of it is beside the truth."
            )


def score_cases(
    challenge: Challenge, checked: Checked, protocols: Sequence[Protocol], thresholds: Mapping[str, float]
) -> tuple[Scores, ...]:
    """Score all cases under each protocol; one case and task is in memory at a time.

    Args:
        challenge: gives the tasks and their order.
        checked: what can be scored.
        protocols: all are served by one reading of each file.
        thresholds: task to the threshold of its model; the protocol's own for other tasks.

    Raises:
        ImageError, SourceError: a file has become unreadable since it was checked.
    """
    notes = Notes()
    found: dict[str, list[CaseScore]] = {protocol.name: [] for protocol in protocols}
    inside = any(protocol.region == "field_of_view" for protocol in protocols)
    for case in checked.cases:
        view: Mask | None = None
        for place, task in enumerate(task for task in challenge.tasks if task in case.tasks):
            with naming(f"case '{case.name}', {task}"):
                maps = open_maps(case.tasks[task])
                if inside and place == 0:
                    view = find_view(case, maps.truth.shape, notes)
                maps = replace(maps, field_of_view=view)
                scores = score_case(case.name, task, maps, protocols, thresholds.get(task))
            for name, score in scores.items():
                found[name].append(score)
    mapped = {task for case in checked.cases for task, entry in case.tasks.items() if entry.probability}
    partial = _describe_partial_maps(checked)
    results = []
    for protocol in protocols:
        sentences = (*(notes.describe() if protocol.region == "field_of_view" else ()), *partial)
        known = {
            task: thresholds.get(task, protocol.threshold)
            for task in challenge.tasks
            if task in mapped and (task in thresholds or not _has_masks(checked, task))
        }
        results.append(_settle_break_even(Scores(protocol, tuple(found[protocol.name]), known, sentences)))
    return tuple(results)


def conclude(
    challenge: Challenge, checked: Checked, scores: Scores, seed: int, more_warnings: Iterable[str] = ()
) -> tuple[Evaluation, Estimates]:
    """Put the scores of one protocol together; the estimates keep their resamples, for a standing or a comparison."""
    tasks = tuple(task for task in challenge.tasks if any(score.task == task for score in scores.cases))
    estimates = estimate(scores.cases, tasks, scores.protocol, seed)
    literal = describe_literal_scores(checked, scores.cases, scores.protocol, tasks)
    absent = [task for task in tasks if scores.protocol.headline not in estimates.get(task, {})]
    silent = _describe_silent_tasks(scores.protocol, absent)
    warnings = (*more_warnings, *checked.warnings, *literal, *silent, *scores.warnings)
    evaluation = Evaluation(
        challenge.name,
        scores.protocol,
        tasks,
        scores.cases,
        summarise(estimates),
        scores.thresholds,
        warnings,
        None,
    )
    return evaluation, estimates


def open_maps(entry: ScorableTask) -> CaseMaps:
    """Read truth and prediction of one case and task; its field of view is left open."""
    mask = entry.mask.read_mask() if entry.mask else None
    probability = entry.probability.read_probability() if entry.probability else None
    shape = mask.shape if mask is not None else probability.shape if probability is not None else (0, 0)
    return CaseMaps(read_truth(entry.truth, (shape[1], shape[0])), mask, probability, None)


def find_view(case: ScorableCase, shape: tuple[int, ...], notes: Notes) -> Mask | None:
    """The field of view of a case: the data set's mask, or found in the photograph, or None for the whole frame."""
    if case.field_of_view is not None:
        view = np.asarray(read_mask(case.field_of_view) > 0)
        if view.any() and view.shape == shape:
            return view
    if case.image is not None:
        view = find_field_of_view(read_image(case.image).pixels)
        if view.any() and view.shape == shape:
            notes.found_field_of_view.append(case.name)
            return view
    notes.without_field_of_view.append(case.name)
    return None


def _has_masks(checked: Checked, task: str) -> bool:
    return any(task in case.tasks and case.tasks[task].mask for case in checked.cases)


def _describe_partial_maps(checked: Checked) -> tuple[str, ...]:
    lacking = [case.name for case in checked.cases if any(not entry.probability for entry in case.tasks.values())]
    if not lacking or not any(entry.probability for case in checked.cases for entry in case.tasks.values()):
        return ()
    return (f"No probabilities for {_name_some(lacking)}: metrics that need them leave these cases out or are absent.",)


def _describe_silent_tasks(protocol: Protocol, tasks: Sequence[str]) -> tuple[str, ...]:
    if not tasks:
        return ()
    reason = (
        "there are only masks, and it needs probabilities"
        if protocol.headline in ("auc_pr", "ap", "auc_roc", "ece", "brier")
        else "no image has any"
    )
    return (f"The headline {protocol.headline} has no value for {', '.join(tasks)}: {reason}.",)


def _settle_break_even(scores: Scores) -> Scores:
    """Move the threshold of every task to where pooled precision and recall meet, if the protocol says so."""
    if scores.protocol.threshold_rule != "break_even":
        return scores
    moved, thresholds = list(scores.cases), dict(scores.thresholds)
    for task in {score.task for score in scores.cases}:
        pool = pool_histograms(score for score in scores.cases if score.task == task)
        if pool is None:
            continue
        first = find_break_even(pool)
        thresholds[task] = float(find_lower_edges()[first])
        moved = [recount_at_bin(s, first, scores.protocol) if s.task == task else s for s in moved]
    return replace(scores, cases=tuple(moved), thresholds=thresholds)


def _name_some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
