"""`python -m train.reproduce`: published numbers beside ours, from the logged results, as `docs/reproduction.md`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from retseg.toml_schema import SchemaError
from train.options import add_places
from train.page import name_width, write_page
from train.published import load_published

RESULTS = Path(__file__).parent / "results"


def read_results(directory: Path) -> tuple[dict[str, Any], ...]:
    """All results of a folder, in the order of recipe, variant and seed.

    Raises:
        SchemaError: a file is not a result.
    """
    found = []
    for path in sorted(directory.glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            result["order"] = (result["recipe"], name_width(result), int(result["seed"]))
        except (ValueError, KeyError, TypeError) as error:
            raise SchemaError(f"{path} is not a result of `python -m train RECIPE --results`: {error!r}") from error
        found.append(result)
    return tuple(sorted(found, key=lambda result: result["order"]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.reproduce", description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results (train/results)")
    parser.add_argument("--output", type=Path, help="write the page there instead of printing it")
    parser.add_argument("--run", nargs="*", metavar="PATTERN", help="run experiments that have no result yet")
    parser.add_argument("--seeds", type=int, default=3, help="seeds of each experiment (%(default)s)")
    parser.add_argument("--width", default="cpu", help="variants joined by +, `paper` for none (%(default)s)")
    parser.add_argument("--dry-run", action="store_true", help="say what --run would do")
    add_places(parser)
    words = parser.parse_args(arguments)
    if words.run is not None:
        return run_queue(words)
    page = write_page(load_published(), read_results(words.results))
    if words.output:
        words.output.write_text(page, encoding="utf-8")
    else:
        print(page, end="")
    return 0


def run_queue(words: argparse.Namespace) -> int:
    """Run, or only show, the experiments that have no result; the exit status."""
    from train.experiments import Queue, describe_plan, plan_runs, run_experiments
    from train.make import Places
    from train.memory import keep_freed_memory

    try:
        if words.data is None:
            raise ValueError("say where the data sets are: --data DIR, or RETSEG_DATA")
        places = Places(words.data, words.runs, words.results)
        planned = plan_runs(Queue(tuple(words.run), words.width, words.seeds), places)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(describe_plan(planned), flush=True)
    keep_freed_memory()
    failed = () if words.dry_run else run_experiments(planned, places, words.workers)
    for sentence in failed:
        print(f"error: {sentence}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
