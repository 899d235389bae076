"""DRIVE as downloaded: `training/` and `test/` with `images`, `1st_manual` and `mask`; test labels may be withheld."""

from pathlib import Path

from retseg.data_sets.case import Case, require_files


def read(directory: Path) -> tuple[Case, ...]:
    """The cases of both splits; `truth` is empty where the labels are withheld.

    Raises:
        DataSetError: a mask is missing.
    """
    cases = []
    for split in ("training", "test"):
        folder = directory / split
        for image in sorted((folder / "images").glob(f"*_{split}.tif")):
            number = image.stem.split("_")[0]
            manual = folder / "1st_manual" / f"{number}_manual1.gif"
            wanted = {f"field of view of {image.name}": folder / "mask" / f"{image.stem}_mask.gif"}
            if split == "training" or manual.parent.is_dir():
                wanted[f"vessels of {image.name}"] = manual
            require_files(wanted)
            truth = {"vessel": manual} if manual.is_file() else {}
            view = folder / "mask" / f"{image.stem}_mask.gif"
            cases.append(Case(image.stem, image, truth, view, split, image.stem))
    return tuple(cases)
