"""`retseg new`: begin a challenge of one's own with its file, a recipe, drawn images and test cases."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from retseg.challenge import Challenge, load_challenge
from retseg.commands.console import say
from retseg.commands.options import RequestError, add_challenge, open_challenge
from retseg.vocabulary import VIEWS, ViewRule

if TYPE_CHECKING:
    from retseg.drafts.draft import Draft, Form
    from retseg.drafts.sockets import SocketDraft

EXAMPLE = "retseg new challenge discs --output own --modality slo --field-of-view frame --task optic_disc"
SIDE = 256
"""Pixels of the sides of a drawn image."""
CASE_SEED = 1_000_000
"""Of the image of the first test case, far from the seeds of drawn training images."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `challenge`, `images` and `case`."""
    kinds = parser.add_subparsers(dest="kind", metavar="WHAT", required=True)
    add_challenge_arguments(kinds.add_parser("challenge", help="its file, a recipe and a drawn test case"))
    images = kinds.add_parser("images", help="draw images with exact truth, to try all before there are real ones")
    add_challenge(images)
    images.add_argument("--output", metavar="DIR", type=Path, required=True, help="takes images/ and masks/<task>/")
    images.add_argument("--count", metavar="N", type=int, default=12, help="how many (default: %(default)s)")
    images.add_argument("--size", metavar="W,H", default=f"{SIDE},{SIDE}", help="in pixels (default: %(default)s)")
    images.add_argument("--seed", metavar="N", type=int, default=1, help="of the first (default: %(default)s)")
    case = kinds.add_parser("case", help="a test case out of an image and its masks")
    add_challenge(case)
    case.add_argument("--image", metavar="FILE", type=Path, required=True)
    case.add_argument("--mask", metavar="TASK=FILE", action="append", default=[], help="one for each task; else empty")
    case.add_argument("--label-map", metavar="FILE", type=Path, help="in place of --mask: with the challenge's labels")
    case.add_argument("--value", metavar="SLUG=JSON", action="append", default=[], help="an input beside the image")
    case.add_argument("--field-of-view", metavar="FILE", type=Path, help="its mask (default: found in the image)")
    case.add_argument("--minimum", metavar="TASK=DICE", action="append", default=[], help="that passes (default: 0.5)")
    case.add_argument("--name", default="", help="of the case (default: the next number)")
    case.add_argument("--output", metavar="DIR", type=Path, default=Path("test/cases"), help="takes CHALLENGE/NAME/")


def add_challenge_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `retseg new challenge`."""
    parser.add_argument("name", metavar="NAME", help="of the challenge, its recipe and its model")
    sockets = "inputs.json of a case, predictions.json, or an object with inputs and outputs"
    parser.add_argument("--sockets", metavar="FILE", type=Path, action="append", default=[], help=sockets)
    parser.add_argument(
        "--compute",
        metavar="SLUG=FUNCTION",
        action="append",
        default=[],
        help="an output value, JSON, and what computes it",
    )
    parser.add_argument("--title", default="", help="one line")
    parser.add_argument("--modality", metavar="WORD", default="", help="cfp, octa or a word of your own, such as slo")
    parser.add_argument("--field-of-view", choices=get_args(ViewRule), default="", help="how it is found in an image")
    parser.add_argument("--task", metavar="NAME", action="append", default=[], help="what is segmented")
    beside = "an input beside the image, JSON, with its choices if there are any"
    parser.add_argument("--value", metavar="SLUG[=A,B]", action="append", default=[], help=beside)
    forms = ("masks", "label_map", "stack", "heatmaps")
    parser.add_argument("--form", choices=forms, default="", help="of several tasks (default: masks, one each)")
    where = "takes challenges/, recipes/ and cases/ (default: here)"
    parser.add_argument("--output", metavar="DIR", type=Path, default=Path(), help=where)


def run(options: argparse.Namespace) -> int:
    """Write the files, and say which."""
    return {"challenge": run_challenge, "images": run_images, "case": run_case}[options.kind](options)


def run_challenge(options: argparse.Namespace) -> int:
    """Write the challenge's file, its recipe, and a drawn test case."""
    from retseg.drafts.cases import copy_input
    from retseg.drafts.texts import write_challenge, write_recipe

    draft = complete_draft(options)
    files = {
        options.output / "challenges" / f"{draft.name}.toml": write_challenge(draft),
        options.output / "recipes" / f"{draft.name}.toml": write_recipe(
            draft, f"../challenges/{draft.name}.toml", draft.name
        ),
    }
    case = options.output / "cases" / draft.name / "01"
    present = next((path for path in (*files, case) if path.exists()), None)
    if present is not None:
        raise RequestError(f"{present} exists: remove it, or choose another name or --output")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        challenge = load_challenge(next(iter(files)))
        write_drawn_case(challenge, case)
    except BaseException:
        for path in files:
            path.unlink(missing_ok=True)
        raise
    given = [case.parent / f"given-{number}" for number in range(1, len(options.sockets) + 1)]
    copied = [to for path, to in zip(options.sockets, given, strict=True) if copy_input(path, to)]
    for path in (*files, case, *copied):
        say(f"wrote {path}")
    say(f"its tasks: {', '.join(challenge.tasks)}; docs/own-challenge.md goes on from here")
    return 0


def write_drawn_case(challenge: Challenge, folder: Path) -> None:
    """A test case of a drawn image, with the first choice, or an empty text, for each input value."""
    from retseg.drafts.cases import NewCase, write_case
    from retseg.drafts.images import draw_image
    from retseg.image import Geometry, Image

    phantom = draw_image(challenge, CASE_SEED, (SIDE, SIDE))
    given = set(challenge.interface[0].inputs)
    inputs = [socket for socket in challenge.socket if socket.slug in given and socket.kind == "value"]
    values = {socket.slug: next(iter(socket.choices), "") for socket in inputs}
    image = Image(phantom.pixels, Geometry((SIDE, SIDE)), "drawn.png")
    write_case(challenge, NewCase(image, "drawn.png", phantom.masks, phantom.field_of_view, values), folder)


def complete_draft(options: argparse.Namespace) -> "Draft":
    """The draft from files and options; what they do not say is asked on a terminal.

    Raises:
        DraftError: something is missing or does not fit.
    """
    from retseg.drafts.draft import FORMS, Draft, draft_computed, draft_image, draft_outputs, draft_value, give_tasks
    from retseg.drafts.sockets import read_sockets

    functions = dict(split_pair(text, "--compute SLUG=FUNCTION") for text in options.compute)
    sockets: dict[str, SocketDraft] = {}
    for path in options.sockets:
        sockets |= {socket.slug: socket for socket in read_sockets(path, functions)}
    modality = options.modality or ask("kind of image (cfp, octa, or a word of your own, such as slo)", "cfp")
    rule = options.field_of_view or VIEWS.get(modality) or choose("field of view", get_args(ViewRule), "frame")
    inputs = [socket for socket in sockets.values() if not socket.is_output] or [draft_image(modality)]
    inputs += [draft_value(*split_choices(text)) for text in options.value]
    outputs = [socket for socket in sockets.values() if socket.is_output]
    if not any(socket.labels for socket in outputs):
        tasks = options.task or ask("tasks, separated by commas (such as optic_disc, optic_cup)", "").split(",")
        tasks = [task.strip() for task in tasks if task.strip()]
        form: Form = "masks"
        if options.form or len(tasks) > 1:
            form = options.form or choose("form of the outputs", FORMS, form)
        outputs += draft_outputs(options.name, tasks, form)
    elif options.task:
        raise RequestError("the outputs of --sockets say what is segmented: leave --task out")
    outputs += [draft_computed(slug, function) for slug, function in functions.items() if slug not in sockets]
    title = options.title or ask("title", options.name.replace("-", " ").replace("_", " ").capitalize())
    return Draft(options.name, title, modality, rule, give_tasks([*inputs, *outputs]))


def ask(question: str, default: str) -> str:
    """The answer on the terminal, or the default where there is none."""
    if not sys.stdin.isatty():
        return default
    shown = f" [{default}]" if default else ""
    sys.stderr.write(f"{question}{shown}: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() or default


def choose(question: str, choices: tuple[Any, ...], default: str) -> Any:
    """One of the choices, as `ask` finds it.

    Raises:
        RequestError: the answer is none of them.
    """
    answer = ask(f"{question} ({', '.join(choices)})", default)
    if answer not in choices:
        raise RequestError(f"'{answer}' is none of {', '.join(choices)}: answer with one of them")
    return answer


def run_images(options: argparse.Namespace) -> int:
    """Draw the images."""
    from retseg.drafts.images import write_images

    challenge = open_challenge(options)
    width, _, height = options.size.partition(",")
    if not (width.isdigit() and height.isdigit() and min(int(width), int(height)) >= 64):
        raise RequestError(f"--size {options.size} is no size: write W,H with at least 64 pixels each")
    if options.count < 1:
        raise RequestError(f"--count {options.count} draws nothing: write 1 or more")
    if (options.output / "images").exists():
        raise RequestError(f"{options.output / 'images'} exists: remove it, or choose another --output")
    images = write_images(challenge, options.output, options.count, (int(width), int(height)), options.seed)
    say(f"drew {len(images)} images with masks of {', '.join(challenge.tasks)} in {options.output}")
    return 0


def run_case(options: argparse.Namespace) -> int:
    """Write the test case."""
    from retseg.drafts.cases import NewCase, write_case
    from retseg.image import read_image, read_mask, view_image

    challenge = open_challenge(options)
    image = read_image(options.image)
    view = read_mask(options.field_of_view) > 0 if options.field_of_view else None
    found = view_image(image.pixels, challenge.view_rule).mask if view is None else view
    given = [split_pair(text, "--value SLUG=JSON") for text in options.value]
    values = {slug: read_json(text) for slug, text in given}
    limits = [split_pair(text, "--minimum TASK=DICE") for text in options.minimum]
    minimum = {task: read_number(text) for task, text in limits}
    case = NewCase(image, options.image.name, read_masks(options, challenge), found, values, minimum)
    folder = options.output / challenge.name / (options.name or name_next(options.output / challenge.name))
    write_case(challenge, case, folder)
    lacking = [task for task in challenge.tasks if task not in case.masks]
    say(f"wrote {folder}" + (f"; it expects nothing for {', '.join(lacking)}" if lacking else ""))
    return 0


def read_masks(options: argparse.Namespace, challenge: Challenge) -> dict[str, Any]:
    """Task to mask, bool (H, W), from `--mask` or `--label-map`.

    Raises:
        RequestError: both are given, or the challenge has no label map.
    """
    import numpy as np

    from retseg.image import read_mask

    if options.label_map is None:
        pairs = [split_pair(text, "--mask TASK=FILE") for text in options.mask]
        return {task: read_mask(Path(file)) > 0 for task, file in pairs}
    labelled = [socket for socket in challenge.socket if socket.labels]
    if options.mask or not labelled:
        reason = "and --mask are both given" if options.mask else "needs an output of the kind label_map"
        raise RequestError(f"--label-map {reason}: give a mask for each task instead")
    values = read_mask(options.label_map)
    return {task: np.isin(values, labels) for task, labels in labelled[0].labels.items()}


def name_next(folder: Path) -> str:
    """The first two-digit number that no case of the folder has."""
    number = 1
    while (folder / f"{number:02d}").exists():
        number += 1
    return f"{number:02d}"


def split_pair(text: str, wanted: str) -> tuple[str, str]:
    """Both sides of `A=B`.

    Raises:
        RequestError: there is no `=`.
    """
    before, found, after = text.partition("=")
    if not (before and found and after):
        raise RequestError(f"'{text}' is not of the form {wanted}")
    return before, after


def split_choices(text: str) -> tuple[str, tuple[str, ...]]:
    """`laterality=left,right` as the slug and the choices; there may be none."""
    slug, _, choices = text.partition("=")
    return slug, tuple(each.strip() for each in choices.split(",") if each.strip())


def read_json(text: str) -> Any:
    """A value as JSON, or the text itself where it is none: `3`, `true`, `left`."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_number(text: str) -> float:
    """A number.

    Raises:
        RequestError: it is none.
    """
    try:
        return float(text)
    except ValueError:
        raise RequestError(f"'{text}' is no number: write one from 0 to 1, such as 0.4") from None
