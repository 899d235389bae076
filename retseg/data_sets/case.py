"""One image with its truths, and the readers that find them in an official download."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from retseg.declaration import nearest

READERS: Mapping[str, tuple[str, str, str]] = {
    "drive": ("retseg.data_sets.drive", "DRIVE", "https://drive.grand-challenge.org"),
    "chasedb1": ("retseg.data_sets.chasedb1", "CHASEDB1", "https://researchdata.kingston.ac.uk/96/"),
    "hrf": ("retseg.data_sets.hrf", "HRF", "https://www5.cs.fau.de/research/data/fundus-images/"),
    "folder": ("retseg.data_sets.folder", "", "a folder of your own with images/ and masks/"),
}
"""Name of a data set: the module that reads it, the folder it is looked for in, where the official download lives."""


class DataSetError(ValueError):
    """A data set is absent or does not fit together; the message names what and the remedy."""


@dataclass(frozen=True)
class Case:
    """One image of a data set.

    Attributes:
        name: unique in the data set.
        image: its file.
        truth: task to the file of its mask; a task whose lesion the image does not have maps to None.
        field_of_view: the file of its field-of-view mask, where the data set has one.
        split: `training`, `test`, or another word of the data set's own.
        group: images of one patient share it, and are never parted by a cross-validation.
    """

    name: str
    image: Path
    truth: Mapping[str, Path | None]
    field_of_view: Path | None
    split: str
    group: str


def list_data_sets() -> tuple[str, ...]:
    """The names of the data sets that can be read."""
    return tuple(READERS)


def list_cases(data_set: str, root: Path, folder: str = "") -> tuple[Case, ...]:
    """The cases of a data set, in the order of their names.

    Args:
        data_set: one of `list_data_sets()`.
        root: the folder of data sets.
        folder: of this data set in `root`; the usual one when it is empty.

    Raises:
        DataSetError: the data set is unknown or absent, or images and masks do not fit together.
    """
    if data_set not in READERS:
        raise DataSetError(f"there is no data set '{data_set}'{nearest(data_set, READERS)}")
    module, usual, source = READERS[data_set]
    path = root / (folder or usual)
    if not path.is_dir():
        raise DataSetError(
            f"the data set '{data_set}' is looked for in {path}, which is not there; get it from {source}"
        )
    cases: tuple[Case, ...] = importlib.import_module(module).read(path)
    if not cases:
        raise DataSetError(f"{path} holds no image in the layout of '{data_set}'; get it from {source}")
    return cases


def require_files(wanted: Mapping[str, Path]) -> None:
    """Check that every file is there.

    Args:
        wanted: what a file is, in words, to the file.

    Raises:
        DataSetError: some are not: all of them are named.
    """
    absent = [f"{path} ({words})" for words, path in wanted.items() if not path.is_file()]
    if absent:
        raise DataSetError(f"{len(absent)} files are missing: {', '.join(absent)}")
