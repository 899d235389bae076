"""Read the sockets that `inputs.json` lists for a case, and find the one image file of a socket."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retseg.challenge import Challenge, Interface
from retseg.challenge.socket_json import SocketError, find_socket, read_items, stays_inside
from retseg.container.error import ContractError
from retseg.files import PLATFORM_SUFFIXES, has_suffix, leaves_folder


@dataclass(frozen=True)
class InputSocket:
    """One input of the case: its slug, and its path relative to /input."""

    slug: str
    relative_path: str


def read_inputs(path: Path) -> tuple[InputSocket, ...]:
    """The input sockets that `inputs.json` lists, under the key `socket` (since December 2025) or `interface` (before).

    Raises:
        ContractError: the file cannot be read or is not a list of sockets.
    """
    remedy = "it must be the file that Grand Challenge writes, a list with one object per input socket"
    try:
        items = read_items(path, "input sockets")
    except SocketError as error:
        raise ContractError(f"{error}: {remedy}") from error
    if not items:
        raise ContractError(f"{path} is not a list of input sockets: {remedy}")
    sockets = tuple(_read_item(item, f"{path}, item {number}", remedy) for number, item in enumerate(items, 1))
    slugs = [socket.slug for socket in sockets]
    if len(set(slugs)) != len(slugs):
        raise ContractError(f"{path} lists a socket twice among {', '.join(slugs)}: {remedy}")
    return sockets


def _read_item(item: Any, where: str, remedy: str) -> InputSocket:
    table = find_socket(item)
    if not table:
        raise ContractError(f"{where} has neither the key 'socket' nor 'interface': {remedy}")
    for key in ("slug", "relative_path"):
        if not isinstance(table.get(key), str) or not table[key]:
            raise ContractError(f"{where} has no text under '{key}': {remedy}")
    return InputSocket(table["slug"], table["relative_path"])


def choose_interface(challenge: Challenge, slugs: Iterable[str]) -> Interface:
    """The interface of the challenge that takes exactly these input sockets, in any order.

    Raises:
        ContractError: there is none.
    """
    given = sorted(slugs)
    for interface in challenge.interface:
        if sorted(interface.inputs) == given:
            return interface
    known = " or ".join(f"({', '.join(sorted(interface.inputs))})" for interface in challenge.interface)
    raise ContractError(
        f"inputs.json lists the sockets ({', '.join(given)}), but the challenge '{challenge.name}' takes {known}: "
        f"choose another --challenge, or add an [[interface]] to challenges/{challenge.name}.toml"
    )


def choose_image_socket(challenge: Challenge, sockets: Iterable[InputSocket]) -> InputSocket:
    """The one socket that holds the image to segment.

    Raises:
        ContractError: the interface has no image socket, or several.
    """
    images = [socket for socket in sockets if challenge.find_socket(socket.slug).kind == "image"]
    if len(images) != 1:
        raise ContractError(
            f"an interface of the challenge '{challenge.name}' has {len(images)} image inputs, wanted one: "
            f"correct challenges/{challenge.name}.toml"
        )
    return images[0]


def find_image(input_directory: Path, socket: InputSocket) -> Path:
    """The one image file of a socket.

    On the platform the input folder is a symbolic link, so resolved paths are compared.

    Raises:
        ContractError: the path leaves the input folder, or there is not exactly one image.
    """
    folder = input_directory / socket.relative_path
    refuse_leaving(input_directory, folder, socket)
    if not folder.is_dir():
        raise ContractError(
            f"the socket '{socket.slug}' has no folder {folder}: put one {_either()} file there, "
            "or correct 'relative_path' in inputs.json"
        )
    names = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    images = [name for name in names if has_suffix(Path(name), PLATFORM_SUFFIXES)]
    if len(images) != 1:
        found = ", ".join((images or names)[:5]) or "nothing"
        raise ContractError(
            f"the socket '{socket.slug}' must hold one {_either()} file, but {folder} holds {len(images)} "
            f"(found: {found}): leave exactly one there"
        )
    path = folder / images[0]
    refuse_leaving(input_directory, path, socket)
    return path


def _either() -> str:
    return f"{', '.join(PLATFORM_SUFFIXES[:-1])} or {PLATFORM_SUFFIXES[-1]}"


def refuse_leaving(input_directory: Path, path: Path, socket: InputSocket) -> None:
    """Refuse a path of a socket that leads out of the input folder.

    Raises:
        ContractError: it does.
    """
    if not stays_inside(socket.relative_path) or leaves_folder(path, input_directory):
        raise ContractError(
            f"the socket '{socket.slug}' leads to {path}, which leaves {input_directory}: "
            "its path must stay inside the input folder"
        )
