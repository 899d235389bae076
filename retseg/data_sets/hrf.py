"""HRF as downloaded: `images/`, `manual1/` and, in the official download, `mask/`.

No split is official. The one used here, in each of the three groups: 01 to 05 train, 06 to 10 are for development, the
rest test.
"""

from pathlib import Path

from retseg.data_sets.case import Case, require_files

LAST_TRAINING_NUMBER = 5
LAST_DEVELOPMENT_NUMBER = 10


def read(directory: Path) -> tuple[Case, ...]:
    """The cases: healthy (`h`), diabetic retinopathy (`dr`), glaucoma (`g`).

    Raises:
        DataSetError: a mask is missing.
    """
    cases = []
    for image in sorted((directory / "images").iterdir()):
        if image.suffix.lower() != ".jpg":
            continue
        manuals = sorted((directory / "manual1").glob(f"{image.stem}.*"))
        manual = manuals[0] if manuals else directory / "manual1" / f"{image.stem}.tif"
        require_files({f"vessels of {image.name}": manual})
        views = sorted((directory / "mask").glob(f"{image.stem}*"))
        split = choose_split(int(image.stem.split("_")[0]))
        cases.append(Case(image.stem, image, {"vessel": manual}, views[0] if views else None, split, image.stem))
    return tuple(cases)


def choose_split(number: int) -> str:
    """The split of an image by its number, 1 to 15."""
    if number <= LAST_TRAINING_NUMBER:
        return "training"
    return "development" if number <= LAST_DEVELOPMENT_NUMBER else "test"
