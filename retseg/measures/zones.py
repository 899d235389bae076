"""Measure vessels in the zones B and C around the optic disc, and the calibres of the arteries and veins there."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from retseg.measures.landmarks import Disc
from retseg.measures.skeleton import Mask, Path, VesselTree
from retseg.measures.vessels import measure_widths, smooth_line, weigh_tortuosity

ZONE_B, ZONE_C = (2.0, 3.0), (2.0, 5.0)
"""From and to so many radii of the disc from its centre: half a diameter to one, and to two, from its edge."""

LEAST_SEEN = 0.5
"""Of a zone that is in the field of view: with less it is not measured."""

LARGEST = 6
"""Arteries, and veins, that a central calibre is computed from."""

SHORTEST_RUN = 0.5
"""Radii of the disc: a shorter piece of a vessel in the zone has no calibre of its own."""

ARTERY, VEIN = 0.88, 0.95
"""Knudtson's branching coefficients: the width of a trunk over the root of the sum of its branches' squared widths."""

MICROMETRES = 1000.0

Join = Callable[[float, float], float]
"""The width of a trunk from those of its narrow and its wide branch."""


@dataclass(frozen=True)
class ZoneMeasures:
    """Vessels in two zones around the disc, in pixels; nan where the disc or enough of the zone is not seen.

    Attributes:
        zone_b_density, zone_c_density: area of the vessels / area of the zone in the field of view.
        zone_b_calibre, zone_c_calibre: mean width over the pixels of the centreline.
        zone_b_tortuosity, zone_c_tortuosity: arc / chord of the pieces of branches, as a mean weighted by the arcs.
    """

    zone_b_density: float
    zone_b_calibre: float
    zone_b_tortuosity: float
    zone_c_density: float
    zone_c_calibre: float
    zone_c_tortuosity: float


@dataclass(frozen=True)
class CentralCalibres:
    """The calibres of the central retinal artery and vein; nan where they cannot be computed.

    Attributes:
        crae_knudtson, crve_knudtson: in pixels.
        avr_knudtson: their ratio.
        crae_hubbard, crve_hubbard: in millimetres, since its formulas hold constants in micrometres.
        avr_hubbard: their ratio.
    """

    crae_knudtson: float
    crve_knudtson: float
    avr_knudtson: float
    crae_hubbard: float
    crve_hubbard: float
    avr_hubbard: float


def draw_zone(field_of_view: Mask, disc: Disc | None, zone: tuple[float, float]) -> Mask:
    """A zone inside the field of view, bool (H, W); empty where the disc or too much of the zone is not seen."""
    nothing = np.zeros_like(field_of_view)
    if disc is None:
        return nothing
    height, width = field_of_view.shape
    away = np.hypot(np.arange(width)[None] - disc.x, np.arange(height)[:, None] - disc.y) / disc.radius
    seen = (away >= zone[0]) & (away <= zone[1]) & field_of_view
    whole = math.pi * disc.radius**2 * (zone[1] ** 2 - zone[0] ** 2)
    return seen if seen.sum() >= LEAST_SEEN * whole else nothing


def measure_zones(mask: Mask, tree: VesselTree, field_of_view: Mask, disc: Disc | None) -> ZoneMeasures:
    """Measure a vessel mask, bool (H, W), with its tree, in the zones B and C."""
    widths = measure_widths(mask, tree)
    values: list[float] = []
    for limits in (ZONE_B, ZONE_C):
        zone = draw_zone(field_of_view, disc, limits)
        centre = tree.skeleton & zone
        lines = [smooth_line(run) for run in list_runs(tree, zone)]
        arcs = np.array([np.hypot(*np.diff(line, axis=0).T).sum() for line in lines])
        chords = np.array([np.hypot(*(line[-1] - line[0])) for line in lines])
        values += [
            float(mask[zone].mean()) if zone.any() else math.nan,
            float(widths[centre].mean()) if centre.any() else math.nan,
            weigh_tortuosity(arcs, chords),
        ]
    return ZoneMeasures(*values)


def list_runs(tree: VesselTree, zone: Mask) -> Iterator[Path]:
    """The pieces of branches that lie in a zone, (n, 2) with n > 1 each."""
    for branch in tree.branches:
        inside = zone[tuple(branch.T)]
        starts = np.flatnonzero(np.diff(inside.astype(np.int8), prepend=0) == 1)
        ends = np.flatnonzero(np.diff(inside.astype(np.int8), append=0) == -1) + 1
        yield from (branch[start:end] for start, end in zip(starts, ends, strict=True) if end - start > 1)


def measure_central_calibres(
    arteries: tuple[Mask, VesselTree],
    veins: tuple[Mask, VesselTree],
    zone: Mask,
    disc: Disc | None,
    millimetres_per_pixel: float | None,
) -> CentralCalibres:
    """The central calibres from the six largest arteries and the six largest veins of zone B.

    Args:
        arteries, veins: mask, bool (H, W), and tree.
        zone: zone B, bool (H, W).
        disc: the optic disc.
        millimetres_per_pixel: None where it is not known.
    """
    if disc is None:
        return CentralCalibres(*[math.nan] * 6)
    shortest = SHORTEST_RUN * disc.radius
    widths = [list_calibres(*vessels, zone, shortest) for vessels in (arteries, veins)]
    crae, crve = (combine_knudtson(each, factor) for each, factor in zip(widths, (ARTERY, VEIN), strict=True))
    hubbard = [math.nan, math.nan]
    if millimetres_per_pixel is not None:
        scale = MICROMETRES * millimetres_per_pixel
        scaled = [[width * scale for width in each] for each in widths]
        hubbard = [combine_hubbard(scaled[0], join_arteries), combine_hubbard(scaled[1], join_veins)]
    return CentralCalibres(
        crae, crve, crae / crve, hubbard[0] / MICROMETRES, hubbard[1] / MICROMETRES, hubbard[0] / hubbard[1]
    )


def list_calibres(mask: Mask, tree: VesselTree, zone: Mask, shortest: float) -> list[float]:
    """The mean widths of the pieces of branches in a zone that are not shorter than `shortest`, the largest first."""
    widths = measure_widths(mask, tree)
    runs = [run for run in list_runs(tree, zone) if np.hypot(*np.diff(run, axis=0).T).sum() >= shortest]
    return sorted((float(widths[tuple(run.T)].mean()) for run in runs), reverse=True)


def combine_knudtson(widths: Sequence[float], factor: float) -> float:
    """The trunk of the six largest widths by Knudtson's formula, in their unit; nan of fewer."""
    if len(widths) < LARGEST:
        return math.nan
    return join_pairs(sorted(widths)[-LARGEST:], lambda narrow, wide: factor * math.hypot(narrow, wide))


def combine_hubbard(widths: Sequence[float], join: Join) -> float:
    """The trunk of the six largest widths by Parr's and Hubbard's formulas, in micrometres; nan of fewer."""
    return join_pairs(sorted(widths)[-LARGEST:], join) if len(widths) >= LARGEST else math.nan


def join_pairs(widths: Sequence[float], join: Join) -> float:
    """Join the narrowest with the widest, the next with the next, until one is left; a middle one waits a round."""
    left = sorted(widths)
    while len(left) > 1:
        half = len(left) // 2
        joined = [join(narrow, wide) for narrow, wide in zip(left[:half], left[::-1], strict=False)]
        left = sorted([*joined, *([median(left)] if len(left) % 2 else [])])
    return left[0]


def join_arteries(narrow: float, wide: float) -> float:
    """The trunk of two arteries, in micrometres (Parr and Spears; Hubbard et al.)."""
    return math.sqrt(max(0.0, 0.87 * narrow**2 + 1.01 * wide**2 - 0.22 * narrow * wide - 10.76))


def join_veins(narrow: float, wide: float) -> float:
    """The trunk of two veins, in micrometres (Hubbard et al.)."""
    return math.sqrt(0.72 * narrow**2 + 0.91 * wide**2 + 450.05)
