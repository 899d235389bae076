"""`retseg evaluate`: score predictions against ground truth as a leaderboard does, with intervals."""

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retseg.commands.console import complain, say, warn
from retseg.commands.options import add_address, add_challenge, add_models, locate_models, open_challenge
from retseg.commands.parsing import add_output_options, open_console

if TYPE_CHECKING:
    from retseg.evaluation.inputs.checking import Checked
    from retseg.evaluation.run import Outcome, Request
    from retseg.evaluation.scoring.comparison import Differences
    from retseg.models import Card

PLATFORM_INPUT = Path("/input")
PLATFORM_OUTPUT = Path("/output")
PLATFORM_TRUTH = Path("/opt/ml/input/data/ground_truth")
"""The folders that the platform mounts into an evaluation container."""


EXAMPLE = "retseg evaluate --ground-truth truth --predictions found --output score"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command; their defaults are those of an evaluation container."""
    add_challenge(parser)
    parser.add_argument("--protocol", metavar="NAME", default="", help="how to score (default: the challenge's; `all`)")
    parser.add_argument("--ground-truth", metavar="DIR", type=Path, default=PLATFORM_TRUTH, help="folder of masks")
    parser.add_argument("--predictions", metavar="DIR_OR_ZIP", type=Path, default=PLATFORM_INPUT, help="masks or maps")
    parser.add_argument("--output", metavar="DIR", type=Path, default=PLATFORM_OUTPUT, help="metrics.json, report.html")
    parser.add_argument("--split", metavar="NAME", default="", help="score only this split of the challenge")
    parser.add_argument("--task", metavar="NAME", action="append", help="score only this task of the challenge")
    parser.add_argument("--allow-missing", action="store_true", help="leave out cases without truth or prediction")
    parser.add_argument("--compare", metavar="DIR_OR_ZIP", type=Path, help="test the difference from these predictions")
    parser.add_argument("--leaderboard", action="store_true", help="give the rank among the published scores")
    parser.add_argument("--model", metavar="NAME", action="append", help="that predicted (default: by run.json)")
    add_models(parser)
    parser.add_argument("--report-size", metavar="N", type=int, help="longest side of the report's images, in pixels")
    parser.add_argument("--save-figures", action="store_true", help="write the plots as PNG and SVG too")
    parser.add_argument("--serve", action="store_true", help="evaluate at each POST to /invoke (`invoke`)")
    add_address(parser)
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the bootstrap (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="print every metric of every protocol")
    add_output_options(parser, "what metrics.json holds")


def run(options: argparse.Namespace) -> int:
    """Evaluate once; or, with --serve, at each request until SIGTERM."""
    if not options.serve:
        evaluate_once(options)
        return 0
    from retseg.container.server import create_app, serve

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    say(f"ready: evaluations of '{options.challenge}', listening on {options.host}:{options.port}")
    serve(create_app(lambda: evaluate_once(options)), options.host, options.port)
    return 0


def evaluate_once(options: argparse.Namespace) -> tuple[Path, ...]:
    """Check everything, score, print, write; gives the files that were written, relative to the output folder."""
    from retseg.evaluation.run import Request, choose_protocols, compare_with, evaluate, rank
    from retseg.report.metrics_json import describe

    challenge = open_challenge(options)
    request = Request(
        challenge=challenge,
        protocols=choose_protocols(challenge, options.protocol),
        ground_truth=options.ground_truth,
        tasks=tuple(options.task or ()),
        split=options.split,
        allow_missing=options.allow_missing,
        cards=load_cards(options.model or (), options.models) or recognise_models(options.predictions, options.models),
        seed=options.seed,
    )
    console = open_console(options)
    checked = check(request, options.predictions)
    other = check(request, options.compare) if options.compare else None
    outcome = evaluate(request, checked, lambda cases: console.track(cases, "cases"))
    if options.leaderboard:
        outcome = rank(request, outcome)
    differences = compare_with(request, outcome, other) if other else None
    document = describe(outcome.evaluations[0], outcome.evaluations[1:], differences)
    write_files(options, outcome, differences, document)
    for sentence in dict.fromkeys(text for evaluation in outcome.evaluations for text in evaluation.warnings):
        warn(sentence)
    console.show(document, list_results(options, outcome, differences, console.width))
    return Path("metrics.json"), Path("report.html")


def load_cards(names: Sequence[str], models: Path | None) -> "tuple[Card, ...]":
    """The cards of the models that made the predictions.

    Raises:
        ModelError: there is no such model.
    """
    if not names:
        return ()
    from retseg.models import find_card

    folders = locate_models(models)
    return tuple(find_card(name, folders) for name in names)


def recognise_models(predictions: Path, models: Path | None) -> "tuple[Card, ...]":
    """The cards of the models that made the predictions, by the `run.json` beside them; none where there is none.

    Raises:
        RecordError: a `run.json` cannot be read, or two models made the same task.
    """
    from retseg.evaluation.inputs.records import find_records, match_cards

    records = find_records(predictions)
    if not records:
        return ()
    cards, sentences = match_cards(records, locate_models(models))
    for sentence in sentences:
        warn(sentence)
    return cards


def check(request: "Request", predictions: Path) -> "Checked":
    """Pair predictions and truth and open every file.

    Raises:
        EvaluationError: something is wrong. Where there are several problems, each has been printed on its own line.
    """
    from retseg.evaluation.inputs.checking import InputError
    from retseg.evaluation.run import EvaluationError, check_predictions

    try:
        return check_predictions(request, predictions, complain)
    except InputError as error:
        if len(error.problems) > 1:
            for problem in error.problems:
                complain(problem)
        raise EvaluationError(sum_up(error.problems, request.allow_missing)) from error


def sum_up(problems: Sequence[str], allow_missing: bool) -> str:
    """One sentence for the last line, the only one that the platform shows: the first problem and the remedy."""
    others = f" (and {len(problems) - 1} more, listed above)" if len(problems) > 1 else ""
    remedy = "" if allow_missing else ", or give --allow-missing to leave out cases that lack a counterpart"
    return f"{problems[0]}{others}; nothing was scored: mend the files and evaluate again{remedy}"


def list_results(
    options: argparse.Namespace, outcome: "Outcome", differences: "Differences | None", width: int | None
) -> Iterator[str]:
    """The scores, the rank, the differences from other predictions, and the files, as lines.

    With `--full` there is every metric of every protocol; otherwise what ranks, by the first protocol.
    """
    from retseg.report.table import format_differences, format_evaluation, format_scores, format_standing

    first = outcome.evaluations[0]
    if options.full:
        for evaluation in outcome.evaluations:
            yield from format_evaluation(evaluation, width)
    else:
        yield from format_scores(first)
    if first.standing is not None:
        yield format_standing(first.standing)
    if differences is not None:
        yield f"{options.predictions} minus {options.compare}, {first.protocol.name}:"
        yield from format_differences(differences)
    yield f"report: {options.output / 'report.html'}; all numbers: {options.output / 'metrics.json'}, or --full"


def write_files(
    options: argparse.Namespace, outcome: "Outcome", differences: "Differences | None", document: Mapping[str, Any]
) -> None:
    """Write metrics.json, which holds the document, report.html and, where they are wanted, the figures: all or none.

    Raises:
        OutputError: the output folder cannot be written.
    """
    from retseg.files import replacing_all
    from retseg.report import Reported, open_layers, save_figures, write_report
    from retseg.report.metrics_json import write_metrics

    first, *beside = outcome.evaluations
    with replacing_all(options.output) as staging:
        write_metrics(staging / "metrics.json", document)
        page = staging / "report.html"
        reported = Reported(first, tuple(beside), differences)
        write_report(reported, lambda name: open_layers(outcome.checked, first, name), page, options.report_size)
        if options.save_figures:
            save_figures(first, staging / "figures")
