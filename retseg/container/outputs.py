"""Write masks, probabilities and values into output sockets."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from retseg.challenge import Challenge, Socket
from retseg.container.error import ContractError
from retseg.files import DATA_SUFFIXES, IMPORTED_SUFFIXES, has_suffix, leaves_folder

if TYPE_CHECKING:
    from retseg.measures import Findings


def remove_stale_outputs(output_directory: Path, challenge: Challenge) -> tuple[Path, ...]:
    """Remove the images and values of an earlier case from the output sockets.

    A socket must hold exactly one image. An old image would also look like the result of a case that failed.

    Raises:
        ContractError: a link leads from an output socket out of the output folder; nothing was removed then.
    """
    folders = [output_directory / socket.path for socket in challenge.socket if socket.is_output]
    leaving = next((folder for folder in folders if leaves_folder(folder, output_directory)), None)
    if leaving is not None:
        raise ContractError(f"the output socket {leaving} leads out of {output_directory} by a link: remove the link")
    suffixes = (*IMPORTED_SUFFIXES, *DATA_SUFFIXES)
    removed = []
    for folder in folders:
        images = [path for path in sorted(folder.rglob("*")) if has_suffix(path, suffixes)]
        images += [folder] if folder.is_file() else []
        stale = [path for path in images if path.is_symlink() or not path.is_dir()]
        for path in stale:
            path.unlink()
        removed += stale
    return tuple(removed)


def name_output(socket: Socket, stem: str) -> Path:
    """The file of an output, relative to the output folder: the path of a value, or an image named after the input."""
    return Path(socket.path) / f"{stem}.mha" if socket.is_image_output else Path(socket.path)


def write_sockets(
    directory: Path, sockets: Iterable[Socket], stem: str, found: "Findings", values: Mapping[str, Any]
) -> None:
    """Write one file per output socket, see `name_output`; images have the input's geometry.

    A `segmentation` is uint8 with the socket's two values, a `label_map` uint8 with those of its labels, a `heatmap`
    float32 with the probabilities, a `stack` 4-D uint8, a `value` JSON.

    Args:
        directory: the output folder.
        sockets: the outputs.
        stem: of the names of images.
        found: masks and probabilities.
        values: from `compute_values`.
    """
    from retseg.image import label_mask, label_tasks, write_mask, write_probability, write_stack

    for socket in sockets:
        path = directory / name_output(socket, stem)
        if socket.kind == "value":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values[socket.slug], indent=2, allow_nan=False) + "\n", encoding="utf-8")
        elif socket.kind == "heatmap":
            write_probability(path, found.probabilities[socket.task], found.geometry)
        elif socket.kind == "stack":
            write_stack(path, np.stack([found.masks[task] for task in socket.tasks]), found.geometry)
        elif socket.kind == "label_map":
            write_mask(path, label_tasks(found.masks, socket.labels, socket.background), found.geometry)
        else:
            write_mask(path, label_mask(found.masks[socket.task], socket.values), found.geometry)
