"""`retseg view`: a page on this machine that segments the photographs dropped on it and shows what was found."""

import argparse
import contextlib
import importlib.util
import secrets
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retseg.commands.choosing import choose_models, gather_looks
from retseg.commands.console import say
from retseg.commands.options import (
    RequestError,
    add_challenge,
    add_inference,
    list_challenge_folders,
    load_when_needed,
    locate_models,
    open_challenge,
)
from retseg.commands.predict import list_images

if TYPE_CHECKING:
    from retseg.view import Step


EXAMPLE = "retseg view eye.jpg"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("images", metavar="IMAGE_OR_FOLDER", nargs="*", type=Path, help="opened at once")
    parser.add_argument("--task", metavar="NAME", action="append", help="what to segment (default: the challenge's)")
    parser.add_argument("--model", metavar="NAME", action="append", help="by which model (default: the challenge's)")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1 (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    add_challenge(parser)
    add_inference(parser)


def run(options: argparse.Namespace) -> int:
    """Open the page and answer it until Ctrl-C."""
    for package in ("fastapi", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise RequestError(f"the page needs {package}, which is missing: install `retseg[serve]`")
    from retseg.view import Desk, describe_settings
    from retseg.view.access import LOOPBACK, Access
    from retseg.view.names import tidy_name
    from retseg.view.server import create_app, open_port, serve

    images = list_images(options.images)
    challenge = open_challenge(options)
    desk = Desk(open_steps(options), options.max_pixels)
    listening = open_port(options.port, LOOPBACK)
    access = Access(listening.getsockname()[1], secrets.token_urlsafe(24))
    looks = gather_looks(challenge, list_challenge_folders(options))
    settings = describe_settings(challenge.title, [(step.card, step.tasks) for step in desk.steps], looks)
    for path in images:
        desk.add(path, tidy_name(path.name))
    desk.start()
    say(f"open {access.address}")
    say("This page is on this machine only; nothing is uploaded. Ctrl-C ends it.")
    if not options.no_browser:
        webbrowser.open(access.address)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="retseg-view-") as folder, contextlib.suppress(KeyboardInterrupt):
        serve(create_app(desk, settings, access, Path(folder)), listening)
    return 0


def open_steps(options: argparse.Namespace) -> "Sequence[Step]":
    """The models that the options name, each as a step of its own, so that the first is seen while the next works."""
    from retseg.models import match_models
    from retseg.view import Step

    challenge = open_challenge(options)
    folders = locate_models(options.models)
    named = tuple(options.task or ()), tuple(options.model or ())
    chosen = choose_models(challenge, folders, *named, list_challenge_folders(options))
    modality = challenge.modality if chosen.items() <= challenge.models.items() else None
    return [
        Step(
            card,
            tasks,
            load_when_needed(dict.fromkeys(tasks, card.name), folders, modality, options.engine, options.memory),
        )
        for card, tasks in match_models(chosen, folders, modality)
    ]
