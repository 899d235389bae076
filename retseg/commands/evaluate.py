"""`retseg evaluate`: score predictions against ground truth as a leaderboard does, with intervals."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retseg.commands.console import complain, say
from retseg.commands.options import add_address, add_challenge, add_models, locate_models, open_challenge

if TYPE_CHECKING:
    from retseg.evaluation.inputs.checking import Checked
    from retseg.evaluation.run import Outcome, Request
    from retseg.evaluation.scoring.comparison import Differences
    from retseg.models import Card

PLATFORM_INPUT = Path("/input")
PLATFORM_OUTPUT = Path("/output")
PLATFORM_TRUTH = Path("/opt/ml/input/data/ground_truth")
"""The folders that the platform mounts into an evaluation container."""


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
    parser.add_argument("--model", metavar="NAME", action="append", help="that made the predictions; may be repeated")
    add_models(parser)
    parser.add_argument("--report-size", metavar="N", type=int, help="longest side of the report's images, in pixels")
    parser.add_argument("--save-figures", action="store_true", help="write the plots as PNG and SVG too")
    parser.add_argument("--serve", action="store_true", help="evaluate at each POST to /invoke (`invoke`)")
    add_address(parser)
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the bootstrap (default: %(default)s)")


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

    challenge = open_challenge(options)
    request = Request(
        challenge=challenge,
        protocols=choose_protocols(challenge, options.protocol),
        ground_truth=options.ground_truth,
        tasks=tuple(options.task or ()),
        split=options.split,
        allow_missing=options.allow_missing,
        cards=load_cards(options.model or (), options.models),
        seed=options.seed,
    )
    checked = check(request, options.predictions)
    other = check(request, options.compare) if options.compare else None
    outcome = evaluate(request, checked)
    if options.leaderboard:
        outcome = rank(request, outcome)
    differences = compare_with(request, outcome, other) if other else None
    print_tables(options, outcome, differences)
    write_files(options, outcome, differences)
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


def check(request: "Request", predictions: Path) -> "Checked":
    """Pair predictions and truth and open every file.

    Raises:
        EvaluationError: something is wrong. Where there are several problems, each has been printed on its own line.
    """
    from retseg.evaluation.inputs.checking import InputError
    from retseg.evaluation.run import EvaluationError, check_predictions

    try:
        return check_predictions(request, predictions, say)
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


def print_tables(options: argparse.Namespace, outcome: "Outcome", differences: "Differences | None") -> None:
    """Print the metrics of each protocol, all warnings, the rank, and the differences from other predictions."""
    from retseg.report.table import format_differences, format_evaluation, format_standing

    first = outcome.evaluations[0]
    for evaluation in outcome.evaluations:
        for line in format_evaluation(evaluation):
            say(line)
    for sentence in dict.fromkeys(warning for evaluation in outcome.evaluations for warning in evaluation.warnings):
        say(f"warning: {sentence}")
    if first.standing is not None:
        say(format_standing(first.standing))
    if differences is not None:
        say(f"{options.predictions} minus {options.compare}, {first.protocol.name}:")
        for line in format_differences(differences):
            say(line)


def write_files(options: argparse.Namespace, outcome: "Outcome", differences: "Differences | None") -> None:
    """Write metrics.json, report.html and, where they are wanted, the figures: all of them, or none.

    Raises:
        OutputError: the output folder cannot be written.
    """
    from retseg.files import replacing_all
    from retseg.report import Reported, open_layers, save_figures, write_report
    from retseg.report.metrics_json import describe, write_metrics

    first, *beside = outcome.evaluations
    with replacing_all(options.output) as staging:
        write_metrics(staging / "metrics.json", describe(first, beside, differences))
        page = staging / "report.html"
        reported = Reported(first, tuple(beside), differences)
        write_report(reported, lambda name: open_layers(outcome.checked, first, name), page, options.report_size)
        if options.save_figures:
            save_figures(first, staging / "figures")
    say(f"{options.output / 'metrics.json'}, {options.output / 'report.html'}")
