"""Measure density, length, width, tortuosity and branching of vessels."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.measures.skeleton import Path, VesselTree, find_distances, find_edge, trace_vessels

SMOOTHING = 3
"""Pixels on each side over which a centreline is averaged, so that a slanting line gets its true length."""

SHORTEST_CHORD = 10.0
"""Pixels between the ends of a branch: the tortuosity of a shorter one depends on the grid, not on the vessel."""


@dataclass(frozen=True)
class VesselMeasures:
    """The vessels of one image, in pixels.

    Attributes:
        density: area / area of the field of view; nan where that is empty.
        length: of all branches of the centreline.
        calibre: mean over the pixels of the centreline of the vessel's width there; nan without vessels.
        tortuosity: arc / chord of a branch, as a mean weighted by the arcs; 1 is straight; nan where no branch is long
            enough.
        branching_points: where three or more branches meet.
        end_points: where a branch has a free end.
        length_density: length / area of the field of view; nan where that is empty.
        sparsity: mean distance from a pixel of the field of view outside of the vessels to the nearest vessel; nan
            without vessels.
    """

    density: float
    length: float
    calibre: float
    tortuosity: float
    branching_points: int
    end_points: int
    length_density: float
    sparsity: float


def measure_vessels(
    mask: NDArray[np.bool_], field_of_view: NDArray[np.bool_], tree: VesselTree | None = None
) -> VesselMeasures:
    """Measure a vessel mask inside its field of view, both bool (H, W); its tree is traced where it is not given."""
    tree = tree or trace_vessels(mask)
    lines = [smooth_line(branch) for branch in tree.branches]
    arcs = np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in lines])
    chords = np.array([np.hypot(*(line[-1] - line[0])) for line in lines])
    visible = int(np.count_nonzero(field_of_view))
    return VesselMeasures(
        density=int(np.count_nonzero(mask)) / visible if visible else float("nan"),
        length=float(arcs.sum()),
        calibre=measure_calibre(mask, tree),
        tortuosity=weigh_tortuosity(arcs, chords),
        branching_points=tree.branching_points,
        end_points=tree.end_points,
        length_density=float(arcs.sum()) / visible if visible else float("nan"),
        sparsity=measure_sparsity(mask, field_of_view),
    )


def measure_sparsity(mask: NDArray[np.bool_], field_of_view: NDArray[np.bool_]) -> float:
    """Mean distance, in pixels, to the nearest vessel from what is no vessel; nan where there is one of them only."""
    between = field_of_view & ~mask
    if not mask.any() or not between.any():
        return float("nan")
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(np.asarray(away)[between].mean())


def smooth_line(branch: Path) -> NDArray[np.float64]:
    """The positions of a branch, (n, 2), averaged over neighbours on both sides; its ends do not move."""
    sums = np.concatenate([np.zeros((1, 2)), np.cumsum(branch, axis=0)])
    index = np.arange(len(branch))
    reach = np.minimum(np.minimum(index, index[::-1]), SMOOTHING)
    return np.asarray((sums[index + reach + 1] - sums[index - reach]) / (2 * reach + 1)[:, None], np.float64)


def weigh_tortuosity(arcs: NDArray[np.float64], chords: NDArray[np.float64]) -> float:
    """Mean of arc over chord, (n,) each, weighted by arc; branches with a short chord, rings too, are left out."""
    long = chords >= SHORTEST_CHORD
    return float(np.average(arcs[long] / chords[long], weights=arcs[long])) if long.any() else float("nan")


def measure_calibre(mask: NDArray[np.bool_], tree: VesselTree) -> float:
    """Mean width of the vessels, in pixels, at the pixels of their centreline; nan without vessels."""
    widths = measure_widths(mask, tree)[tree.skeleton]
    return float(widths.mean(dtype=np.float64)) if len(widths) else float("nan")


def measure_widths(mask: NDArray[np.bool_], tree: VesselTree) -> NDArray[np.float32]:
    """Width of the vessel, in pixels, at the pixels of the centreline of a mask: (H, W), nan elsewhere.

    The width is twice the distance to the nearest background. It is measured on the mask at twice its size, where every
    width is an even number of pixels, so that no half pixel is lost at the middle. Only the centreline and the edge of
    the background are enlarged. Without background there is no width.
    """
    centre, edge = np.argwhere(tree.skeleton), np.argwhere(find_edge(mask))
    widths = np.full(mask.shape, np.nan, np.float32)
    if len(centre) and len(edge):
        widths[tuple(centre.T)] = find_distances(_double(centre), _double(edge)).reshape(-1, 4).max(axis=1)
    return widths


def _double(pixels: Path) -> Path:
    """The four pixels that each of (n, 2) becomes in an image of twice the size: (4 n, 2)."""
    four = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
    return np.asarray((2 * pixels[:, None] + four).reshape(-1, 2), np.intp)
