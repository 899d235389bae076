"""Write the table of `retseg predict --measure`, and read the position of the fovea."""

import argparse
import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retseg.commands.console import warn
from retseg.commands.options import RequestError
from retseg.files import find_stem, replacing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retseg.image import Image
    from retseg.measures import Known, Row

Point = tuple[float, float]
COLUMNS = ("image", "task", "measure", "value", "unit")


def read_foveas(text: str, images: Sequence[Path]) -> dict[Path, Point]:
    """The position of the fovea, x and y in pixels, for the images where it is known.

    Args:
        text: `X,Y` for one image, or a CSV file. Its first line names the columns; the first column holds the name of
            the image, the columns whose names begin with x and y hold the position, as in IDRiD's tables.
        images: the images that will be measured.

    Raises:
        RequestError: the text is neither, the table is wrong, or it names none of the images.
    """
    if not Path(text).is_file():
        try:
            x, y = (float(part) for part in text.split(","))
        except ValueError:
            raise RequestError(
                f"--fovea takes X,Y or a CSV file, and '{text}' is neither: see docs/measures.md"
            ) from None
        if len(images) != 1:
            raise RequestError(f"--fovea {text} is of one image, and there are {len(images)}: give a CSV file")
        return {images[0]: (x, y)}
    table = read_points(Path(text))
    found = {path: table[find_stem(path)] for path in images if find_stem(path) in table}
    if not found:
        names = f"{', '.join(list(table)[:2])} ... but not {find_stem(images[0])}"
        raise RequestError(f"{text} names none of the images ({names}): its first column must hold their names")
    if len(found) < len(images):
        warn(f"{text} names {len(found)} of {len(images)} images: the others get no distance to the fovea")
    return found


def read_angle(text: str) -> float:
    """The degrees that a field of view shows: 10 for a close-up, 200 for an ultra-wide image.

    Raises:
        argparse.ArgumentTypeError: they are no number from 10 to 200.
    """
    try:
        degrees = float(text)
    except ValueError:
        degrees = math.nan
    if not 10 <= degrees <= 200:
        raise argparse.ArgumentTypeError(f"'{text}' is no angle from 10 to 200 degrees, such as 45")
    return degrees


def read_points(path: Path) -> dict[str, Point]:
    """Name of each image, without suffix, to the point in its row; rows without a name or a number are skipped.

    Raises:
        RequestError: the columns are missing, or a row holds no numbers.
    """
    try:
        header, *rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines())) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise RequestError(f"{path} is no CSV file ({error}): save the table as CSV in UTF-8") from error
    columns = [next((i for i, name in enumerate(header) if i and name.strip().lower().startswith(c)), 0) for c in "xy"]
    if not all(columns):
        raise RequestError(f"{path} has no columns x and y after the image's: name them in its first line")
    points = {}
    for number, row in enumerate(rows, 2):
        if row and row[0].strip() and any(cell.strip() for cell in row[1:]):
            try:
                x, y = (float(row[column]) for column in columns)
            except (ValueError, IndexError):
                raise RequestError(f"{path}, line {number} has no number for x or y: mend or remove it") from None
            points[find_stem(Path(row[0].strip()))] = (x, y)
    return points


def measure(
    image: "Image",
    masks: "Mapping[str, NDArray[np.bool_]]",
    field_of_view: "NDArray[np.bool_]",
    known: "Known",
) -> "Iterator[tuple[str, str, Row]]":
    """Image, task and row for every measure of every mask, bool (H, W); the area of the field of view comes first."""
    from retseg.measures import measure_masks

    measures = measure_masks(image, masks, field_of_view, known)
    for sentence in measures.warnings:
        warn(sentence)
    if measures.quality is not None and measures.quality.reasons:
        warn(f"{image.name}: {measures.quality.sentence}")
    for task, rows in measures.rows.items():
        for row in rows:
            yield image.name, task, row


def write_measures(path: Path, rows: "Iterable[tuple[str, str, Row]]") -> None:
    """Write a CSV file, one number a line; a measure that is not defined has an empty value.

    Raises:
        OutputError: the folder cannot be written.
    """
    with replacing(path) as beside, beside.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for image, task, row in rows:
            writer.writerow((image, task, row.measure, format_value(row.value), row.unit))


def format_value(value: float) -> str:
    """Whole numbers in full, others with six digits, nothing for nan."""
    if isinstance(value, int):
        return str(value)
    return "" if math.isnan(value) else f"{value:.6g}"
