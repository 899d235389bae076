"""CHASE_DB1 as downloaded: `Image_NNL.jpg` with `_1stHO.png`; fields of view in `mask/` where somebody made them.

No split is official. The common one is used: the first 20 images train, the last 8 (11L to 14R) test.
"""

from pathlib import Path

from retseg.data_sets.case import Case, require_files

LAST_TRAINING_CHILD = 10


def read(directory: Path) -> tuple[Case, ...]:
    """The cases; both eyes of a child share a group.

    Raises:
        DataSetError: a mask is missing.
    """
    cases = []
    for image in sorted(directory.glob("Image_*.jpg")):
        manual = directory / f"{image.stem}_1stHO.png"
        require_files({f"vessels of {image.name}": manual})
        views = sorted((directory / "mask").glob(f"{image.stem}*"))
        child = image.stem.removeprefix("Image_")[:2]
        split = "training" if int(child) <= LAST_TRAINING_CHILD else "test"
        cases.append(Case(image.stem, image, {"vessel": manual}, views[0] if views else None, split, child))
    return tuple(cases)
