"""Values of one image that are computed from its masks: whether there is anything, how much, a grade, points."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.image import Geometry
from retseg.metrics.components import find_components

Mask = NDArray[np.bool_]
Json = Any
"""What JSON can hold: None, a truth value, a number, a text, a list or a mapping of texts to these."""


class ValueComputationError(RetsegError):
    """A computed value cannot be written as JSON; the message names the function."""


@dataclass(frozen=True)
class Findings:
    """What was found in one image.

    Attributes:
        masks: task to bool (H, W).
        probabilities: task to float32 (H, W) in [0, 1]; empty where there are only masks.
        field_of_view: bool (H, W).
        geometry: of the image.
        inputs: slug to what the platform gave beside the image, such as a laterality; empty for a truth.
    """

    masks: Mapping[str, Mask]
    probabilities: Mapping[str, NDArray[np.float32]]
    field_of_view: Mask
    geometry: Geometry
    inputs: Mapping[str, Json] = field(default_factory=dict)


Compute = Callable[[Findings, Sequence[str]], Json]


def compute_value(
    function: str, tasks: Sequence[str], limits: Sequence[float], found: Findings, own: Callable[..., Any] | None = None
) -> Json:
    """The value of one image.

    Args:
        function: a key of `COMPUTATIONS`, or the name of the challenge's own function.
        tasks: whose masks it takes.
        limits: rising; when there are any, the value is how many of them the number reaches.
        found: masks and probabilities.
        own: the challenge's own function, which takes `found`.

    Raises:
        ValueComputationError: the value cannot be written as JSON, or limits meet no number.
    """
    value = own(found) if own is not None else COMPUTATIONS[function](found, tasks)
    if limits:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueComputationError(f"'{function}' gives {value!r}, and limits grade numbers: leave them out")
        value = sum(value >= limit for limit in limits)
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueComputationError(
            f"'{function}' gives {value!r}, which JSON cannot hold ({error}): return numbers, texts, lists or mappings"
        ) from error
    return value


def is_present(found: Findings, tasks: Sequence[str]) -> bool:
    """Whether the mask has any pixel."""
    return bool(found.masks[tasks[0]].any())


def count_parts(found: Findings, tasks: Sequence[str]) -> int:
    """How many 8-connected parts the mask has."""
    return len(find_components(found.masks[tasks[0]]))


def measure_area(found: Findings, tasks: Sequence[str]) -> int:
    """Pixels of the mask."""
    return int(found.masks[tasks[0]].sum())


def measure_share(found: Findings, tasks: Sequence[str]) -> float:
    """The share of the field of view that the mask covers; 0 where there is no field of view."""
    seen = int(found.field_of_view.sum())
    return float((found.masks[tasks[0]] & found.field_of_view).sum() / seen) if seen else 0.0


def find_score(found: Findings, tasks: Sequence[str]) -> float:
    """The highest probability; of a truth, which has none, 1 where anything is and 0 elsewhere."""
    if tasks[0] in found.probabilities:
        return round(float(found.probabilities[tasks[0]].max()), 6)
    return float(is_present(found, tasks))


def divide_heights(found: Findings, tasks: Sequence[str]) -> float:
    """The vertical extent of the first task divided by that of the second, as the cup-to-disc ratio; 0 for 0/0."""
    above, below = (measure_height(found.masks[task]) for task in tasks)
    return above / below if below else 0.0


def measure_height(mask: Mask) -> int:
    """Rows from the first to the last pixel of a mask, bool (H, W); 0 of an empty one."""
    rows = np.flatnonzero(mask.any(axis=1))
    return int(rows[-1] - rows[0] + 1) if rows.size else 0


def list_points(found: Findings, tasks: Sequence[str]) -> dict[str, Json]:
    """The centre of each 8-connected part in the form that the platform calls `Multiple points`.

    Coordinates are those of the image's space: origin + direction x (spacing x pixel), and 0 for the third.
    """
    centres = find_components(found.masks[tasks[0]]).centroids.tolist()
    points = [{"name": tasks[0], "point": [*place(found.geometry, x, y), 0.0]} for x, y in centres]
    return {"name": tasks[0], "type": "Multiple points", "points": points, "version": {"major": 1, "minor": 0}}


def place(geometry: Geometry, x: float, y: float) -> tuple[float, float]:
    """The point of a pixel (column, row) in the space of the image."""
    along = np.array([x * geometry.spacing[0], y * geometry.spacing[1]])
    turned = np.array(geometry.direction).reshape(2, 2) @ along
    across, down = (float(value) for value in turned + np.array(geometry.origin))
    return round(across, 6), round(down, 6)


COMPUTATIONS: Mapping[str, Compute] = {
    "present": is_present,
    "count": count_parts,
    "area": measure_area,
    "share": measure_share,
    "score": find_score,
    "points": list_points,
    "height_ratio": divide_heights,
}
"""The functions that a challenge's file names."""


def is_number(value: Json) -> bool:
    """Whether a value is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_points(value: Json) -> NDArray[np.float64] | None:
    """The points (n, 2) of a value in the form of `list_points`; None where it has another form."""
    points = value.get("points") if isinstance(value, Mapping) else None
    if not isinstance(points, list):
        return None
    found = [point.get("point") if isinstance(point, Mapping) else None for point in points]
    if not all(isinstance(each, list) and len(each) >= 2 and all(map(is_number, each)) for each in found):
        return None
    return np.array([each[:2] for each in found if each], np.float64).reshape(-1, 2)
