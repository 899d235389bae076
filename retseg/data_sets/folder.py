"""A plain folder: `images/` and `masks/`, or `masks/<task>/`, with files of the same stem; `fov/` where there is one."""

from pathlib import Path

from retseg.data_sets.case import Case, DataSetError
from retseg.vocabulary import TASKS


def read(directory: Path) -> tuple[Case, ...]:
    """The cases; masks that lie in `masks/` itself are vessels.

    Raises:
        DataSetError: an image has no mask, or a mask no image: all are named.
    """
    images = {path.stem: path for path in sorted((directory / "images").glob("*.*"))}
    folders = {task: directory / "masks" / task for task in TASKS if (directory / "masks" / task).is_dir()}
    folders = folders or {"vessel": directory / "masks"}
    masks = {task: {path.stem: path for path in folder.glob("*.*")} for task, folder in folders.items()}
    views = {path.stem: path for path in (directory / "fov").glob("*.*")}
    alone = [f"{stem} has no {task} mask" for task, found in masks.items() for stem in images if stem not in found]
    alone += [f"{path} has no image" for found in masks.values() for stem, path in found.items() if stem not in images]
    if alone:
        raise DataSetError(f"images and masks in {directory} do not pair by name: {'; '.join(alone)}")
    return tuple(
        Case(stem, image, {task: found[stem] for task, found in masks.items()}, views.get(stem), "training", stem)
        for stem, image in images.items()
    )
