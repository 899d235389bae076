"""`retseg adopt`: make a model folder of a checkpoint that other people trained, or say why it does not fit."""

import argparse
import importlib.util
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retseg.commands.console import warn
from retseg.commands.options import RequestError, locate_own_models
from retseg.commands.parsing import add_output_options, open_console
from retseg.models.card import PLAIN_NAME

if TYPE_CHECKING:
    from retseg.adopt.declared import Declared, Standard
    from retseg.adopt.opening import Wanted
    from retseg.adopt.source import Source

EXAMPLE = "retseg adopt net.onnx --name mine --task vessel --normalise imagenet --size 512,512 --licence MIT"

CHANNELS = ("rgb", "bgr", "green", "grey")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "checkpoints",
        metavar="CHECKPOINT",
        nargs="+",
        type=Path,
        help="an ONNX or torch file; several state dicts are one ensemble",
    )
    parser.add_argument("--name", required=True, help="of the model")
    tasks = "what it segments, and by which outputs, from 0, if not one each: optic_disc=1,2"
    parser.add_argument("--task", metavar="NAME[=N,N]", action="append", required=True, help=tasks)
    parser.add_argument("--licence", required=True, help="of the checkpoint, such as MIT; 'unknown' where it is")
    parser.add_argument("--data", default="not stated by its origin", help="what it was trained on, for the card")
    parser.add_argument("--models", metavar="DIR", type=Path, help="takes the folder of the model (default: your own)")
    trust = "take it as declared, even if drawn images speak against it"
    parser.add_argument("--trust", action="store_true", help=trust)
    parser.add_argument("--replace", action="store_true", help="replace a model of this name")
    _add_network(parser)
    add_output_options(parser, "the model, its agreement with the source, and what was found")


def _add_network(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the network")
    group.add_argument("--network", metavar="LIBRARY:NAME", default="", help="of a state dict, such as smp:Unet")
    group.add_argument("--argument", metavar="KEY=VALUE", action="append", default=[], help="of that network")
    group.add_argument("--channels", choices=CHANNELS, default="rgb", help="that it sees (default: %(default)s)")
    known = "unit (0 to 1), none (0 to 255), half (-1 to 1), imagenet, caffe, field_of_view or image (mean 0, s.d. 1)"
    group.add_argument("--normalise", metavar="NAME", default="", help=known)
    group.add_argument("--mean", metavar="X,X,X", default="", help="own numbers for pixels from 0 to 1, with --sd")
    group.add_argument("--sd", metavar="X,X,X", default="", help="the deviations of --mean")
    group.add_argument("--size", metavar="W,H", default="", help="every image is resized to this")
    group.add_argument("--diameter", metavar="N", type=int, help="longer side after resizing; 0 for the own scale")
    region = "what it sees of a photograph (default: %(default)s)"
    group.add_argument("--region", choices=("frame", "field_of_view"), default="frame", help=region)
    group.add_argument("--activation", choices=("sigmoid", "softmax"), help="of its outputs (default: by their number)")
    group.add_argument("--probabilities", action="store_true", help="the activation is inside the network")
    group.add_argument("--flips", choices=("none", "horizontal", "mirror"), default="none", help="to be averaged")
    group.add_argument("--modality", default="cfp", help="the kind of image (default: %(default)s)")
    group.add_argument("--field-of-view", choices=("round", "frame", "threshold"), help="how it is found")


def run(options: argparse.Namespace) -> int:
    """Read the checkpoint, test it, and write the model."""
    models = options.models or locate_own_models()
    refuse_name(options.name, models, options.replace)
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("onnx") is None:
        raise RequestError("retseg adopt needs torch and onnx: pip install 'retseg[train]'")
    from retseg.adopt.adopting import Facts, try_source, write_model
    from retseg.adopt.opening import open_source
    from retseg.models import hash_file, list_cautions

    paths = tuple(options.checkpoints)
    source = open_source(paths, list_wanted(options))
    trial = try_source(source, declare(options, source), options.trust)
    files = {path.name: hash_file(path) for path in paths if path.is_file()} | source.files
    facts = Facts(options.name, source.kind, files, options.licence, options.data)
    card = write_model(trial, facts, models)
    assert card.origin is not None
    for sentence in list_cautions(card):
        warn(sentence)
    found = {"model": card.name, "folder": str(card.directory), "agreement": card.origin.agreement}
    lines = [
        f"{card.directory}: {source.kind}, {', '.join(card.tasks)}",
        f"  largest difference of a probability from the source: {card.origin.agreement:.1e}",
        *(f"  {note}" for note in card.origin.notes),
    ]
    open_console(options).show({**found, "notes": list(card.origin.notes)}, lines)
    return 0


def refuse_name(name: str, models: Path, replaces: bool) -> None:
    """Refuse a name that is no name of a folder, or that another model has.

    Raises:
        RequestError: names the remedy.
    """
    from retseg.models import PACKAGED_MODELS

    if not PLAIN_NAME.fullmatch(name):
        raise RequestError(f"'{name}' is no name of a model: use letters, digits, _, - and .")
    if (PACKAGED_MODELS / name / "card.toml").is_file():
        raise RequestError(f"the package has a model '{name}': give another --name")
    if (models / name).exists() and not replaces:
        raise RequestError(f"{models / name} exists: give another --name, or --replace")


def list_wanted(options: argparse.Namespace) -> "Wanted":
    """What is asked of the checkpoint."""
    from retseg.adopt.opening import Wanted
    from retseg.adopt.readout import parse_tasks

    tasks = parse_tasks(options.task)
    count, numbers = len(tasks), [number for chosen in tasks.values() for number in chosen]
    likely = {"sigmoid": [count], "softmax": [count + 1]}.get(options.activation or "", [count, count + 1])
    if numbers:
        likely = [max(numbers) + 1, max(numbers) + 2]
    channels = 3 if options.channels in ("rgb", "bgr") else 1
    activation = options.activation or ""
    return Wanted(channels, likely, activation, options.network, parse_arguments(options.argument))


def parse_arguments(given: Sequence[str]) -> dict[str, Any]:
    """`encoder_name=resnet34 channels=[16,32]`: values as TOML has them, or else texts.

    Raises:
        RequestError: an argument has no value.
    """
    arguments: dict[str, Any] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise RequestError(f"--argument {text} is not KEY=VALUE: write it as --argument encoder_name=resnet34")
        try:
            arguments[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            arguments[key] = value
    return arguments


def declare(options: argparse.Namespace, source: "Source") -> "Declared":
    """All that is said of the network, by the options and by its files.

    Raises:
        RequestError: the normalisation or the scale is not said.
        AdoptError: what is said does not fit together.
    """
    from retseg.adopt.declared import Declared
    from retseg.adopt.readout import choose_readout, parse_tasks
    from retseg.models import Inference
    from retseg.preprocessing import Framing

    if options.diameter is None and not options.size:
        raise RequestError(
            "the scale of the network is not said: give --size W,H (every image resized to it), --diameter N (the "
            "longer side), or --diameter 0 (images at their own scale)"
        )
    if options.size and (options.region != "frame" or options.diameter is not None):
        raise RequestError(
            "--size resizes the whole frame: leave --region and --diameter out, or give --diameter alone"
        )
    size = tuple(int(side) for side in parse_numbers("--size", options.size, 2)) if options.size else ()
    inside = options.probabilities or source.inside
    readout = choose_readout(parse_tasks(options.task), source.classes, options.activation, inside)
    return Declared(
        options.channels,
        choose_standard(options),
        readout,
        options.diameter or 0,
        Framing(options.region, size),
        Inference(options.flips),
        modality=options.modality,
        field_of_view=options.field_of_view,
    )


def choose_standard(options: argparse.Namespace) -> "Standard":
    """How pixels are standardised.

    Raises:
        RequestError: it is not said, or said twice.
    """
    from retseg.adopt.declared import NORMALISATIONS, Standard, make_standard

    own = bool(options.mean or options.sd)
    if own == bool(options.normalise):
        raise RequestError(
            f"the normalisation of the network is not said: give one of --normalise {', '.join(NORMALISATIONS)}, or "
            "--mean and --sd"
        )
    if options.normalise:
        return make_standard(options.normalise, options.channels)
    count = 3 if options.channels in ("rgb", "bgr") else 1
    mean, deviation = (parse_numbers(f"--{key}", getattr(options, key), count) for key in ("mean", "sd"))
    if min(deviation) <= 0:
        raise RequestError(f"--sd {options.sd} has a number that is not above 0: give deviations")
    return Standard("own", mean, deviation)


def parse_numbers(option: str, text: str, count: int) -> tuple[float, ...]:
    """`0.5,0.5,0.5` as numbers.

    Raises:
        RequestError: they are no numbers, or not as many as wanted.
    """
    try:
        numbers = tuple(float(each) for each in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise RequestError(f"{option} {text} is not {count} numbers: write them with commas between")
    return numbers
