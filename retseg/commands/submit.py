"""`retseg submit`: segment the test images of a challenge and pack what its organisers accept."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retseg.challenge import Challenge
from retseg.commands.console import Console, complain, warn
from retseg.commands.options import (
    add_challenge,
    add_inference,
    load_when_needed,
    locate_models,
    open_challenge,
    record_models,
    tell_passages,
)
from retseg.commands.parsing import add_output_options, open_console
from retseg.commands.predict import list_images
from retseg.files import find_stem

if TYPE_CHECKING:
    from retseg.submission import Plan, SubmittedCase


EXAMPLE = "retseg submit --challenge drac22 --team NAME --images 'b. Testing Set' --output submission.zip"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_challenge(parser)
    parser.add_argument("--team", metavar="NAME", default="", help="your team, for archives that hold its name")
    parser.add_argument("--images", metavar="DIR", type=Path, required=True, help="the test images")
    parser.add_argument("--output", metavar="FILE.zip", type=Path, required=True, help="the archive to write")
    parser.add_argument("--predictions", metavar="DIR_OR_ZIP", type=Path, help="pack these instead of predicting")
    parser.add_argument("--names", metavar="PATTERN", default="", help="of the files, such as {label}/{case}.png")
    parser.add_argument("--any-number", action="store_true", help="accept any number of images, for a rehearsal")
    add_inference(parser)
    add_output_options(parser, "the archive and its members")


def run(options: argparse.Namespace) -> int:
    """Check the images, segment them or read their predictions, and write the archive."""
    from retseg.submission import plan_submission, write_submission

    challenge, console = open_challenge(options), open_console(options)
    paths = list_images([options.images])
    stems = [find_stem(path) for path in paths]
    plan = plan_submission(challenge, stems, options.team, options.names, options.any_number)
    images = dict(zip(stems, paths, strict=True))
    if options.predictions is not None:
        cases = read_cases(challenge, plan, options.predictions)
    else:
        cases = predict_cases(challenge, plan, images, options, console)
    members = write_submission(plan, cases, options.output)
    note_models(challenge, options)
    shown = f"{', '.join(members[:3])}{' ...' if len(members) > 3 else ''}"
    lines = [f"{options.output}: {shown} ({len(plan.names)} images)"]
    if plan.layout.certainty:
        lines.append(f"note: {plan.layout.certainty}")
    facts = {"output": str(options.output), "images": len(plan.names), "members": list(members)}
    console.show({**facts, "note": plan.layout.certainty}, lines)
    return 0


def note_models(challenge: Challenge, options: argparse.Namespace) -> None:
    """Write `s.run.json` beside `s.zip`: of this run, or the `run.json` of the predictions that were packed."""
    from retseg.evaluation.inputs.records import find_records
    from retseg.models.record import join_record, name_beside

    path = name_beside(options.output)
    path.unlink(missing_ok=True)
    if options.predictions is None:
        record_models(path, options, challenge.models, locate_models(options.models), challenge.name)
        return
    for _, record in find_records(options.predictions):
        join_record(path, record)


def predict_cases(
    challenge: Challenge, plan: "Plan", images: Mapping[str, Path], options: argparse.Namespace, console: Console
) -> "Iterator[SubmittedCase]":
    """Segment the images in the order of the plan, one at a time."""
    from retseg.predictor import segment_file
    from retseg.submission import SubmittedCase

    folders = locate_models(options.models)
    predict = load_when_needed(challenge.models, folders, challenge.modality, options.engine, options.memory)
    predict = tell_passages(predict, options.verbose)
    for number, name in enumerate(console.track(plan.names, "images"), 1):
        console.say(f"[{number}/{len(plan.names)}] {images[name]}")
        _, prediction = segment_file(images[name], predict, complain, options.max_pixels)
        yield SubmittedCase(name, prediction.masks, prediction.probabilities)


def read_cases(challenge: Challenge, plan: "Plan", folder: Path) -> "Iterator[SubmittedCase]":
    """Read predictions from a folder or archive, in the order of the plan.

    Raises:
        SubmissionError: an image lacks a prediction; the writer names it.
        SourceError: a prediction is unreadable.
    """
    from retseg.evaluation.inputs.matching import find_case_name
    from retseg.evaluation.inputs.predictions import find_predictions
    from retseg.evaluation.inputs.reading import MASK_KINDS, Reading, inspect
    from retseg.submission import SubmittedCase

    grey = plan.layout.kind == "grey"
    names = {find_case_name(name, challenge.case_suffixes): name for name in plan.names}
    found = find_predictions(challenge, folder, names)
    for problem in found.problems:
        warn(problem)
    for case, name in names.items():
        masks, probabilities = {}, {}
        for candidate in (c for c in found.candidates if c.case == case):
            reading = Reading(candidate.source, inspect(candidate, grey)[0])
            if reading.kind not in MASK_KINDS:
                probabilities[candidate.task] = reading.read_probability()
            else:
                masks[candidate.task] = reading.read_mask()
                if grey:
                    probabilities.setdefault(candidate.task, masks[candidate.task].astype(np.float32))
        yield SubmittedCase(name, masks, probabilities)
