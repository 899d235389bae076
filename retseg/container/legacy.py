"""The parts of a job by the old contract, of evalutils up to 0.4.2: no `inputs.json`, one mask for each of many images.

The rules are taken from `evalutils.SegmentationAlgorithm`: every file below /input that SimpleITK reads is an image, in
the order of its path; its mask goes to `/output/images/` under the same file name;
`/output/results.json` lists both names. Here the suffix says what an image is, so that no native code opens the others.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import Challenge
from retseg.container.error import ContractError
from retseg.files import IMAGE_SUFFIXES, JPEG_SUFFIXES, OutputError, find_stem, has_suffix, leaves_folder

if TYPE_CHECKING:
    from retseg.image import Geometry

FOREIGN_SUFFIXES = (".nrrd", ".nhdr", ".hdr", ".vtk", ".gipl", ".gipl.gz", ".mnc", ".mrc", ".lsm", ".pic")
"""Formats that SimpleITK reads and `read_image` refuses."""


def list_candidates(input_directory: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The files below the input folder that are images by their suffix, and those that are not, both sorted.

    The images include those of formats that only SimpleITK reads: they must not be left out without an error.

    Raises:
        ContractError: a link leads out of the input folder.
    """
    files = [path for path in sorted(input_directory.glob("**/*")) if path.is_file()]
    leaving = next((path for path in files if leaves_folder(path, input_directory)), None)
    if leaving is not None:
        raise ContractError(f"{leaving} is a link that leaves {input_directory}: put the file itself there")
    images = tuple(path for path in files if has_suffix(path, (*IMAGE_SUFFIXES, *FOREIGN_SUFFIXES)))
    return images, tuple(path for path in files if path not in images)


def name_mask(path: Path, taken: dict[str, Path]) -> str:
    """The file name of an image's mask: that of the image, but `.mha` for a JPEG, which would change its values.

    Args:
        path: of the image.
        taken: name of each earlier mask to its image.

    Raises:
        ContractError: an image of another folder has the same name.
    """
    name = f"{find_stem(path)}.mha" if has_suffix(path, JPEG_SUFFIXES) else path.name
    if name in taken:
        raise ContractError(
            f"{taken[name]} and {path} would both have the mask images/{name}: give each image a name of its own"
        )
    return name


def task_values(challenge: Challenge) -> dict[str, tuple[int, int]]:
    """(background, foreground) of each task, from its first segmentation socket; (0, 1) without one."""
    values = dict.fromkeys(challenge.tasks, (0, 1))
    for socket in reversed(challenge.socket):
        if socket.kind == "segmentation":
            values[socket.task] = socket.values
    return values


def write_legacy_mask(path: Path, mask: NDArray[np.bool_], values: tuple[int, int], geometry: "Geometry") -> None:
    """Write one mask, bool (H, W), as uint8 in the format of the path's suffix, compressed, with the geometry."""
    from retseg.image import label_mask, write_array

    try:
        write_array(path, label_mask(mask, values), geometry)
    except OutputError as error:
        raise ContractError(
            f"no mask can be written as {path.name}: see that the disk is not full, or convert the image to .mha"
        ) from error


def record(path: Path, outputs: list[str]) -> dict[str, Any]:
    """One object of `results.json`: the input's file name and those of its masks."""
    return {
        "outputs": [{"type": "metaio_image", "filename": name} for name in outputs],
        "inputs": [{"type": "metaio_image", "filename": path.name}],
        "error_messages": [],
    }


def write_results(directory: Path, records: list[dict[str, Any]]) -> None:
    """Write `results.json`."""
    (directory / "results.json").write_text(json.dumps(records), encoding="utf-8")
