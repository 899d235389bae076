"""Masks and probabilities into output sockets: written beside, then renamed into place, all of them or none."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from retseg.challenge import Challenge, Socket
from retseg.container.error import ContractError

if TYPE_CHECKING:
    from retseg.image import Geometry
    from retseg.predictor import Prediction

STALE_SUFFIXES = frozenset({".mha", ".mhd", ".raw", ".zraw", ".tif", ".tiff"})
"""Files that the platform would import as images of a socket, and their data files."""


@contextmanager
def stage(output_directory: Path) -> Iterator[Path]:
    """A folder to write into as if it were the output folder; its files are moved there when the block succeeds.

    It lies inside the output folder, so that moving is a rename. When the block fails, nothing of it stays.

    Raises:
        ContractError: the output folder cannot be written to.
    """
    try:
        output_directory.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=output_directory))
    except OSError as error:
        raise ContractError(
            f"the output folder {output_directory} cannot be written to ({error.strerror}): "
            "make it a folder that the user this runs as may write to"
        ) from error
    try:
        yield staging
        _move_into_place(staging, output_directory)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _move_into_place(staging: Path, output_directory: Path) -> None:
    moved: list[Path] = []
    try:
        for path in sorted(path for path in staging.rglob("*") if path.is_file()):
            target = output_directory / path.relative_to(staging)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
            moved.append(target)
    except OSError as error:
        for target in moved:
            target.unlink(missing_ok=True)
        raise ContractError(
            f"{error.filename2 or error.filename} cannot be written ({error.strerror}): "
            f"make {output_directory} and what lies in it writable for the user this runs as"
        ) from error


def remove_stale_outputs(output_directory: Path, challenge: Challenge) -> tuple[Path, ...]:
    """Remove the images of an earlier case from the output sockets.

    A socket must hold exactly one image, and an old one must not be taken for the result of a case that failed.
    """
    removed = []
    for socket in challenge.socket:
        if socket.task:
            folder = output_directory / socket.path
            stale = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in STALE_SUFFIXES]
            for path in stale:
                path.unlink()
            removed += stale
    return tuple(removed)


def write_sockets(
    directory: Path, sockets: Iterable[Socket], stem: str, prediction: "Prediction", geometry: "Geometry"
) -> None:
    """Write one image per output socket to `DIRECTORY/<path of the socket>/<stem>.mha`, with the input's geometry.

    A `segmentation` is uint8 with the socket's two values, a `heatmap` float32 with the probabilities.
    """
    from retseg.image import write_mask, write_probability

    for socket in sockets:
        index = prediction.tasks.index(socket.task)
        path = directory / socket.path / f"{stem}.mha"
        path.parent.mkdir(parents=True, exist_ok=True)
        if socket.kind == "heatmap":
            write_probability(path, prediction.probabilities[index], geometry)
        else:
            write_mask(path, label_mask(prediction.masks[index], socket.values), geometry)


def label_mask(mask: NDArray[np.bool_], values: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask, bool (H, W), as uint8 with the values (background, foreground)."""
    return np.where(mask, np.uint8(values[1]), np.uint8(values[0]))
