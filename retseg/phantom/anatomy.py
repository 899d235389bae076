"""Draw the anatomy of an eye in a plane: the disc at the origin, the fovea temporal of it, and vessels around both.

Lengths are pixels of DRIVE (565 x 584, 45 degrees): there the radius of the field is 268, of a disc 36, of a vein 4.
The temporal side is +x, down is +y; the frame mirrors the plane for the other eye.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.phantom.vessels import Grower, GrowthRules, Guide, Sprout, Vessel, fill_gaps, straight

_REACH = 470.0  # how far from the disc vessels are drawn


@dataclass(frozen=True)
class Eye:
    """One eye's anatomy."""

    disc_radii: tuple[float, float]  # along x and y
    cup_share: float
    fovea: tuple[float, float]
    vessels: tuple[Vessel, ...]


@dataclass(frozen=True)
class Detail:
    """How fine the trees of vessels are: by default as in a photograph; finer in an angiogram."""

    smallest_radius: float = 0.66
    branch_every: float = 18.0
    targets: int = 420
    gap: tuple[float, float] = (19.0, 90.0)
    gap_radius: float = 1.5


def grow_eye(rng: np.random.Generator, detail: Detail = Detail()) -> Eye:
    """An eye with its disc, its fovea and two trees of vessels."""
    disc = 35.0 + 3.0 * rng.standard_normal()
    fovea = (disc * (5.1 + 0.35 * rng.standard_normal()), disc * (0.3 + 0.35 * rng.standard_normal()))
    rules = GrowthRules(
        extent=(-_REACH, -_REACH, _REACH + 100.0, _REACH),
        wander=0.07 + 0.08 * rng.random() ** 2,
        smallest_radius=detail.smallest_radius,
        branch_every=detail.branch_every + 6.0 * rng.random(),
    )
    grower = Grower(rules, lambda x, y, heading, _radius: _daughter_guide((x, y, heading), fovea, rng), rng)
    grower.plant(_trunks(disc, fovea, rng) + _small_disc_vessels(disc, fovea, rng))
    grower.grow()
    fill_gaps(grower, _targets(fovea, detail.targets, rng), detail.gap, detail.gap_radius)
    radii = (disc * (0.92 + 0.05 * rng.random()), disc * (1.0 + 0.06 * rng.random()))
    return Eye(radii, 0.3 + 0.3 * rng.random(), fovea, tuple(v for v in grower.vessels if len(v.radii)))


def _targets(fovea: tuple[float, float], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Random points that a vessel must reach: everywhere except the fovea and the disc."""
    spread = np.column_stack([rng.uniform(-210.0, 470.0, count), rng.uniform(-310.0, 310.0, count)])
    from_fovea = np.hypot(spread[:, 0] - fovea[0], spread[:, 1] - fovea[1])
    return spread[(from_fovea > 30.0) & (np.hypot(spread[:, 0], spread[:, 1]) > 55.0)]


def _trunks(disc: float, fovea: tuple[float, float], rng: np.random.Generator) -> list[Sprout]:
    """Artery and vein of each quadrant; the temporal ones bend around the macula as arcades."""
    sprouts = []
    for upward in (-1.0, 1.0):
        wide = 1.0 + 0.12 * rng.standard_normal()
        vein_outside = rng.random() < 0.5
        for kind, radius in (("vein", 4.35 * wide), ("artery", 3.4 * wide)):
            outer = (kind == "vein") == vein_outside
            ring = fovea[0] * (0.84 + (0.09 if outer else -0.04) + 0.035 * rng.standard_normal())
            start = _near(disc, 0.12, upward, rng)
            lean = 0.12 + (0.0 if outer else 0.38) + 0.08 * rng.standard_normal()
            heading = upward * (math.pi / 2 - lean)
            sprouts.append(Sprout(*start, heading, radius, kind, _arcade(fovea, ring, upward, rng)))
            nasal = upward * (math.pi / 2 + 0.75 + (0.3 if outer else -0.2) + 0.12 * rng.standard_normal())
            beginning = upward * (math.pi / 2 + (0.65 if outer else 0.2))
            guide = straight(nasal, 0.022)
            sprouts.append(Sprout(*_near(disc, -0.3, upward, rng), beginning, radius * 0.72, kind, guide))
    return sprouts


def _near(disc: float, temporal: float, upward: float, rng: np.random.Generator) -> tuple[float, float]:
    """A point where a trunk comes out of the cup."""
    return disc * (temporal - 0.15 + 0.08 * rng.standard_normal()), disc * upward * 0.16 * rng.random()


def _small_disc_vessels(disc: float, fovea: tuple[float, float], rng: np.random.Generator) -> list[Sprout]:
    """Thin vessels that run straight from the disc: to the macula and to the nasal side."""
    sprouts = []
    for offset in (-0.75, -0.35, 0.3, 0.7):
        heading = offset + 0.12 * rng.standard_normal()
        aim = (fovea[0] - 15.0, fovea[1] + 55.0 * offset + 12.0 * rng.standard_normal())
        kind = "artery" if rng.random() < 0.5 else "vein"
        start = (disc * 0.55 * math.cos(heading), disc * 0.55 * math.sin(heading))
        sprouts.append(Sprout(*start, heading, 1.3 + 0.7 * rng.random(), kind, _towards(aim, fovea)))
    for offset in (-0.5, 0.05, 0.55):
        heading = math.pi + offset + 0.15 * rng.standard_normal()
        kind = "artery" if rng.random() < 0.5 else "vein"
        start = (disc * 0.4 * math.cos(heading), disc * 0.4 * math.sin(heading))
        sprouts.append(Sprout(*start, heading, 1.5 + 0.9 * rng.random(), kind, straight(heading, 0.01)))
    return sprouts


def _arcade(fovea: tuple[float, float], ring: float, upward: float, rng: np.random.Generator) -> Guide:
    """A guide around the fovea at the distance `ring`, then on towards the temporal side."""
    exit_heading = upward * (0.12 + 0.22 * rng.standard_normal())

    def guide(x: float, y: float, _heading: float) -> tuple[float, float]:
        across, along = upward * (y - fovea[1]), x - fovea[0]
        distance = math.hypot(along, across)
        passed = math.pi - math.atan2(across, along)  # 0 on the nasal side, pi/2 straight above or below the fovea
        if passed > 1.6:
            return exit_heading, 0.014
        # With the fovea below, the tangent of the ring rises, then levels off; `inward` steers back onto the ring.
        inward = math.atan((distance - ring) / 60.0)
        return upward * (math.pi / 2 - passed - inward), 0.045

    return guide


def _towards(aim: tuple[float, float], fovea: tuple[float, float]) -> Guide:
    """A guide to a point beside the fovea; the vessel ends where the avascular zone begins."""

    def guide(x: float, y: float, _heading: float) -> tuple[float, float] | None:
        if math.hypot(x - fovea[0], y - fovea[1]) < 26.0 or math.hypot(x - aim[0], y - aim[1]) < 8.0:
            return None
        return math.atan2(aim[1] - y, aim[0] - x), 0.02

    return guide


def _daughter_guide(at: tuple[float, float, float], fovea: tuple[float, float], rng: np.random.Generator) -> Guide:
    """A guide to the macula or to the periphery, by the direction in which the daughter leaves its stem."""
    x, y, heading = at
    to_fovea = math.atan2(fovea[1] - y, fovea[0] - x)
    near = math.hypot(fovea[0] - x, fovea[1] - y) < 215.0
    if near and math.cos(heading - to_fovea) > 0.1 and x > 20.0:
        aim = (fovea[0] + 30.0 * rng.standard_normal(), fovea[1] + 30.0 * rng.standard_normal())
        return _towards(aim, fovea)
    outward = math.atan2(y - 0.35 * fovea[1], x - 0.35 * fovea[0])
    wanted = outward + 0.9 * math.remainder(heading - outward, math.tau) * rng.random()
    return straight(wanted, 0.02)
