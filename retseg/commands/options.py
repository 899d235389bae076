"""Options that several commands share, and the models that they name."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from retseg.commands.console import say
from retseg.errors import RetsegError

if TYPE_CHECKING:
    from retseg.engine import EngineKind
    from retseg.image import Image
    from retseg.predictor import Predict, Prediction, Predictor
    from retseg.vocabulary import Modality

PLATFORM_MODELS = Path("/opt/ml/model")
"""Where the platform unpacks an uploaded model.tar.gz; the folder is there, and empty, without one."""

PACKAGED_MODELS = Path(__file__).resolve().parents[2] / "model_weights"

ENGINE_CHOICES = ("auto", "openvino", "torch")


class RequestError(RetsegError):
    """The command line asks for something that cannot be done; the message says why and what to ask for instead."""


def add_challenge(parser: argparse.ArgumentParser) -> None:
    """`--challenge`; a container image sets its default by RETSEG_CHALLENGE."""
    default = os.environ.get("RETSEG_CHALLENGE") or "fundus"
    parser.add_argument("--challenge", metavar="NAME", default=default, help=f"see `retseg info` (here: {default})")


def add_inference(parser: argparse.ArgumentParser) -> None:
    """`--models` and `--engine`."""
    models = "folder of model folders (default: /opt/ml/model if it holds one, else model_weights/)"
    parser.add_argument("--models", metavar="DIR", type=Path, help=models)
    parser.add_argument(
        "--engine", choices=ENGINE_CHOICES, default="auto", help="what runs the networks (default: %(default)s)"
    )


def locate_models(given: Path | None, platform: Path = PLATFORM_MODELS, packaged: Path = PACKAGED_MODELS) -> Path:
    """The folder of model folders: the given one, else the platform's if it holds a card, else the packaged one.

    A tarball that was packed with its top folder has the models one level deeper; that is accepted too.
    """
    if given is not None:
        return given
    cards = sorted(platform.glob("*/card.toml")) or sorted(platform.glob("*/*/card.toml"))
    if cards:
        return cards[0].parent.parent
    if platform.is_dir() and any(platform.iterdir()):
        say(f"warning: {platform} holds files but no model (no */card.toml), so {packaged} is used")
    return packaged


def load_when_needed(
    tasks_to_models: dict[str, str], models: Path | None, engine: "EngineKind", modality: "Modality | None"
) -> "Predict":
    """A predictor that loads its models at the first image, so that bad input is refused without that wait.

    The cards are read at once: a model that does not do its task is refused before the first image, and the cautions
    of every model are said.

    Args:
        tasks_to_models: task name to model name.
        models: the folder of model folders; found where it is not given.
        engine: what runs the networks.
        modality: of the images; None where it follows from the models.

    Raises:
        ModelError: a model is missing, does not do its tasks, or is for another kind of image.
    """
    from retseg.models import list_cautions, match_models

    matched = match_models(tasks_to_models, locate_models(models), modality)
    for card, _ in matched:
        for sentence in list_cautions(card):
            say(f"warning: {sentence}")
    opened: list[Predictor] = []

    def predict(image: "Image") -> "Prediction":
        from retseg.engine import choose_engine
        from retseg.predictor import Predictor

        if not opened:
            choice = choose_engine(engine)
            if choice.warning:
                say(f"warning: {choice.warning}")
            opened.append(Predictor.load(matched, choice.engine))
        return opened[0].predict(image)

    return predict
