"""A phantom: a drawn image with its exact truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Phantom:
    """A synthetic image with its truth; all arrays share one frame."""

    pixels: NDArray[np.uint8]  # (H, W, 3) RGB
    masks: dict[str, NDArray[np.bool_]]  # task -> (H, W)
    field_of_view: NDArray[np.bool_]  # (H, W)
    disc: tuple[float, float, float] | None = None  # x, y and mean radius of the optic disc, in pixels
    fovea: tuple[float, float] | None = None  # x and y, in pixels; outside of the frame too
