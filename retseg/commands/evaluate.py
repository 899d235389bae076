"""`retseg evaluate`: score predictions against ground truth as a leaderboard does, and say how sure the score is."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from retseg.challenge import Challenge, load_challenge
from retseg.challenge.protocol import Protocol
from retseg.commands.console import complain, say
from retseg.commands.options import add_challenge, locate_models
from retseg.errors import RetsegError, naming
from retseg.toml_schema import nearest

if TYPE_CHECKING:
    from retseg.evaluation.inputs.checking import Checked
    from retseg.evaluation.scoring.aggregate import Estimates
    from retseg.evaluation.scoring.comparison import Differences
    from retseg.evaluation.scoring.evaluator import Scores
    from retseg.evaluation.scoring.result import Evaluation
    from retseg.models import Card
    from retseg.report import CaseLayers

PLATFORM_INPUT = Path("/input")
PLATFORM_OUTPUT = Path("/output")
PLATFORM_TRUTH = Path("/opt/ml/input/data/ground_truth")
"""Where the platform puts things for an evaluation container."""


class EvaluationError(RetsegError):
    """The evaluation that was asked for cannot be done; says why and what to ask for instead."""


@dataclass(frozen=True)
class Task:
    """What was asked for, resolved: the rules, the input that passed its checks, and the models behind it."""

    challenge: Challenge
    protocols: tuple[Protocol, ...]
    checked: "Checked"
    cards: "tuple[Card, ...]"
    seed: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command; without any it is the entry of an evaluation container."""
    add_challenge(parser)
    parser.add_argument("--protocol", metavar="NAME", help="how to score (default: the challenge's own; or `all`)")
    parser.add_argument("--ground-truth", metavar="DIR", type=Path, default=PLATFORM_TRUTH, help="masks")
    parser.add_argument("--predictions", metavar="DIR_OR_ZIP", type=Path, default=PLATFORM_INPUT, help="masks or maps")
    parser.add_argument("--output", metavar="DIR", type=Path, default=PLATFORM_OUTPUT, help="metrics.json, report.html")
    parser.add_argument("--split", metavar="NAME", default="", help="score only this split of the challenge")
    parser.add_argument("--task", metavar="NAME", action="append", help="score only this task of the challenge")
    parser.add_argument("--allow-missing", action="store_true", help="score what is there, and say so in the report")
    parser.add_argument("--compare", metavar="DIR_OR_ZIP", type=Path, help="test the difference from these predictions")
    parser.add_argument("--leaderboard", action="store_true", help="place the score among the published standings")
    parser.add_argument(
        "--model", metavar="NAME", action="append", help="that made them: its training images are checked"
    )
    parser.add_argument("--models", metavar="DIR", type=Path, help="folder of all models (default: model_weights/)")
    parser.add_argument("--report-size", metavar="N", type=int, help="longest side of the report's images, in pixels")
    parser.add_argument("--save-figures", action="store_true", help="write the plots as PNG and SVG too")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the bootstrap (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Check everything, score, print, write."""
    challenge = load_challenge(options.challenge)
    protocols = choose_protocols(challenge, options.protocol)
    cards = load_cards(options.model or (), options.models)
    checked = check_predictions(challenge, options, options.predictions)
    task = Task(challenge, protocols, checked, cards, options.seed)
    other = check_predictions(challenge, options, options.compare) if options.compare else None
    from retseg.evaluation.scoring.evaluator import conclude, score_cases

    warnings = describe_provenance(task)
    scores = score_cases(challenge, checked, protocols, find_thresholds(cards))
    results = [conclude(challenge, checked, part, options.seed, warnings) for part in scores]
    evaluation, estimates = results[0]
    if options.leaderboard:
        evaluation = place(task, evaluation, estimates)
    differences = compare_with(task, scores[0], other) if other else None
    write_all(options, task, [evaluation, *(beside for beside, _ in results[1:])], differences)
    return 0


def choose_protocols(challenge: Challenge, name: str | None) -> tuple[Protocol, ...]:
    """The protocol asked for and those that are reported beside it; `all` of the challenge, its default first.

    Raises:
        EvaluationError: there is no such protocol.
    """
    if not challenge.protocol:
        raise EvaluationError(f"the challenge '{challenge.name}' has no protocol: add a [protocol.NAME] table")
    wanted = challenge.default_protocol if name in (None, "all") else str(name)
    if wanted not in challenge.protocol:
        raise EvaluationError(f"'{challenge.name}' has no protocol '{wanted}'{nearest(wanted, challenge.protocol)}")
    first = challenge.protocol[wanted]
    names = [wanted, *(challenge.protocol if name == "all" else first.beside)]
    return tuple(challenge.protocol[name] for name in dict.fromkeys(names))


def load_cards(names: Sequence[str], models: Path | None) -> "tuple[Card, ...]":
    """The cards of the models that made the predictions.

    Raises:
        ModelError: there is no such model.
    """
    if not names:
        return ()
    from retseg.models import load_card

    return tuple(load_card(locate_models(models) / name) for name in names)


def find_thresholds(cards: "Sequence[Card]") -> dict[str, float]:
    """Task to the threshold in the card of the model that does it."""
    return {task: settings.threshold for card in cards for task, settings in card.tasks.items()}


def check_predictions(challenge: Challenge, options: argparse.Namespace, place: Path) -> "Checked":
    """Pair predictions and truth and look at every file.

    Raises:
        EvaluationError: something is wrong; of several problems, each has been printed on a line of its own.
    """
    from retseg.evaluation.inputs.checking import InputError, check_input
    from retseg.evaluation.inputs.predictions import find_predictions
    from retseg.evaluation.inputs.truth import find_truth

    for name in options.task or ():
        if name not in challenge.tasks:
            raise EvaluationError(f"'{challenge.name}' has no task '{name}'{nearest(name, challenge.tasks)}")
    wanted = options.task or challenge.tasks
    truth = find_truth(challenge, options.ground_truth, options.split, wanted).keep_tasks(wanted)
    unknown = [task for task in wanted if task not in truth.tasks]
    if unknown and truth.tasks:
        say(f"no truth of {', '.join(unknown)} in {options.ground_truth}: predictions of them are left out")
    predictions = find_predictions(challenge, place, [case.name for case in truth.cases], truth.tasks)
    grey = challenge.submission is not None and challenge.submission.kind == "grey"
    try:
        return check_input(truth, predictions, grey, options.allow_missing)
    except InputError as error:
        if len(error.problems) > 1:
            for problem in error.problems:
                complain(problem)
        raise EvaluationError(sum_up(error.problems, options.allow_missing)) from error


def sum_up(problems: Sequence[str], allow_missing: bool) -> str:
    """One sentence for the last line, the only one that the platform shows: the first problem, and the remedy."""
    others = f" (and {len(problems) - 1} more, listed above)" if len(problems) > 1 else ""
    remedy = "" if allow_missing else ", or give --allow-missing to leave out cases that lack a counterpart"
    return f"{problems[0]}{others}; nothing was scored: mend the files and evaluate again{remedy}"


def describe_provenance(task: Task) -> tuple[str, ...]:
    """Sentences about scored images that a model was trained on; none where no model was named."""
    if not task.cards:
        return ()
    from retseg.evaluation.scoring.provenance import compare_with_training

    names = ", ".join(card.name for card in task.cards)
    return compare_with_training(task.checked.cases, task.cards).describe(names, len(task.checked.cases))


def place(task: Task, evaluation: "Evaluation", estimates: "Estimates") -> "Evaluation":
    """The evaluation with its place among the published standings.

    Raises:
        EvaluationError: it is no test result, or not complete.
        StandingError: there are no standings for this protocol.
    """
    from retseg.evaluation.scoring.standing import find_standing

    for sentence in evaluation.warnings:
        if sentence.startswith(("Not a test result", "Incomplete")):
            raise EvaluationError(f"the leaderboard is for complete test results only. {sentence}")
    standing = find_standing(evaluation, estimates, task.challenge.leaderboard, task.challenge.tasks)
    expected = task.challenge.submission.cases if task.challenge.submission else 0
    found, warnings = len(task.checked.cases), evaluation.warnings
    if expected and found != expected:
        warnings = (
            *warnings,
            f"The standings are of {expected} images, this score of {found}: a hint only.",
        )
    return replace(evaluation, standing=standing, warnings=warnings)


def compare_with(task: Task, scores: "Scores", other: "Checked") -> "Differences":
    """This system minus the other under the first protocol."""
    from retseg.evaluation.scoring.comparison import compare
    from retseg.evaluation.scoring.evaluator import score_cases

    theirs = score_cases(task.challenge, other, task.protocols[:1], {})[0]
    return compare(scores.cases, theirs.cases, task.challenge.tasks, task.protocols[0], task.seed)


def write_all(
    options: argparse.Namespace, task: Task, evaluations: "Sequence[Evaluation]", differences: "Differences | None"
) -> None:
    """Print the tables; write metrics.json, report.html and, if wanted, the figures."""
    from retseg.report import save_figures, write_report
    from retseg.report.metrics_json import describe, write_metrics
    from retseg.report.table import format_differences, format_evaluation, format_standing

    first = evaluations[0]
    for evaluation in evaluations:
        for line in format_evaluation(evaluation):
            say(line)
    for sentence in dict.fromkeys(w for evaluation in evaluations for w in evaluation.warnings):
        say(f"warning: {sentence}")
    if first.standing is not None:
        say(format_standing(first.standing))
    if differences is not None:
        say(f"{options.predictions} minus {options.compare}, {first.protocol.name}:")
        for line in format_differences(differences):
            say(line)
    options.output.mkdir(parents=True, exist_ok=True)
    write_metrics(options.output / "metrics.json", describe(first, evaluations[1:], differences))
    write_report(first, open_layers_of(task, first), options.output / "report.html", options.report_size)
    if options.save_figures:
        save_figures(first, options.output / "figures")
    say(f"{options.output / 'metrics.json'}, {options.output / 'report.html'}")


def open_layers_of(task: Task, evaluation: "Evaluation") -> "Callable[[str], CaseLayers]":
    """A function that reads the layers of one case for the report, by its name."""
    from retseg.evaluation.scoring.evaluator import open_maps
    from retseg.image import read_image
    from retseg.report import CaseLayers

    cases = {case.name: case for case in task.checked.cases}

    def open_layers(name: str) -> "CaseLayers":
        truth, predicted = {}, {}
        for word, entry in cases[name].tasks.items():
            with naming(f"case '{name}', {word}"):
                maps = open_maps(entry)
            threshold = evaluation.thresholds.get(word, evaluation.protocol.threshold)
            truth[word] = maps.truth
            if maps.mask is not None:
                predicted[word] = maps.mask
            elif maps.probability is not None:
                predicted[word] = maps.probability >= threshold
        path = cases[name].image
        pixels = read_image(path).pixels if path is not None else None
        shape = next(iter(truth.values())).shape
        return CaseLayers(pixels if pixels is not None and pixels.shape[:2] == shape else None, truth, predicted)

    return open_layers
