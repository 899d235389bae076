"""JSON values: read those that the platform hands over beside the image, and compute those that it expects."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retseg.challenge import Challenge, Socket
from retseg.challenge.own_code import load_function
from retseg.container.error import ContractError
from retseg.container.inputs import InputSocket, refuse_leaving

if TYPE_CHECKING:
    from retseg.measures import Findings

LARGEST_FILE = 1 << 20
"""Bytes: metadata of one image is no larger."""


def read_values(challenge: Challenge, directory: Path, sockets: Iterable[InputSocket]) -> dict[str, Any]:
    """The JSON values among the inputs of a case, by the slug of their socket.

    Args:
        challenge: says which inputs are values, and which of them are allowed.
        directory: the input folder.
        sockets: of the case.

    Raises:
        ContractError: a file is missing, leaves the folder, is not JSON, or holds a value that is not allowed.
    """
    values = {}
    for given in sockets:
        socket = challenge.find_socket(given.slug)
        if socket.kind == "value":
            path = directory / given.relative_path
            refuse_leaving(directory, path, given)
            values[given.slug] = _read_value(path, socket)
    return values


def _read_value(path: Path, socket: Socket) -> Any:
    what = f"the input '{socket.slug}'"
    if not path.is_file():
        raise ContractError(f"{what} has no file {path}: put the JSON value there, or correct inputs.json")
    if path.stat().st_size > LARGEST_FILE:
        raise ContractError(f"{what}, {path}, is larger than {LARGEST_FILE} bytes: metadata of one image is small")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ContractError(f"{what}, {path}, is not valid JSON ({error}): write it with json.dumps") from error
    if socket.choices and value not in socket.choices:
        raise ContractError(f"{what} is {value!r}, wanted one of {', '.join(socket.choices)}: correct {path}")
    return value


def compute_values(
    challenge: Challenge, sockets: Iterable[Socket], found: "Findings", inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """The output values of a case, by the slug of their socket.

    Args:
        challenge: its folder holds functions of its own.
        sockets: the outputs; images among them are passed over.
        found: masks and probabilities.
        inputs: from `read_values`.

    Raises:
        OwnCodeError: a function of the challenge's own is not there or fails.
        ValueComputationError: a value cannot be written as JSON.
    """
    from dataclasses import replace

    from retseg.measures import COMPUTATIONS, compute_value

    given = replace(found, inputs=inputs)
    values = {}
    for socket in sockets:
        if socket.compute:
            how = socket.compute
            own = None if how.function in COMPUTATIONS else load_function(how.function, challenge.directory)
            values[socket.slug] = compute_value(how.function, how.tasks, how.limits, given, own)
    return values
