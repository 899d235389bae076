"""clDice: how much of the centreline of each vessel tree lies inside the other (Shit et al., CVPR 2021, eq. 1 to 3)."""

from collections.abc import Callable

import numpy as np

from retseg.metrics.counts import Mask, check_masks


def cldice(prediction: Mask, truth: Mask) -> float:
    """Harmonic mean of topology precision and sensitivity of two bool (H, W) masks.

    Precision is the share of the prediction's skeleton inside the truth, sensitivity that of the truth's skeleton
    inside the prediction; skeletons by Zhang's thinning. nan where both masks are empty, 0 where one is.

    Raises:
        ValueError: the masks are not bool or not of one shape.
    """
    check_masks(prediction=prediction, truth=truth)
    if not prediction.any() and not truth.any():
        return float("nan")
    if not prediction.any() or not truth.any():
        return 0.0
    precision, sensitivity = _share_of_skeleton(prediction, truth), _share_of_skeleton(truth, prediction)
    return 2 * precision * sensitivity / (precision + sensitivity) if precision + sensitivity else 0.0


def _share_of_skeleton(mask: Mask, other: Mask) -> float:
    """Share of the skeleton of a non-empty mask that lies inside the other mask."""
    from skimage.morphology import skeletonize

    thin: Callable[[Mask], Mask] = skeletonize
    skeleton = thin(mask)
    return np.count_nonzero(skeleton & other) / np.count_nonzero(skeleton)
