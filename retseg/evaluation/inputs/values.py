"""Find the output values of predictions, which are JSON files, and read values."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from retseg.challenge import Challenge, Socket
from retseg.errors import RetsegError

Key = tuple[str, str]
"""The name of a case, and the slug of a socket."""


class ValueReadError(RetsegError):
    """A value cannot be read; the message names its file."""


@dataclass(frozen=True)
class ScorableValue:
    """A predicted value, and the true one.

    Attributes:
        case: its name.
        slug: of the socket.
        predicted: the JSON file.
        truth: the JSON file; None where the true value is computed from the true masks.
    """

    case: str
    slug: str
    predicted: Path
    truth: Path | None


def list_value_sockets(challenge: Challenge) -> tuple[Socket, ...]:
    """The outputs of a challenge that are values."""
    return tuple(socket for socket in challenge.socket if socket.compute)


def find_value_files(challenge: Challenge, folder: Path, images: Mapping[Path, str]) -> dict[Key, Path]:
    """The files of output values in a folder of predictions, by case and socket.

    A file is that of a socket if its path ends with the socket's. Its case is that of the images in the same output
    folder or, where there are none or several cases, the name of this folder. A file in a folder that is named after
    the slug has the name of its case.

    Args:
        challenge: names the sockets.
        folder: of predictions.
        images: predicted image to its case.
    """
    sockets = list_value_sockets(challenge)
    found: dict[Key, Path] = {}
    for path in sorted(folder.rglob("*.json")) if sockets else ():
        for socket in sockets:
            case = _find_case(path, socket, images)
            if case:
                found.setdefault((case, socket.slug), path)
    return found


def _find_case(path: Path, socket: Socket, images: Mapping[Path, str]) -> str:
    """The case of a file; empty where it is not one of this socket."""
    parts = PurePosixPath(socket.path).parts
    if path.parts[-len(parts) :] == parts:
        root = path.parents[len(parts) - 1]
        cases = {case for image, case in images.items() if image.is_relative_to(root)}
        return cases.pop() if len(cases) == 1 else root.name
    return path.stem if path.parent.name == socket.slug else ""


def read_value(path: Path) -> Any:
    """The value of a JSON file.

    Raises:
        ValueReadError: it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueReadError(f"{path} is not valid JSON ({error}): write it with json.dumps") from error


def pair_values(
    predicted: Mapping[Key, Path], truths: Mapping[Key, Path], cases: Iterable[str]
) -> tuple[ScorableValue, ...]:
    """The predicted values of the scored cases, with the files of the true ones where there are any."""
    kept = set(cases)
    return tuple(
        ScorableValue(case, slug, path, truths.get((case, slug)))
        for (case, slug), path in predicted.items()
        if case in kept
    )
