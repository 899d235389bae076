"""Make a test case out of an image and its masks: what the platform hands over, and what is expected for it."""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import Challenge, Interface, Socket
from retseg.challenge.socket_json import stays_inside
from retseg.container.error import ContractError
from retseg.container.inputs import choose_interface, read_inputs
from retseg.container.outputs import name_output, write_sockets
from retseg.container.values import compute_values
from retseg.drafts.error import DraftError
from retseg.files import leaves_folder, replacing_all
from retseg.image import Image, write_image, write_mask
from retseg.measures import Findings
from retseg.toml_schema import nearest

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class NewCase:
    """What a test case is made of.

    Attributes:
        image: with its geometry.
        name: of the image's file, as its user called it.
        masks: task to bool (H, W); the mask of a task that is no key is empty.
        field_of_view: bool (H, W).
        values: slug of an input value to the value.
        minimum: task to the lowest Dice that passes; 0.5 for a task that is no key.
    """

    image: Image
    name: str
    masks: Mapping[str, Mask]
    field_of_view: Mask
    values: Mapping[str, Any] = field(default_factory=dict)
    minimum: Mapping[str, float] = field(default_factory=dict)


def write_case(challenge: Challenge, case: NewCase, folder: Path) -> None:
    """Write `input/` and `expected/` into the folder of the case, which must not exist.

    Raises:
        DraftError: there is such a folder, a task or an input value is unknown, or a mask has another size.
        ContractError: no interface takes the image and these values.
        OwnCodeError: a function of the challenge's own is not there or fails; nothing is written then.
        OutputError: the folder cannot be written.
    """
    if folder.exists():
        raise DraftError(f"{folder} exists: remove it, or give the case another --name")
    check_case(challenge, case)
    slug = next(socket.slug for socket in challenge.socket if socket.kind == "image")
    interface = choose_interface(challenge, (slug, *case.values))
    outputs = tuple(challenge.find_socket(each) for each in interface.outputs)
    stem = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://case.invalid/{challenge.name}/{folder.name}/{case.name}"))
    shape = case.image.pixels.shape[:2]
    masks = {task: case.masks.get(task, np.zeros(shape, np.bool_)) for task in challenge.tasks}
    found = Findings(masks, {}, case.field_of_view, case.image.geometry)
    values = compute_values(challenge, outputs, found, case.values)
    with replacing_all(folder) as staging:
        _write_inputs(challenge, interface, case, staging / "input", stem)
        _write_expected(staging / "expected", outputs, stem, found, values)
        write_mask(staging / "expected" / "field-of-view" / f"{stem}.png", case.field_of_view, case.image.geometry)
        if case.minimum:
            (staging / "expected" / "minimum.json").write_text(json.dumps(dict(case.minimum), indent=2) + "\n")


def copy_input(inputs: Path, folder: Path) -> bool:
    """Make a test case of an `inputs.json` with its files beside it; it has no truth, so it is run and not scored.

    Args:
        inputs: as the platform, or a template of it, hands it over.
        folder: of the case, which must not exist.

    Returns:
        Whether the file is one of a case and all files of its inputs are there; otherwise nothing is written.

    Raises:
        OutputError: the folder cannot be written.
    """
    try:
        sockets = read_inputs(inputs)
    except ContractError:
        return False
    paths = [inputs.parent / socket.relative_path for socket in sockets if stays_inside(socket.relative_path)]
    if len(paths) < len(sockets) or not all(path.exists() for path in paths):
        return False
    if any(leaves_folder(file, inputs.parent) for path in paths for file in (path, *path.rglob("*"))):
        return False
    with replacing_all(folder) as staging:
        (staging / "input").mkdir()
        shutil.copyfile(inputs, staging / "input" / "inputs.json")
        for path in paths:
            target = staging / "input" / path.relative_to(inputs.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target)
            else:
                shutil.copyfile(path, target)
    return True


def check_case(challenge: Challenge, case: NewCase) -> None:
    """Refuse unknown tasks and inputs, and masks of another size than the image.

    Raises:
        DraftError: names what is wrong.
    """
    known = [socket.slug for socket in challenge.socket if socket.kind == "value" and not socket.is_output]
    for slug, value in case.values.items():
        if slug not in known:
            raise DraftError(f"the challenge '{challenge.name}' has no input value '{slug}'{nearest(slug, known)}")
        choices = challenge.find_socket(slug).choices
        if choices and value not in choices:
            raise DraftError(f"the input '{slug}' is {value!r}, wanted one of {', '.join(choices)}")
    for task in (*case.masks, *case.minimum):
        if task not in challenge.tasks:
            raise DraftError(f"the challenge '{challenge.name}' has no task '{task}'{nearest(task, challenge.tasks)}")
    shape = case.image.pixels.shape[:2]
    for what, mask in {**case.masks, "the field of view": case.field_of_view}.items():
        if mask.shape != shape:
            found = f"{mask.shape[1]}x{mask.shape[0]}"
            raise DraftError(f"the mask of {what} is {found} and the image {shape[1]}x{shape[0]}: give its own masks")


def _write_inputs(challenge: Challenge, interface: Interface, case: NewCase, folder: Path, stem: str) -> None:
    """`inputs.json` as the platform writes it, the image and the values."""
    items = []
    for number, slug in enumerate(interface.inputs, 1):
        socket = challenge.find_socket(slug)
        item: dict[str, Any] = {"socket": _describe_socket(socket), "value": None, "file": None, "image": None}
        if socket.kind == "image":
            item["image"] = {"pk": stem, "name": case.name}
            write_image(folder / socket.path / f"{stem}.mha", case.image)
        else:
            item["value"] = case.values[slug]
            path = folder / socket.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(case.values[slug]) + "\n", encoding="utf-8")
        items.append({**item, "pk": number})
    text = json.dumps(items, indent=2, ensure_ascii=False) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "inputs.json").write_text(text, encoding="utf-8")


def _describe_socket(socket: Socket) -> dict[str, Any]:
    image = socket.kind == "image"
    return {
        "title": socket.slug.replace("-", " ").capitalize(),
        "description": "",
        "slug": socket.slug,
        "kind": "Image" if image else "Anything",
        "super_kind": "Image" if image else "Value",
        "relative_path": socket.path,
        "overlay_segments": [],
        "look_up_table": None,
        "default_value": None,
    }


def _write_expected(
    folder: Path, outputs: Sequence[Socket], stem: str, found: Findings, values: Mapping[str, Any]
) -> None:
    """The truth in the layout of the outputs; in place of a heat map there is the mask of its task."""
    write_sockets(folder, [socket for socket in outputs if socket.kind != "heatmap"], stem, found, values)
    for socket in outputs:
        if socket.kind == "heatmap":
            write_mask(folder / name_output(socket, stem), found.masks[socket.task], found.geometry)
