"""Run an evaluation from files to results: check the input, score it, rank it, compare it with other predictions."""

from dataclasses import dataclass, replace
from pathlib import Path

from retseg.challenge import Challenge
from retseg.challenge.protocol import Protocol
from retseg.errors import RetsegError, Say, Track
from retseg.evaluation.inputs.checking import Checked, check_input
from retseg.evaluation.inputs.predictions import find_predictions
from retseg.evaluation.inputs.truth import find_truth
from retseg.evaluation.scoring.aggregate import Estimates, KnownCurves
from retseg.evaluation.scoring.comparison import Differences, compare
from retseg.evaluation.scoring.evaluator import Scores, conclude, score_cases
from retseg.evaluation.scoring.provenance import Provenance, compare_with_training
from retseg.evaluation.scoring.result import Evaluation
from retseg.evaluation.scoring.standing import StandingError, find_standing
from retseg.evaluation.scoring.values import describe_missing_values, score_values, summarise_values
from retseg.models import Card
from retseg.toml_schema import nearest


class EvaluationError(RetsegError):
    """The evaluation cannot be done; the message gives the reason and the remedy."""


@dataclass(frozen=True)
class Request:
    """What to evaluate, and how.

    Attributes:
        challenge: gives the tasks and the layouts of the files.
        protocols: the first is reported first; rank and comparison follow it.
        ground_truth: a folder of masks.
        tasks: that are scored; all of the challenge when empty.
        split: only the cases of this split of the challenge; all when empty.
        allow_missing: cases without truth or without prediction are left out, with a warning; otherwise they are
            errors.
        cards: of the models that made the predictions, where they are known. Their thresholds make the masks, and their
            training images are compared with the scored ones.
        seed: of the bootstrap and of the random exchanges.
    """

    challenge: Challenge
    protocols: tuple[Protocol, ...]
    ground_truth: Path
    tasks: tuple[str, ...] = ()
    split: str = ""
    allow_missing: bool = False
    cards: tuple[Card, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """The result of an evaluation.

    Attributes:
        checked: the files that were scored.
        scores: of all cases under the first protocol.
        estimates: the metrics under the first protocol, with their resamples.
        evaluations: one for each protocol.
        provenance: which scored images the models were trained on; None where no model is known.
    """

    checked: Checked
    scores: Scores
    estimates: Estimates
    evaluations: tuple[Evaluation, ...]
    provenance: Provenance | None


def choose_protocols(challenge: Challenge, name: str = "") -> tuple[Protocol, ...]:
    """The protocol of this name and those that are reported beside it.

    Args:
        challenge: that has the protocols.
        name: of one of them; the challenge's default when empty; `all` for all of them, the default first.

    Raises:
        EvaluationError: there is no such protocol.
    """
    if not challenge.protocol:
        raise EvaluationError(f"the challenge '{challenge.name}' has no protocol: add a [protocol.NAME] table")
    wanted = challenge.default_protocol if name in ("", "all") else name
    if wanted not in challenge.protocol:
        raise EvaluationError(f"'{challenge.name}' has no protocol '{wanted}'{nearest(wanted, challenge.protocol)}")
    names = [wanted, *(challenge.protocol if name == "all" else challenge.protocol[wanted].beside)]
    return tuple(challenge.protocol[name] for name in dict.fromkeys(names))


def check_predictions(request: Request, predictions: Path, say: Say) -> Checked:
    """Find truth and predictions, pair them, and open every file.

    Args:
        request: what to evaluate.
        predictions: a folder or a zip archive.
        say: takes lines about tasks without truth, and about predictions of images outside the split.

    Raises:
        EvaluationError: the challenge has no such task.
        InputError: something is wrong with the files; all of it is listed.
        GroundTruthError: there is no ground truth.
        PredictionsError: there are no predictions.
    """
    challenge, grey = request.challenge, False
    for task in request.tasks:
        if task not in challenge.tasks:
            raise EvaluationError(f"'{challenge.name}' has no task '{task}'{nearest(task, challenge.tasks)}")
    wanted = request.tasks or challenge.tasks
    truth = find_truth(challenge, request.ground_truth, request.split, wanted).keep_tasks(wanted)
    unknown = [task for task in wanted if task not in truth.tasks]
    if unknown and truth.tasks:
        say(f"no truth of {', '.join(unknown)} in {request.ground_truth}: predictions of them are left out")
    found = find_predictions(challenge, predictions, [case.name for case in truth.cases], truth.tasks)
    if request.split:
        whole = find_truth(challenge, request.ground_truth, tasks=wanted)
        outside = {case.name for case in whole.cases} - {case.name for case in truth.cases}
        found, left_out = found.leave_out(outside)
        if left_out:
            say(
                f"the predictions of {len(left_out)} images that are not in the split '{request.split}' are left out; "
                f"scored are {len(truth.cases)}"
            )
    if challenge.submission is not None:
        grey = challenge.submission.kind == "grey"
    return check_input(truth, found, grey, request.allow_missing)


def evaluate(request: Request, checked: Checked, track: Track = iter) -> Outcome:
    """Score what was checked under each protocol; `track` gives the cases one by one, and may show a bar.

    Raises:
        ImageError: a truth or a photograph cannot be read any more.
        SourceError: a prediction cannot be read any more.
    """
    provenance = compare_with_training(checked.cases, request.cards) if request.cards else None
    warnings = provenance.warnings if provenance is not None else ()
    thresholds = {task: rule.threshold for card in request.cards for task, rule in card.tasks.items()}
    scores = score_cases(request.challenge, checked, request.protocols, thresholds, track)
    known = KnownCurves()
    concluded = [conclude(request.challenge, checked, each, request.seed, warnings, known) for each in scores]
    values = score_values(request.challenge, checked)
    summaries = summarise_values(values, request.seed)
    lacking = describe_missing_values(request.challenge, checked)
    evaluations = tuple(
        replace(each, values=values, value_aggregates=summaries, warnings=(*each.warnings, *lacking))
        for each, _ in concluded
    )
    return Outcome(checked, scores[0], concluded[0][1], evaluations, provenance)


def rank(request: Request, outcome: Outcome) -> Outcome:
    """Add the rank among the published standings to the first evaluation.

    Raises:
        StandingError: there are no standings for this protocol, images are left out, or a model was trained on images.
    """
    seen = outcome.provenance.seen_in_training if outcome.provenance is not None else ()
    for reason in (*seen, *outcome.checked.warnings):
        raise StandingError(f"the leaderboard is for complete test results only. {reason}")
    challenge, (first, *beside) = request.challenge, outcome.evaluations
    standing = find_standing(first, outcome.estimates, challenge.leaderboard, challenge.tasks)
    expected = challenge.submission.cases if challenge.submission else 0
    found, warnings = len(outcome.checked.cases), first.warnings
    if expected and found != expected:
        warnings = (*warnings, f"The standings are of {expected} images, this score of {found}: a hint only.")
    return replace(outcome, evaluations=(replace(first, standing=standing, warnings=warnings), *beside))


def compare_with(request: Request, outcome: Outcome, other: Checked) -> Differences:
    """This system minus another one on the same cases, under the first protocol.

    Raises:
        ComparisonError: there is no common case.
    """
    theirs = score_cases(request.challenge, other, request.protocols[:1], {})[0]
    challenge, protocol = request.challenge, request.protocols[0]
    return compare(outcome.scores.cases, theirs.cases, challenge.tasks, protocol, request.seed)
