"""`retseg serve` and `serve.py`: run jobs from /input to /output behind HTTP (Grand Challenge `invoke`)."""

import argparse
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from retseg.challenge import Challenge
from retseg.commands.console import complain, say
from retseg.commands.options import (
    add_address,
    add_challenge,
    add_inference,
    add_verbose,
    load_when_needed,
    locate_models,
    open_challenge,
    tell_passages,
)
from retseg.commands.process import add_folders
from retseg.container import Job, run_job
from retseg.errors import RetsegError, explain, is_expected


class UnusableModelsError(RetsegError):
    """The models of a server cannot be loaded; the message says why."""


EXAMPLE = "retseg serve --input input --output output --challenge drive --port 4743"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_folders(parser)
    add_challenge(parser)
    add_inference(parser)
    add_verbose(parser)
    add_address(parser)


def run(options: argparse.Namespace) -> int:
    """Load and warm the models, then serve until SIGTERM.

    A server whose models cannot be loaded answers every case with the reason. If it ended instead, the platform would
    ask for its health for five minutes and show a general text.
    """
    from retseg.container.server import create_app, serve

    challenge = open_challenge(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve(create_app(_prepare(options, challenge)), options.host, options.port)
    return 0


def _prepare(options: argparse.Namespace, challenge: Challenge) -> Callable[[], tuple[Path, ...]]:
    """What a case runs: the job with warm models, or the reason why there are none."""
    from retseg.container.server import warm_up

    try:
        folders = locate_models(options.models, write=say)
        predict = load_when_needed(challenge.models, folders, challenge.modality, options.engine, options.memory, say)
        predict = tell_passages(predict, options.verbose, say)
        warm_up(predict)
    except Exception as error:
        if not is_expected(error):
            traceback.print_exc()
        sentence = f"the models of '{challenge.name}' cannot be used: {explain(error)}"
        complain(sentence)

        def refuse() -> tuple[Path, ...]:
            raise UnusableModelsError(sentence)

        return refuse
    job = Job(options.input, options.output, challenge, options.max_pixels)
    say(f"ready: models of '{challenge.name}' loaded and warm, listening on {options.host}:{options.port}")
    return lambda: run_job(job, predict, say)
