"""Copy the models of one challenge into an image, or pack them for upload.

The platform unpacks `model.tar.gz` into /opt/ml/model and strips no folder, so the archive has no folder around the
models. The same models give the same bytes.
"""

import gzip
import shutil
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

from retseg.challenge import Challenge
from retseg.files import replacing_all
from retseg.models import Card, match_models, verify_files

COMPRESSION = 6
"""The level of gzip: weights hardly compress, so a higher level only costs time."""


def choose_models(challenge: Challenge, folders: Sequence[Path]) -> tuple[Card, ...]:
    """The cards of the models that a challenge names, with every file checked against its card, sorted by name.

    Raises:
        ModelError: a model is missing or altered, or is not for the challenge's tasks or kind of image.
    """
    matched = match_models(challenge.models, folders, challenge.modality)
    cards = sorted((card for card, _ in matched), key=lambda card: card.directory.name)
    for card in cards:
        verify_files(card)
    return tuple(cards)


def copy_models(cards: Iterable[Card], directory: Path) -> None:
    """Copy cards, and the files that they list, to `DIRECTORY/<model>/`: all of them, or none.

    Raises:
        OutputError: the folder cannot be written.
    """
    with replacing_all(directory) as staging:
        for card in cards:
            target = staging / card.directory.name
            target.mkdir()
            for name in _list_files(card):
                with (card.directory / name).open("rb") as content, (target / name).open("wb") as stream:
                    shutil.copyfileobj(content, stream)


def pack_models(cards: Iterable[Card], stream: BinaryIO) -> None:
    """Write models as a `.tar.gz`: sorted, with user 0, group 0 and time 0."""
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=stream, mtime=0) as compressed,
        tarfile.open(mode="w", fileobj=compressed, format=tarfile.USTAR_FORMAT) as archive,
    ):
        for card in cards:
            folder = tarfile.TarInfo(card.directory.name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
            for name in _list_files(card):
                entry = tarfile.TarInfo(f"{card.directory.name}/{name}")
                entry.size = (card.directory / name).stat().st_size
                with (card.directory / name).open("rb") as content:
                    archive.addfile(entry, content)


def _list_files(card: Card) -> tuple[str, ...]:
    return ("card.toml", *sorted(card.files))
