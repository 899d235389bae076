"""Options that several commands share, and the models that they name."""

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retseg.challenge import Challenge, load_challenge
from retseg.commands.console import complain
from retseg.errors import RetsegError, Say

if TYPE_CHECKING:
    from retseg.engine import EngineKind
    from retseg.image import Image
    from retseg.models import Card
    from retseg.predictor import Predict, Prediction, Predictor
    from retseg.vocabulary import Modality

PLATFORM_MODELS = Path("/opt/ml/model")
"""Where the platform unpacks an uploaded model.tar.gz; the folder is there, and empty, without one."""

PORT = 4743
"""The port that the platform connects to."""

ENGINE_CHOICES = ("auto", "openvino", "torch")


class RequestError(RetsegError):
    """The command cannot be run with these options; the message gives the reason and the remedy."""


def add_challenge(parser: argparse.ArgumentParser) -> None:
    """`--challenge` and `--challenges`; a container image sets the default of the first by RETSEG_CHALLENGE."""
    default = os.environ.get("RETSEG_CHALLENGE") or "fundus"
    which = f"see `retseg info`; or the path of a .toml file (here: {default})"
    parser.add_argument("--challenge", metavar="NAME", default=default, help=which)
    add_challenges(parser)


def add_challenges(parser: argparse.ArgumentParser) -> None:
    """`--challenges`."""
    parser.add_argument("--challenges", metavar="DIR", type=Path, help="folder of .toml files, searched first")


def open_challenge(options: argparse.Namespace) -> Challenge:
    """The challenge that `--challenge` names.

    Raises:
        SchemaError: there is no such challenge, or its file is wrong.
    """
    return load_challenge(options.challenge, *list_challenge_folders(options))


def list_challenge_folders(options: argparse.Namespace) -> tuple[Path, ...]:
    """The folders that are searched before the package: none, or that of `--challenges`."""
    return (options.challenges,) if options.challenges else ()


def add_models(parser: argparse.ArgumentParser) -> None:
    """`--models`."""
    models = "folder of model folders, searched first (default: /opt/ml/model if it holds one); then come the package's"
    parser.add_argument("--models", metavar="DIR", type=Path, help=models)


def add_inference(parser: argparse.ArgumentParser) -> None:
    """`--models`, `--engine`, `--memory` and `--max-pixels`."""
    add_models(parser)
    pixels = "that an image may have; larger ones are refused before they are decoded (default: 67 million)"
    parser.add_argument("--max-pixels", metavar="N", type=int, help=pixels)
    memory = "GB for a network; larger images are cut into tiles (default: what the machine or container allows)"
    parser.add_argument("--memory", metavar="GB", type=float, help=memory)
    parser.add_argument(
        "--engine", choices=ENGINE_CHOICES, default="auto", help="what runs the networks (default: %(default)s)"
    )


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """`--verbose` of the commands that run on the platform; the others have it from `add_output_options`."""
    plan = "say how each image goes through the networks: tiles, overlap, memory, engine, threads"
    parser.add_argument("--verbose", action="store_true", help=plan)


def add_address(parser: argparse.ArgumentParser) -> None:
    """`--host` and `--port` of a server."""
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=PORT, help="port to listen on (default: %(default)s)")


def locate_own_models() -> Path:
    """The folder of the user's own models, which `retseg adopt` writes; it need not exist."""
    data = os.environ.get("XDG_DATA_HOME") or f"{os.environ.get('HOME') or '/'}/.local/share"
    return Path(data) / "retseg" / "models"


def locate_models(given: Path | None, platform: Path = PLATFORM_MODELS, write: Say = complain) -> tuple[Path, ...]:
    """The folders of model folders, in the order in which they are searched; the last is the package's.

    Before it comes the user's own, if it holds a card; and first the given folder, or else the platform's if it holds a
    card. A tarball that was packed with its top folder has the models one level deeper; that is accepted too.

    Args:
        given: by the user.
        platform: the platform's folder.
        write: takes a warning.

    Raises:
        RequestError: the given folder holds no model.
    """
    from retseg.models import PACKAGED_MODELS

    own = locate_own_models()
    last = (own, PACKAGED_MODELS) if any(own.glob("*/card.toml")) else (PACKAGED_MODELS,)
    if given is not None:
        if not any(given.glob("*/card.toml")):
            raise RequestError(f"{given} holds no model (no */card.toml): name a folder of model folders")
        return given, *last
    cards = sorted(platform.glob("*/card.toml")) or sorted(platform.glob("*/*/card.toml"))
    if cards:
        return cards[0].parent.parent, *last
    if platform.is_dir() and any(platform.iterdir()):
        write(f"warning: {platform} holds files but no model (no */card.toml), so the models of the package are used")
    return last


def warn_of_models(cards: "Iterable[Card]", folders: Sequence[Path], write: Say = complain) -> None:
    """Write the cautions of models, which are not the package's, and which are not in the first folder."""
    from retseg.models import describe_origin, list_cautions

    for card in cards:
        if card.directory.parent != folders[-1]:
            write(describe_origin(card))
        elif folders[0] not in (card.directory.parent, locate_own_models()):
            write(f"warning: {folders[0]} holds no model '{card.name}', so the one of the package is used")
        for sentence in list_cautions(card):
            write(f"warning: {sentence}")


def record_models(
    path: Path,
    options: argparse.Namespace,
    tasks_to_models: dict[str, str],
    folders: Sequence[Path],
    challenge: str,
) -> None:
    """Write `run.json`, beside what an earlier run of the same models left there.

    Raises:
        RecordError: it says that another model made the same task.
        ModelError: a model is missing, or does not do its task.
        OutputError: the folder cannot be written.
    """
    from retseg.models import match_models
    from retseg.models.record import join_record, record_run

    matched = match_models(tasks_to_models, folders, None)
    join_record(path, record_run(vars(options), challenge, matched))


def load_when_needed(
    tasks_to_models: dict[str, str],
    folders: Sequence[Path],
    modality: "Modality | None",
    engine: "EngineKind",
    memory: float | None = None,
    write: Say = complain,
) -> "Predict":
    """A predictor that loads its models at the first image, so that bad input is refused without that wait.

    The cards are read at once: a model that does not do its task is refused before the first image, and the cautions
    of every model are said.

    Args:
        tasks_to_models: task name to model name.
        folders: of model folders, as `locate_models` finds them.
        modality: of the images; None where it follows from the models.
        engine: what runs the networks.
        memory: GB that a network may use; None takes what the machine, the container or the GPU allows.
        write: takes the cautions and the warnings; the commands that run on the platform write them to stdout.

    Raises:
        RequestError: the memory is not positive.
        ModelError: a model is missing, does not do its tasks, or is for another kind of image.
    """
    from retseg.models import match_models

    if memory is not None and not memory > 0:
        raise RequestError(f"--memory {memory:g} leaves a network nothing: give GB, such as 2")
    matched = match_models(tasks_to_models, folders, modality)
    warn_of_models((card for card, _ in matched), folders, write)
    opened: list[Predictor] = []

    def predict(image: "Image") -> "Prediction":
        from retseg.engine import choose_engine
        from retseg.predictor import Predictor

        if not opened:
            choice = choose_engine(engine)
            if choice.warning:
                write(f"warning: {choice.warning}")
            bytes_allowed = None if memory is None else int(memory * 1e9)
            opened.append(Predictor.load(matched, choice, bytes_allowed))
        return opened[0].predict(image)

    return predict


def tell_passages(predict: "Predict", verbose: bool, write: Say = complain) -> "Predict":
    """The same predictor, which says how each image went through the networks if that is asked for."""

    def tell(image: "Image") -> "Prediction":
        prediction = predict(image)
        for line in prediction.passages:
            write(line)
        return prediction

    return tell if verbose else predict
