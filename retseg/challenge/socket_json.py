"""How Grand Challenge describes sockets in JSON: `inputs.json` of one case, `predictions.json` of a phase.

Both files are lists of objects. An object describes its socket under the key `socket` (since December 2025) or
`interface` (before): `slug` says what it is, `relative_path` where its file or folder lies.
"""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from retseg.errors import RetsegError


class SocketError(RetsegError):
    """A JSON file of the platform cannot be read or has another form; the message names the file."""


def read_items(path: Path, what: str) -> list[Any]:
    """The items of a JSON file that holds a list; it may be empty.

    Args:
        path: of the file.
        what: the items are, for the message, such as `input sockets`.

    Raises:
        SocketError: the file cannot be read, is not JSON, or is not such a list.
    """
    if path.exists() and not path.is_file():
        raise SocketError(f"{path} cannot be read (it is no regular file)")
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
        plain = _is_plain(items)
    except OSError as error:
        raise SocketError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise SocketError(f"{path} is not valid JSON ({error})") from error
    if not plain:
        raise SocketError(f"{path} holds a text with a NUL or half a character, which no name can have")
    if not isinstance(items, list):
        raise SocketError(f"{path} is not a list of {what}")
    return items


def _is_plain(value: Any) -> bool:
    """Whether all texts can be names of files: they have no NUL, and UTF-8 can write them."""
    try:
        return "\\u0000" not in json.dumps(value) and bool(json.dumps(value, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return False


def find_socket(item: Any) -> Mapping[str, Any]:
    """The description of an item's socket, under `socket` or `interface`; empty where the item has neither."""
    return find_table(item, "socket") or find_table(item, "interface")


def find_table(item: Any, key: str) -> Mapping[str, Any]:
    """The object under a key; empty where the item is no object, or has none there."""
    table = item.get(key) if isinstance(item, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def find_items(item: Mapping[str, Any], key: str) -> list[Any]:
    """The list under a key; empty where there is none."""
    items = item.get(key)
    return items if isinstance(items, list) else []


def stays_inside(relative_path: str) -> bool:
    """Whether a relative path stays in the folder that it starts from: it is not absolute and has no part `..`."""
    path = PurePosixPath(relative_path)
    return not path.is_absolute() and ".." not in path.parts
