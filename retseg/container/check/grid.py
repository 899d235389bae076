"""Size and geometry of an image, and the rules that an output has those of its input."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK

from retseg.container.check.finding import Finding, passed

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Grid:
    """Size and geometry of an image, and what its pixels are, as SimpleITK reports them."""

    size: tuple[int, ...]
    spacing: tuple[float, ...]
    origin: tuple[float, ...]
    direction: tuple[float, ...]
    pixel_type: int
    pixel_name: str
    components: int


def read_grid(path: Path) -> Grid:
    """Size and geometry of an image file.

    Raises:
        RuntimeError: it cannot be read as an image.
    """
    return describe_grid(SimpleITK.ReadImage(str(path)))


def flatten_grid(grid: Grid) -> Grid:
    """The grid of the plane of a stack, W x H x 1 x tasks, which is compared with a 2-D input."""
    count = len(grid.size)
    rows = [grid.direction[row * count : row * count + 2] for row in (0, 1)]
    plane = (*rows[0], *rows[1])
    return replace(grid, size=grid.size[:2], spacing=grid.spacing[:2], origin=grid.origin[:2], direction=plane)


def describe_grid(image: Any) -> Grid:
    """Size and geometry of a SimpleITK image, whose methods carry no types."""
    return Grid(
        image.GetSize(),
        image.GetSpacing(),
        image.GetOrigin(),
        image.GetDirection(),
        image.GetPixelID(),
        image.GetPixelIDTypeAsString(),
        image.GetNumberOfComponentsPerPixel(),
    )


def judge_grid(found: Grid, wanted: Grid | None, name: str) -> list[Finding]:
    """The rules that an output has the size and the geometry of its input; no rule where the input is not known."""
    if wanted is None:
        return []
    if found.size != wanted.size:
        sizes = (" x ".join(map(str, size)) for size in (found.size, wanted.size))
        sentence = "the size of {} is {}, but its input is {}".format(name, *sizes)
        return [Finding("output.size", "fail", sentence, "bring the mask back to the grid of the input image")]
    for key in ("spacing", "origin", "direction"):
        one, other = getattr(found, key), getattr(wanted, key)
        if not np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE):
            return [
                passed("output.size", f"{name} has the size of its input"),
                Finding(
                    "output.geometry",
                    "fail",
                    f"the {key} of {name} is {_numbers(one)}, but that of its input is {_numbers(other)}",
                    "copy spacing, origin and direction from the input: SimpleITK's CopyInformation does it",
                ),
            ]
    return [
        passed("output.size", f"{name} has the size of its input"),
        passed("output.geometry", f"{name} lies where its input lies"),
    ]


def _numbers(values: Sequence[float]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"
