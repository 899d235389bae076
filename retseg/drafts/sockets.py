"""Read the sockets of a phase from what Grand Challenge hands out, as drafts of `[[socket]]` tables.

Three forms are read: `inputs.json` of a case, which has only inputs; `predictions.json` of an evaluation, whose jobs
have both; and an object with the lists `inputs` and `outputs`, as organisers' tools keep the interfaces of a phase.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from retseg.challenge.socket import SocketKind
from retseg.challenge.socket_json import SocketError, find_items, find_socket, stays_inside
from retseg.drafts.error import DraftError

COMPUTED: Mapping[str, str] = {"Bool": "present", "Integer": "count", "Float": "score", "Multiple points": "points"}
"""The platform's kind of a JSON value to the function that gives such a value."""

DECORATION = re.compile(r"^(binary|stacked)-|-(segmentations?|masks?|probability|probabilities|heatmap|heat-map|map)$")
"""Parts of a slug that do not name what is segmented."""


@dataclass(frozen=True)
class SocketDraft:
    """One input or output.

    Attributes:
        slug, path, kind: as in the challenge's file.
        labels: of an output image, task to its value; 1 where the kind has no values of its own.
        function: of an output value, the function that computes it, and `tasks` whose masks it takes.
        is_output: whether the container writes it.
        choices: of an input value; any when empty.
    """

    slug: str
    path: str
    kind: SocketKind
    labels: Mapping[str, int] = field(default_factory=dict)
    function: str = ""
    tasks: tuple[str, ...] = ()
    is_output: bool = False
    choices: tuple[str, ...] = ()


def read_sockets(path: Path, functions: Mapping[str, str] | None = None) -> tuple[SocketDraft, ...]:
    """The inputs and outputs that a file of the platform describes, each once.

    Args:
        path: of the file.
        functions: slug of an output value to the function that computes it, where its kind does not say so.

    Raises:
        SocketError: the file cannot be read.
        DraftError: it describes no socket, or one that this program cannot serve.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SocketError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise SocketError(f"{path} is not valid JSON ({error})") from error
    found: dict[str, SocketDraft] = {}
    for table, is_output in _list_tables(document):
        draft = _draft_output(table, functions or {}) if is_output else _draft_input(table)
        found.setdefault(draft.slug, draft)
    if not found:
        raise DraftError(
            f"{path} describes no socket: give the inputs.json of a case, the predictions.json of an evaluation, or an "
            "object with the lists 'inputs' and 'outputs'"
        )
    return tuple(found.values())


def name_task(words: str) -> str:
    """The name of a task for a slug or the name of a segment: `binary-optic-disc-segmentation` is `optic_disc`."""
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    while True:
        shorter = DECORATION.sub("", slug)
        if not shorter or shorter == slug:
            break
        slug = shorter
    name = slug.replace("-", "_")
    return name if name[:1].isalpha() else f"task_{name}"


def _list_tables(document: Any) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """The description of each socket, and whether it is an output."""
    if isinstance(document, Mapping):
        for is_output, key in enumerate(("inputs", "outputs")):
            for item in find_items(document, key):
                table = find_socket(item) or item
                if isinstance(table, Mapping) and isinstance(table.get("slug"), str):
                    yield table, bool(is_output)
        for key, value in document.items():
            if key not in ("inputs", "outputs"):
                yield from _list_tables(value)
    elif isinstance(document, list):
        for item in document:
            table = find_socket(item)
            if isinstance(table.get("slug"), str):
                yield table, False
            else:
                yield from _list_tables(item)


def _draft_input(table: Mapping[str, Any]) -> SocketDraft:
    slug, path = str(table["slug"]), _read_path(table)
    return SocketDraft(slug, path, "image" if path.startswith("images/") else "value")


def _draft_output(table: Mapping[str, Any], functions: Mapping[str, str]) -> SocketDraft:
    slug, path, kind = str(table["slug"]), _read_path(table), str(table.get("kind", ""))
    if path.startswith("images/"):
        segments = _read_segments(table)
        if kind in ("Heat Map", "Image"):
            return SocketDraft(slug, path, "heatmap", {name_task(slug): 1}, is_output=True)
        if len(segments) < 2:
            return SocketDraft(
                slug, path, "segmentation", {name_task(slug): next(iter(segments.values()), 1)}, is_output=True
            )
        return SocketDraft(slug, path, "label_map", segments, is_output=True)
    if not path.endswith(".json"):
        raise DraftError(f"the output '{slug}' is a file, {path}: only images and JSON values are written here")
    function = functions.get(slug) or COMPUTED.get(kind, "")
    if not function:
        raise DraftError(
            f"the output '{slug}' is a JSON value of the kind '{kind or 'unknown'}': say which function computes it, "
            f"as --compute {slug}=count or, of your own, --compute {slug}=mine.{name_task(slug)}"
        )
    return SocketDraft(slug, path, "value", function=function, is_output=True)


def _read_path(table: Mapping[str, Any]) -> str:
    path = table.get("relative_path")
    if not isinstance(path, str) or not path or not stays_inside(path):
        raise DraftError(f"the socket '{table['slug']}' has no relative_path inside its folder")
    if not path.startswith("images/") and not path.endswith(".json") and table.get("super_kind") == "File":
        raise DraftError(f"the socket '{table['slug']}' is a file, {path}: only images and JSON values are read here")
    return path


def _read_segments(table: Mapping[str, Any]) -> dict[str, int]:
    """Task to value of a segmentation's segments, but for the background."""
    segments = {}
    for item in find_items(table, "overlay_segments"):
        if isinstance(item, Mapping) and isinstance(item.get("voxel_value"), int):
            name, value = str(item.get("name", "")), int(item["voxel_value"])
            if value and name.lower() != "background":
                segments[name_task(name)] = value
    return segments
