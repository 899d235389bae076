"""The connected components of a mask: the one place that finds them, for metrics, measures, masks and thresholds."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.metrics.counts import Mask


@dataclass(frozen=True)
class Components:
    """The 8-connected components of a mask, numbered from 1.

    Attributes:
        labels: int32 (H, W), the number of the component of each pixel; 0 outside the mask.
        sizes: int64 (n,), the pixels of each component.
        centroids: float64 (n, 2), x and y of each component in pixels; (0, 0) is the centre of the first pixel.
    """

    labels: NDArray[np.int32]
    sizes: NDArray[np.int64]
    centroids: NDArray[np.float64]

    def __len__(self) -> int:
        """The number of components."""
        return len(self.sizes)

    def count_pixels(self, other: Mask) -> NDArray[np.int64]:
        """How many pixels of each component lie in another mask, bool (H, W): int64 (n,)."""
        return np.bincount(self.labels[other], minlength=len(self) + 1)[1:]

    def keep(self, kept: NDArray[np.bool_]) -> Mask:
        """The mask, bool (H, W), of the components that are True in bool (n,)."""
        return np.concatenate([[False], kept])[self.labels]


def find_components(mask: Mask) -> Components:
    """The 8-connected components of a mask, bool (H, W)."""
    _, labels, statistics, centroids = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    sizes = statistics[1:, cv2.CC_STAT_AREA].astype(np.int64)
    return Components(np.asarray(labels, np.int32), sizes, np.asarray(centroids[1:], np.float64))
