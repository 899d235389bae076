"""`retseg serve`, which `serve.py` is too: jobs from /input to /output behind HTTP (Grand Challenge `invoke`)."""

import argparse
import signal
import sys

from retseg.commands.console import say
from retseg.commands.options import add_challenge, add_inference, load_when_needed, locate_models, open_challenge
from retseg.commands.process import add_folders
from retseg.container import Job, run_job

PORT = 4743
"""The port that the platform asks."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    add_folders(parser)
    add_challenge(parser)
    add_inference(parser)
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="port to listen on (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Load and warm the models, then serve until SIGTERM."""
    from retseg.container.server import create_app, serve, warm_up

    challenge = open_challenge(options)
    folders = locate_models(options.models)
    predict = load_when_needed(challenge.models, folders, challenge.modality, options.engine, options.memory)
    warm_up(predict)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    job = Job(options.input, options.output, challenge)
    say(f"ready: models of '{challenge.name}' loaded and warm, listening on {options.host}:{options.port}")
    serve(create_app(lambda: run_job(job, predict, say)), options.host, options.port)
    return 0
