"""`retseg cohort`: segment and measure any number of images into one table, and go on after a stop."""

import argparse
import importlib.util
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retseg.commands.choosing import choose_models
from retseg.commands.console import Console
from retseg.commands.options import (
    RequestError,
    add_challenge,
    add_inference,
    list_challenge_folders,
    locate_models,
    open_challenge,
    warn_of_models,
)
from retseg.commands.parsing import add_output_options, open_console

if TYPE_CHECKING:
    from retseg.cohort import Index, Item, Result, Work
    from retseg.models.record import RunRecord

EXAMPLE = "retseg cohort photographs/ --output study --masks"

BYTES_OF_A_PROCESS = 2_000_000_000
"""Memory below which no further process is started by default."""

BAR = "{n_fmt}/{total_fmt} |{bar}| {rate_fmt}, {remaining} left{postfix}"


@dataclass
class Tally:
    """What has been done in this run.

    Attributes:
        total: images that this run had to do.
        done, failed, rejected: of them; an image without a retina is rejected.
        seconds: of the run.
    """

    total: int
    done: int = 0
    failed: int = 0
    rejected: int = 0
    seconds: float = 0.0

    def count(self, result: "Result") -> None:
        """Take in a result."""
        self.done += 1
        self.failed += bool(result.failure)
        self.rejected += result.is_rejected

    @property
    def words(self) -> str:
        """The share of images that failed or show no retina."""
        return f"{self.rejected / self.done:.1%} rejected" if self.done else ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    source = "nested folder, manifest (.csv or .parquet, column path) or address such as s3://bucket/folder"
    parser.add_argument("source", metavar="SOURCE", help=source)
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="takes cohort.parquet and the rest")
    parser.add_argument("--task", metavar="NAME", action="append", help="what to segment (default: the challenge's)")
    parser.add_argument("--model", metavar="NAME", action="append", help="by which model (default: the challenge's)")
    parser.add_argument("--masks", action="store_true", help="write masks/<task>/<name>.png too")
    parser.add_argument("--overlay", action="store_true", help="write overlay/<name>.png, the image with its masks")
    parser.add_argument("--seg", action="store_true", help="write seg/<name>.dcm, a DICOM segmentation of DICOM images")
    parser.add_argument("--workers", metavar="N", type=int, help="processes (default: as cores and memory allow)")
    timeout = "seconds for one image, after which it is a failure (default: %(default)g)"
    parser.add_argument("--timeout", metavar="S", type=float, default=600.0, help=timeout)
    parser.add_argument("--retry", action="store_true", help="examine the images that failed again")
    part = "examine this part of the images only; one run without it then merges all parts"
    parser.add_argument("--part", metavar="I/N", help=part)
    add_challenge(parser)
    add_inference(parser)
    add_output_options(parser, "the numbers of images and the files")


def run(options: argparse.Namespace) -> int:
    """Examine what is not done yet, and merge the tables. The status is 1 where no image at all could be examined."""
    if importlib.util.find_spec("pyarrow") is None:
        raise RequestError("the table is written by pyarrow, which is missing: install `retseg[cohort]`")
    if options.seg and importlib.util.find_spec("highdicom") is None:
        raise RequestError("--seg writes by highdicom, which is missing: install `retseg[dicom]`")
    part, console = read_part(options.part), open_console(options)
    from retseg.cohort import index_rows, keep_record, list_source, lock_output, merge_tables, select_part

    work, record = prepare(options)
    listing = list_source(options.source, options.output)
    items = select_part(listing.items, part) if part else listing.items
    with lock_output(options.output, part):
        keep_record(options.output, record)
        done = index_rows(options.output).list_done(options.retry)
        waiting = tuple(item for item in items if item.id not in done)
        console.say(f"{len(items)} images in {options.source}, {len(items) - len(waiting)} done before")
        tally = examine(waiting, work, options, console)
        index = index_rows(options.output)
        if part is None:
            merge_tables(options.output, index, listing.refused)
    return tell(describe(options, items, tally, index, len(listing.refused)), console)


def read_part(text: str | None) -> tuple[int, int] | None:
    """I and N of `--part I/N`.

    Raises:
        RequestError: it is no part.
    """
    if text is None:
        return None
    first, _, second = text.partition("/")
    if not (first.isdigit() and second.isdigit() and 1 <= int(first) <= int(second)):
        raise RequestError(f"--part {text} is no part: give I/N, such as 1/4 for the first of four")
    return int(first), int(second)


def prepare(options: argparse.Namespace) -> "tuple[Work, RunRecord]":
    """What is done with each image, and the record of it; cautions of the models are said.

    Raises:
        RequestError: an option is wrong.
        ModelError: a model is missing or does not do its task.
        MeasureError: vessels cannot be measured here.
    """
    from retseg.cohort import Work
    from retseg.measures import refuse_unmeasurable
    from retseg.models import match_models
    from retseg.models.record import record_run

    if (options.workers or 1) < 1 or not options.timeout > 0:
        raise RequestError("--workers and --timeout are numbers above 0: give such, or leave them out")
    if options.memory is not None and not options.memory > 0:
        raise RequestError(f"--memory {options.memory:g} leaves a network nothing: give GB, such as 2")
    challenge, folders = open_challenge(options), locate_models(options.models)
    named = tuple(options.task or ()), tuple(options.model or ())
    chosen = choose_models(challenge, folders, *named, list_challenge_folders(options))
    modality = challenge.modality if chosen.items() <= challenge.models.items() else None
    matched = match_models(chosen, folders, modality)
    refuse_unmeasurable(chosen)
    warn_of_models((card for card, _ in matched), folders)
    kept = options.masks, options.overlay, options.seg
    memory = find_memory(options)
    work = Work(chosen, folders, options.output, modality, options.engine, memory, options.max_pixels, *kept)
    return work, record_run(vars(options), challenge.name, matched)


def count_workers(options: argparse.Namespace) -> int:
    """The processes: as many as asked for, or as cores and memory allow; one where a GPU computes."""
    from retseg.engine import choose_engine
    from retseg.engine.memory import find_budget
    from retseg.engine.threads import find_threads

    if options.workers:
        return int(options.workers)
    if choose_engine(options.engine).uses_gpu:
        return 1
    return max(1, min(find_threads(), find_budget() // BYTES_OF_A_PROCESS))


def find_memory(options: argparse.Namespace) -> int | None:
    """Bytes for a network in each process; None where a single process may have what the machine allows."""
    from retseg.engine.memory import find_budget

    if options.memory is not None:
        return int(options.memory * 1e9)
    workers = count_workers(options)
    return find_budget() // workers if workers > 1 else None


def examine(items: "Sequence[Item]", work: "Work", options: argparse.Namespace, console: Console) -> Tally:
    """Examine images and write their rows; what is done when the run is stopped is written too."""
    from retseg.cohort import Hands, RowWriter, run_pool

    tally, start = Tally(len(items)), time.monotonic()
    if not items:
        return tally
    hands, writer = Hands(min(count_workers(options), len(items)), options.timeout), RowWriter(options.output)
    try:
        with closing(run_pool(items, work, hands)) as results, console.open_bar(len(items), BAR) as advance:
            for result in results:
                writer.add(result)
                tally.count(result)
                advance(tally.words)
    finally:
        writer.flush()
        tally.seconds = time.monotonic() - start
    return tally


def describe(
    options: argparse.Namespace, items: "Sequence[Item]", tally: Tally, index: "Index", refused: int
) -> dict[str, Any]:
    """The numbers of the run and of the cohort, as plain values."""
    known = [index.places[item.id] for item in items if item.id in index.places]
    failures = sum(place.failed for place in known) + refused
    rate = (tally.done - tally.failed) / tally.seconds * 3600 if tally.seconds else None
    return {
        "images": len(items) + refused,
        "rows": sum(not place.failed for place in known),
        "failures": failures,
        "examined_now": tally.done,
        "rejected_now": tally.rejected,
        "seconds": round(tally.seconds, 1),
        "images_per_hour": rate and round(rate),
        "part": options.part,
        "output": str(options.output),
    }


def tell(facts: dict[str, Any], console: Console) -> int:
    """Say the numbers; gives the status: 1 where nothing at all could be examined."""
    from retseg.cohort.table import CSV, FAILURES, PARQUET

    rate = f", {facts['images_per_hour']} images per hour" if facts["images_per_hour"] else ""
    lines = [f"examined {facts['examined_now']} images in {facts['seconds']:.0f} s{rate}"]
    if facts["part"]:
        lines.append(f"part {facts['part']}: {facts['rows']} rows; a run without --part merges the parts")
    else:
        lines.append(f"{facts['rows']} rows in {facts['output']}/{PARQUET} and {CSV}")
    if facts["failures"]:
        lines.append(f"{facts['failures']} failures, with reasons in {facts['output']}/{FAILURES}")
    console.show(facts, lines)
    return 0 if facts["rows"] else 1
