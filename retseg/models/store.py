"""Find model folders, read their cards, and check their files against the SHA-256 on the card."""

import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from retseg.errors import RetsegError
from retseg.models.card import CARD_FORMAT, Card
from retseg.models.graph import GraphError, check_graph
from retseg.toml_schema import SchemaError, declare, nearest, read_toml
from retseg.vocabulary import Modality


class ModelError(RetsegError):
    """A model is missing, altered or of another version; the message names the file and the remedy."""


PACKAGED_MODELS = Path(str(files("retseg"))) / "data" / "model_weights"
"""The models that are installed with the package; in a checkout, its folder `model_weights/`."""


def find_models(folders: Sequence[Path]) -> tuple[Card, ...]:
    """The cards of all models in folders of model folders, sorted by name; of two of one name, the first folder's.

    Raises:
        ModelError: a card cannot be used.
    """
    return tuple(find_card(name, folders) for name in _list_names(folders))


def find_card(name: str, folders: Sequence[Path]) -> Card:
    """The card of a model.

    Args:
        name: of the model, which is the name of its folder.
        folders: of model folders, searched in this order.

    Raises:
        ModelError: no folder holds it, or its card is wrong or of another version.
    """
    found = next((folder / name for folder in folders if (folder / name / "card.toml").is_file()), None)
    if found is None:
        raise _describe_absence(name, folders)
    return load_card(found)


def _list_names(folders: Iterable[Path]) -> list[str]:
    return sorted({path.parent.name for folder in folders for path in folder.glob("*/card.toml")})


def _describe_absence(name: str, folders: Sequence[Path]) -> ModelError:
    known = _list_names(folders)
    hint = nearest(name, known) if known else "; there is no model at all"
    return ModelError(f"there is no model '{name}' in {' or '.join(map(str, folders))}{hint}")


def load_card(directory: Path) -> Card:
    """Read the card of the model in `directory`.

    Raises:
        ModelError: there is no such model, or its card is wrong or of another version.
    """
    path = directory / "card.toml"
    if not path.is_file():
        raise _describe_absence(directory.name, [directory.parent])
    try:
        values = read_toml(path)
        if values.get("format") != CARD_FORMAT:
            raise ModelError(
                f"{path} is a card of format {values.get('format')}, this version reads {CARD_FORMAT}: "
                "use the model with the version that made it, or make it again with `python -m train`"
            )
        _update(values, str(path))
        return declare(Card, {**values, "directory": directory}, str(path))
    except SchemaError as error:
        raise ModelError(f"the card cannot be used: {error}; take the model folder again from its release") from error


def _update(values: dict[str, Any], where: str) -> None:
    """Rename the old keys of a card of version 0.1, with one warning."""
    tables = [*values.get("tasks", {}).values(), *values.get("comparison", [])]
    old = [table for table in tables if "minimum_area" in table]
    for table in old:
        table["minimum_component_size"] = table.pop("minimum_area")
    if old:
        message = f"{where}: the key 'minimum_area' is now 'minimum_component_size'; the next version will not read it"
        warnings.warn(message, FutureWarning, stacklevel=3)
    training = values.get("training", {})
    training.setdefault("phantom", str(training.get("data", "")).startswith("phantom"))


def match_models(
    tasks_to_models: Mapping[str, str], folders: Sequence[Path], modality: Modality | None
) -> tuple[tuple[Card, tuple[str, ...]], ...]:
    """The card of each model, and the tasks that it is named for.

    Args:
        tasks_to_models: task name to model name.
        folders: of model folders, searched in this order.
        modality: of the images; None where it follows from the models, which must then agree.

    Raises:
        ModelError: a model is missing, does not do a task that it is named for, or is for another kind of image.
    """
    matched: list[tuple[Card, tuple[str, ...]]] = []
    for name in dict.fromkeys(tasks_to_models.values()):
        card = find_card(name, folders)
        tasks = tuple(task for task, model in tasks_to_models.items() if model == name)
        for task in tasks:
            if task not in card.tasks:
                raise ModelError(
                    f"the model '{name}' does not segment '{task}', only {', '.join(card.tasks)}: "
                    "name another model for it, see `retseg info`"
                )
        wanted = modality or (matched[0][0].modality if matched else card.modality)
        if card.modality != wanted:
            raise ModelError(
                f"the model '{name}' is for images of the kind '{card.modality}', wanted one for '{wanted}': "
                "name another model, or segment each kind of image by a command of its own"
            )
        if matched and card.view_rule != matched[0][0].view_rule:
            raise ModelError(
                f"the models '{matched[0][0].name}' and '{name}' find the field of view in two ways, by the rules "
                f"'{matched[0][0].view_rule}' and '{card.view_rule}': segment their tasks by a command of its own each"
            )
        matched.append((card, tasks))
    return tuple(matched)


def list_cautions(card: Card) -> tuple[str, ...]:
    """Sentences that every user of a model must read."""
    cautions = []
    if card.is_phantom:
        use = "its masks are for testing, not for eyes"
        cautions.append(f"the model '{card.name}' was trained on drawn phantoms only: {use}")
    if card.unchosen:
        cautions.append(
            f"the model '{card.name}' has a threshold not chosen on data ({', '.join(card.unchosen)}): score its masks "
            "with `retseg evaluate` before you rely on them"
        )
    return tuple(cautions)


def verify_files(card: Card, *names: str) -> None:
    """Check that files of a model are what its card says.

    Args:
        card: of the model.
        names: of the files; all of the card's when none is given.

    Raises:
        ModelError: a file is missing, unknown to the card or altered.
    """
    for name in names or card.files:
        path = card.directory / name
        if name not in card.files:
            raise ModelError(
                f"{card.directory / 'card.toml'} does not list {name}: take the model again from its release"
            )
        if not path.is_file():
            raise ModelError(f"{path} is missing: take the model folder again from its release")
        if hash_file(path) != card.files[name]:
            raise ModelError(
                f"{path} is not the file that its card describes (SHA-256 differs): it was altered or truncated; "
                "take the model folder again from its release"
            )


def check_graph_file(card: Card) -> None:
    """Check what `model.onnx` names: weights in files of the card only, finite, and ONNX's own plain operators.

    Raises:
        ModelError: it names something else, or is not an ONNX file.
    """
    path = card.directory / "model.onnx"
    try:
        check_graph(path, [name for name in card.files if name != path.name])
    except GraphError as error:
        raise ModelError(f"{path} {error}: take the model folder again from its release") from error


def describe_origin(card: Card) -> str:
    """Where a model lies and which it is, for the log: its folder, its version, and the SHA-256 of its card.

    The card holds the SHA-256 of every other file of the model.
    """
    digest = hash_file(card.directory / "card.toml")
    return (
        f"the model '{card.name}', version {card.version}, is that of {card.directory} (SHA-256 of its card {digest})"
    )


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
