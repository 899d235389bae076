"""Write masks and probabilities into output sockets."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from retseg.challenge import Challenge, Socket
from retseg.container.error import ContractError
from retseg.files import DATA_SUFFIXES, IMPORTED_SUFFIXES, has_suffix, leaves_folder

if TYPE_CHECKING:
    from retseg.image import Geometry
    from retseg.predictor import Prediction


def remove_stale_outputs(output_directory: Path, challenge: Challenge) -> tuple[Path, ...]:
    """Remove the images of an earlier case from the output sockets.

    A socket must hold exactly one image. An old image would also look like the result of a case that failed.

    Raises:
        ContractError: a link leads from an output socket out of the output folder; nothing was removed then.
    """
    folders = [output_directory / socket.path for socket in challenge.socket if socket.task]
    leaving = next((folder for folder in folders if leaves_folder(folder, output_directory)), None)
    if leaving is not None:
        raise ContractError(f"the output socket {leaving} leads out of {output_directory} by a link: remove the link")
    suffixes = (*IMPORTED_SUFFIXES, *DATA_SUFFIXES)
    removed = []
    for folder in folders:
        images = [path for path in sorted(folder.rglob("*")) if has_suffix(path, suffixes)]
        stale = [path for path in images if path.is_symlink() or not path.is_dir()]
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
    from retseg.image import label_mask, write_mask, write_probability

    for socket in sockets:
        path = directory / socket.path / f"{stem}.mha"
        if socket.kind == "heatmap":
            write_probability(path, prediction.probabilities[socket.task], geometry)
        else:
            write_mask(path, label_mask(prediction.masks[socket.task], socket.values), geometry)
