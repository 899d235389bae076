"""A folder of models of one's own: they are added from a file, a folder or an address, pinned by SHA-256, and removed.

`pins.json` in the folder says of each model where it came from and what it was then.
"""

import json
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from retseg.adopt.error import AdoptError
from retseg.adopt.golden import GOLDEN_NAME, run_golden
from retseg.files import replacing, replacing_all
from retseg.models import PACKAGED_MODELS, Card, ModelError, check_graph_file, hash_file, load_card, verify_files
from retseg.models.card import PLAIN_NAME
from retseg.toml_schema import SchemaError, declare

PINS = "pins.json"
LIMIT = 2 * 10**9
"""Bytes of an archive, and of what is in it."""
BLOCK = 1 << 20
TIMEOUT = 30
"""Seconds without an answer of a server."""


@dataclass(frozen=True)
class Pin:
    """What was added.

    Attributes:
        source: the address or the path that was given.
        sha256: of the archive; of the card where a folder was given.
        card: SHA-256 of the card, which holds that of every other file.
    """

    source: str
    sha256: str
    card: str


def read_pins(models: Path) -> dict[str, Pin]:
    """The pins of a folder of models, by the name of the model.

    Raises:
        AdoptError: the file is damaged.
    """
    path = models / PINS
    if not path.is_file():
        return {}
    try:
        values: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: declare(Pin, value, f"{path}, {name}") for name, value in values.items()}
    except (OSError, ValueError, AttributeError, SchemaError) as error:
        raise AdoptError(f"{path} cannot be read ({error}): remove it, and add the models again") from error


def write_pins(models: Path, pins: Mapping[str, Pin]) -> None:
    """Write the pins of a folder of models.

    Raises:
        OutputError: the folder cannot be written.
    """
    with replacing(models / PINS) as beside:
        beside.write_text(json.dumps({name: asdict(pins[name]) for name in sorted(pins)}, indent=2) + "\n")


def find_present(models: Path, source: str, sha256: str) -> tuple[Card, ...]:
    """The models that were added from a source with this SHA-256 and are still as they were; none if one is missing."""
    names = [name for name, pin in read_pins(models).items() if (pin.source, pin.sha256) == (source, sha256)]
    return tuple(load_card(models / name) for name in names) if all(is_intact(models, name) for name in names) else ()


def is_intact(models: Path, name: str) -> bool:
    """Whether a model is what it was when it was added."""
    pin = read_pins(models).get(name)
    try:
        if pin is None or hash_file(models / name / "card.toml") != pin.card:
            return False
        verify_files(load_card(models / name))
    except (OSError, ModelError):
        return False
    return True


def add_models(source: str, sha256: str, models: Path, replaces: bool) -> tuple[Card, ...]:
    """Add the models of an archive, a folder or an address; all of them, or none.

    Nothing is fetched if the models of this address and SHA-256 are there.

    Args:
        source: a `.tar.gz` as `retseg pack` writes it, a folder with a card, or an address that begins with https://.
        sha256: that the archive must have; needed for an address.
        models: the folder that takes them.
        replaces: whether a model of the same name is replaced.

    Raises:
        AdoptError: it cannot be fetched or unpacked, or has another SHA-256; a model is there already.
        ModelError: a card is wrong, or a file is not what its card says.
        OutputError: the folder cannot be written.
    """
    remote = "://" in source
    if remote and not source.startswith("https://"):
        raise AdoptError(f"{source} is no address that begins with https://: download it yourself, and add the file")
    if remote and not sha256:
        raise AdoptError(f"{source} is not pinned: give the SHA-256 that its publisher states, as --sha256 DIGEST")
    if sha256 and (present := find_present(models, source, sha256.lower())):
        return present
    with tempfile.TemporaryDirectory() as name:
        staging = Path(name) / "unpacked"
        staging.mkdir()
        if not remote and Path(source).is_dir():
            digest = _copy_folder(Path(source), staging)
        else:
            archive = _fetch(source, Path(name) / "archive") if remote else Path(source)
            digest = _check_archive(archive, source, sha256.lower())
            unpack(archive, staging)
        cards = tuple(load_card(path.parent) for path in sorted(staging.glob("*/card.toml")))
        if not cards:
            raise AdoptError(f"{source} holds no model (no */card.toml): add what `retseg pack` or `adopt` wrote")
        check_models(cards, models, replaces)
        return tuple(_install(card, models, source, digest) for card in cards)


def _fetch(address: str, path: Path) -> Path:
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer, path.open("wb") as stream:
            _copy(answer, stream, address)
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        if isinstance(error, AdoptError):
            raise
        raise AdoptError(f"{address} cannot be fetched ({error}): check it, or download it and add the file") from error
    return path


def _copy(content: Any, stream: BinaryIO, what: str) -> None:
    total = 0
    while block := content.read(BLOCK):
        total += len(block)
        if total > LIMIT:
            raise AdoptError(f"{what} has more than {LIMIT / 1e9:g} GB: no model is that large, name another")
        stream.write(block)


def _check_archive(archive: Path, source: str, sha256: str) -> str:
    if not archive.is_file():
        raise AdoptError(f"there is no {source}: name a .tar.gz, a folder of a model, or an address")
    digest = hash_file(archive)
    if sha256 and digest != sha256:
        raise AdoptError(f"{source} has the SHA-256 {digest}, wanted {sha256}: it was altered or is another version")
    return digest


def _copy_folder(folder: Path, staging: Path) -> str:
    card = load_card(folder)
    target = staging / folder.resolve().name
    target.mkdir()
    for name in ("card.toml", *card.files):
        verify_files(card, *([] if name == "card.toml" else [name]))
        shutil.copyfile(folder / name, target / name)
    return hash_file(folder / "card.toml")


def unpack(archive: Path, staging: Path) -> None:
    """Unpack `<model>/<file>` of a `.tar.gz`: plain files with plain names, and nothing else.

    Raises:
        AdoptError: it is no such archive.
    """
    total = 0
    try:
        with tarfile.open(archive, "r:gz") as stream:
            for member in stream:
                parts = PurePosixPath(member.name).parts
                if member.isdir() and len(parts) <= 1:
                    continue
                total += member.size
                plain = len(parts) == 2 and all(PLAIN_NAME.fullmatch(part) for part in parts)
                if not (member.isreg() and plain) or total > LIMIT:
                    raise AdoptError(
                        f"{archive.name} holds '{member.name}', wanted plain files as MODEL/FILE, {LIMIT / 1e9:g} GB "
                        "in all: add what `retseg pack` wrote"
                    )
                content = stream.extractfile(member)
                assert content is not None
                (staging / parts[0]).mkdir(exist_ok=True)
                with (staging / parts[0] / parts[1]).open("wb") as target:
                    shutil.copyfileobj(content, target)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise AdoptError(f"{archive.name} is no whole .tar.gz: take it again from where it came from") from error


def check_models(cards: Sequence[Card], models: Path, replaces: bool) -> None:
    """Check models before they are added: names, files, graphs, and the golden tests that they bring.

    Raises:
        AdoptError: a name does not fit, or a golden test fails.
        ModelError: a file is not what its card says.
    """
    for card in cards:
        if card.name != card.directory.name:
            raise AdoptError(f"the folder '{card.directory.name}' holds the model '{card.name}': give both one name")
        if (PACKAGED_MODELS / card.name / "card.toml").is_file():
            raise AdoptError(f"the package has a model '{card.name}': give the other one another name")
        if (models / card.name).exists() and not replaces:
            raise AdoptError(f"{models / card.name} exists: remove it first, or give --replace")
        verify_files(card)
        check_graph_file(card)
        if GOLDEN_NAME in card.files:
            run_golden(card)


def _install(card: Card, models: Path, source: str, digest: str) -> Card:
    target = models / card.name
    shutil.rmtree(target, ignore_errors=True)
    with replacing_all(target) as folder:
        for name in ("card.toml", *card.files):
            shutil.copyfile(card.directory / name, folder / name)
    pin = Pin(source, digest, hash_file(target / "card.toml"))
    write_pins(models, {**read_pins(models), card.name: pin})
    return load_card(target)


def remove_model(name: str, models: Path) -> None:
    """Remove a model, and its pin.

    Raises:
        AdoptError: there is no such model.
    """
    if not PLAIN_NAME.fullmatch(name) or not (models / name / "card.toml").is_file():
        known = ", ".join(sorted(path.parent.name for path in models.glob("*/card.toml"))) or "none"
        raise AdoptError(f"there is no model '{name}' in {models}; there are: {known}")
    shutil.rmtree(models / name)
    pins = read_pins(models)
    if pins.pop(name, None):
        write_pins(models, pins)
