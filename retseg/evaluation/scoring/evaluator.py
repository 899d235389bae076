"""Score all cases under several protocols at once, then put the scores of each protocol together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from retseg.challenge import Challenge
from retseg.challenge.protocol import FROM_PROBABILITIES, Protocol
from retseg.errors import Track, naming
from retseg.evaluation.inputs.checking import Checked, ScorableCase, ScorableTask
from retseg.evaluation.inputs.reading import read_truth
from retseg.evaluation.scoring.aggregate import Estimates, KnownCurves, estimate, summarise
from retseg.evaluation.scoring.break_even import move_to_break_even
from retseg.evaluation.scoring.case import CaseMaps, score_case
from retseg.evaluation.scoring.listing import list_some
from retseg.evaluation.scoring.literal import describe_literal_scores
from retseg.evaluation.scoring.result import CaseScore, Evaluation
from retseg.image import read_image, read_mask, view_image
from retseg.metrics.counts import Mask
from retseg.vocabulary import ViewRule


@dataclass(frozen=True)
class Scores:
    """All cases under one protocol.

    Attributes:
        protocol: the rules.
        cases: the score of every case and task.
        thresholds: task to the threshold that makes a mask of its probabilities, where it is one for all cases.
        warnings: one sentence each.
    """

    protocol: Protocol
    cases: tuple[CaseScore, ...]
    thresholds: Mapping[str, float]
    warnings: tuple[str, ...]


@dataclass
class FieldsOfView:
    """How the fields of view were found: names of the cases, gathered while scoring.

    Attributes:
        missing: neither a mask nor a photograph of the right size was there.
        computed: found from the photograph.
    """

    missing: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)

    def describe(self) -> Iterator[str]:
        """One sentence for each of the two lists that is not empty."""
        if self.missing:
            yield (
                f"No field of view for {list_some(self.missing)}: neither a mask of it nor the photograph, of the size "
                "of the truth, is beside it, so the whole frame was counted."
            )
        if self.computed:
            yield (
                f"The field of view of {list_some(self.computed)} was found from the photograph, because no mask of "
                "it is beside the truth."
            )


def score_cases(
    challenge: Challenge,
    checked: Checked,
    protocols: Sequence[Protocol],
    thresholds: Mapping[str, float],
    track: Track = iter,
) -> tuple[Scores, ...]:
    """Score all cases under each protocol. The pixels of one case and task are in memory at a time.

    Args:
        challenge: gives the tasks and their order.
        checked: what can be scored.
        protocols: the rules; each file is read once for all of them.
        thresholds: task to the threshold of its model; other tasks use that of the protocol.
        track: gives the cases one by one, and may show a bar.

    Raises:
        ImageError: a truth or a photograph cannot be read any more.
        SourceError: a prediction cannot be read any more.
    """
    fields = FieldsOfView()
    found: dict[str, list[CaseScore]] = {protocol.name: [] for protocol in protocols}
    for case in track(checked.cases):
        for score, name in _score_one(challenge, case, protocols, thresholds, fields):
            found[name].append(score)
    partial = _describe_partial_maps(checked)
    results = []
    for protocol in protocols:
        warnings = (*(fields.describe() if protocol.region == "field_of_view" else ()), *partial)
        known = _list_thresholds(challenge, checked, protocol, thresholds)
        scores = Scores(protocol, tuple(found[protocol.name]), known, warnings)
        if protocol.threshold_rule == "break_even":
            moved, chosen = move_to_break_even(scores.cases, protocol)
            scores = replace(scores, cases=moved, thresholds={**known, **chosen})
        results.append(scores)
    return tuple(results)


def conclude(
    challenge: Challenge,
    checked: Checked,
    scores: Scores,
    seed: int,
    more_warnings: Iterable[str] = (),
    known: KnownCurves | None = None,
) -> tuple[Evaluation, Estimates]:
    """Put the scores of one protocol together.

    Args:
        challenge: gives the tasks and their order.
        checked: what was scored.
        scores: of all cases under one protocol.
        seed: of the bootstrap.
        more_warnings: come before those of the scores.
        known: curves of the same cases and seed, where other protocols came before.

    Returns:
        The evaluation, and its estimates with their resamples, for a rank or a comparison.
    """
    tasks = tuple(task for task in challenge.tasks if any(score.task == task for score in scores.cases))
    estimates = estimate(scores.cases, tasks, scores.protocol, seed, known)
    literal = describe_literal_scores(checked, scores.cases, scores.protocol, tasks)
    absent = [task for task in tasks if scores.protocol.headline not in estimates.get(task, {})]
    undefined = _describe_undefined_tasks(scores.protocol, absent)
    evaluation = Evaluation(
        challenge=challenge.name,
        protocol=scores.protocol,
        tasks=tasks,
        cases=scores.cases,
        aggregates=summarise(estimates),
        thresholds=scores.thresholds,
        warnings=(*more_warnings, *checked.warnings, *literal, *undefined, *scores.warnings),
        standing=None,
        looks=challenge.looks,
    )
    return evaluation, estimates


def read_maps(entry: ScorableTask) -> CaseMaps:
    """Read truth and prediction of one case and task, without the field of view.

    Raises:
        ImageError: the truth cannot be read.
        SourceError: the prediction cannot be read.
    """
    mask = entry.mask.read_mask() if entry.mask else None
    probability = entry.probability.read_probability() if entry.probability else None
    shape = mask.shape if mask is not None else probability.shape if probability is not None else (0, 0)
    return CaseMaps(read_truth(entry.truth, (shape[1], shape[0]), entry.part), mask, probability, None)


def find_region(case: ScorableCase, shape: tuple[int, ...], rule: ViewRule, fields: FieldsOfView) -> Mask | None:
    """The field of view of a case: the data set's mask, or found in the photograph, or None for the whole frame.

    Args:
        case: names the files.
        shape: (H, W) of the truth; a mask or a photograph of another size is not used.
        rule: how it is found in a photograph.
        fields: records how it was found.
    """
    if case.field_of_view is not None:
        region = np.asarray(read_mask(case.field_of_view) > 0)
        if region.any() and region.shape == shape:
            return region
    if case.image is not None:
        region = view_image(read_image(case.image).pixels, rule).mask
        if region.any() and region.shape == shape:
            fields.computed.append(case.name)
            return region
    fields.missing.append(case.name)
    return None


def _score_one(
    challenge: Challenge,
    case: ScorableCase,
    protocols: Sequence[Protocol],
    thresholds: Mapping[str, float],
    fields: FieldsOfView,
) -> Iterator[tuple[CaseScore, str]]:
    """The score of each task of a case under each protocol, with the name of the protocol."""
    inside = any(protocol.region == "field_of_view" for protocol in protocols)
    region: Mask | None = None
    for number, task in enumerate(task for task in challenge.tasks if task in case.tasks):
        with naming(f"case '{case.name}', {task}"):
            maps = read_maps(case.tasks[task])
            if inside and number == 0:
                region = find_region(case, maps.truth.shape, challenge.view_rule, fields)
            scores = score_case(case.name, task, replace(maps, field_of_view=region), protocols, thresholds.get(task))
        for name, score in scores.items():
            yield score, name


def _list_thresholds(
    challenge: Challenge, checked: Checked, protocol: Protocol, thresholds: Mapping[str, float]
) -> dict[str, float]:
    """The threshold of each task with probabilities; with masks of its own, only if its model is known."""
    entries = [(task, entry) for case in checked.cases for task, entry in case.tasks.items()]
    with_maps = {task for task, entry in entries if entry.probability}
    with_masks = {task for task, entry in entries if entry.mask}
    return {
        task: thresholds.get(task, protocol.threshold)
        for task in challenge.tasks
        if task in with_maps and (task in thresholds or task not in with_masks)
    }


def _describe_partial_maps(checked: Checked) -> tuple[str, ...]:
    lacking = [case.name for case in checked.cases if any(not entry.probability for entry in case.tasks.values())]
    if not lacking or not any(entry.probability for case in checked.cases for entry in case.tasks.values()):
        return ()
    return (f"No probabilities for {list_some(lacking)}: metrics that need them leave these cases out or are absent.",)


def _describe_undefined_tasks(protocol: Protocol, tasks: Sequence[str]) -> tuple[str, ...]:
    if not tasks:
        return ()
    reason = (
        "there are only masks, and it needs probabilities"
        if protocol.headline in FROM_PROBABILITIES
        else "no image has a value"
    )
    return (f"The headline {protocol.headline} has no value for {', '.join(tasks)}: {reason}.",)
