"""Grow trees of vessels that follow a guide, taper, branch by Murray's law, and avoid vessels of their own kind."""

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

# From x, y and heading of a vessel to (wanted heading in radians, pull in 1/length); None ends the vessel.
Guide = Callable[[float, float, float], tuple[float, float] | None]
# The guide of a branch that leaves (x, y) with this heading and radius.
GuideChooser = Callable[[float, float, float, float], Guide]


@dataclass(frozen=True)
class Vessel:
    """A stretch of vessel between its origin and its end."""

    points: NDArray[np.float64]  # (n, 2) x, y in the plane's own length units
    radii: NDArray[np.float64]  # (n,)
    kind: str  # "artery" or "vein"


@dataclass(frozen=True)
class Sprout:
    """The beginning of a vessel: its position, heading and width."""

    x: float
    y: float
    heading: float
    radius: float
    kind: str
    guide: Guide


@dataclass(frozen=True)
class GrowthRules:
    """How vessels grow; lengths in the plane's units, angles in radians.

    `wander` is the standard deviation of curvature of a thin vessel (rad per length); a vessel of radius r has
    `wander / (1 + r)`, so that wide ones run smoothly. Radii at a fork obey Murray's law with exponent `murray`
    (2.7 in the human retina: Luo et al., "Retinal vascular branching", 2017).
    """

    extent: tuple[float, float, float, float]  # x0, y0, x1, y1 of the plane
    step: float = 2.0
    wander: float = 0.09
    wander_length: float = 9.0
    branch_every: float = 26.0
    branch_per_radius: float = 4.0
    daughter: tuple[float, float] = (0.25, 0.85)
    murray: float = 2.7
    taper: float = 0.0012
    smallest_radius: float = 0.6
    clearance: float = 7.0
    bare: float = 35.0  # how far a vessel that was planted runs before its first branch


class Grower:
    """Grows vessels one after the other, the widest first; they avoid their own kind and may cross the other."""

    def __init__(self, rules: GrowthRules, chooser: GuideChooser, rng: np.random.Generator) -> None:
        self.rules = rules
        self.chooser = chooser
        self.rng = rng
        self.vessels: list[Vessel] = []
        self._cell = 2.0
        x0, y0, x1, y1 = rules.extent
        self._columns = int((x1 - x0) / self._cell) + 2
        self._rows = int((y1 - y0) / self._cell) + 2
        self._taken: dict[str, list[int]] = {}
        self._queue: list[tuple[float, int, Sprout, int]] = []
        self._count = 0

    def plant(self, sprouts: Sequence[Sprout], parent: int = -1) -> None:
        """Queue sprouts; `parent` is the vessel that they leave, which they may touch at first."""
        for sprout in sprouts:
            heapq.heappush(self._queue, (-sprout.radius, self._count, sprout, parent))
            self._count += 1

    def grow(self) -> None:
        """Grow all queued sprouts and their branches."""
        while self._queue:
            _, _, sprout, parent = heapq.heappop(self._queue)
            self._grow_one(sprout, parent)

    def _grow_one(self, sprout: Sprout, parent: int) -> None:
        rules, rng = self.rules, self.rng
        own = len(self.vessels)
        path = [(sprout.x, sprout.y)]
        radii = [sprout.radius]
        x, y, heading, radius, bend = sprout.x, sprout.y, sprout.heading, sprout.radius, 0.0
        keep = math.exp(-rules.step / rules.wander_length)
        next_branch = self._branch_interval(radius) + (rules.bare if parent < 0 else 0.0)
        side = 1 if rng.random() < 0.5 else -1
        travelled = 0.0
        length = self._length_of(radius)
        while True:
            wish = sprout.guide(x, y, heading)
            if wish is None or radius < rules.smallest_radius or travelled > length:
                break
            turn = _avoid(self, (x, y, heading, radius), sprout.kind, own, parent if travelled < 14.0 else own)
            if turn is None and travelled > 8.0 and radius < 1.3:
                break
            spread = rules.wander / (1.0 + radius)
            bend = keep * bend + math.sqrt(1.0 - keep * keep) * spread * rng.standard_normal()
            heading += (wish[1] * _difference(wish[0], heading) + bend + (turn or 0.0)) * rules.step
            x += rules.step * math.cos(heading)
            y += rules.step * math.sin(heading)
            if not self._mark(x, y, sprout.kind, own):
                break
            travelled += rules.step
            radius *= 1.0 - rules.taper * rules.step
            path.append((x, y))
            radii.append(radius)
            if travelled >= next_branch:
                side = -side if rng.random() < 0.7 else side
                radius, heading = self._fork((x, y, heading, radius), side, sprout.kind, own)
                next_branch = travelled + self._branch_interval(radius)
        if len(path) > 3:
            self.vessels.append(Vessel(np.array(path), np.array(radii), sprout.kind))
        else:
            self.vessels.append(Vessel(np.zeros((0, 2)), np.zeros(0), sprout.kind))

    def _length_of(self, radius: float) -> float:
        """The greatest length of a vessel: no limit for a wide one, some tens of units for an end branch."""
        if radius > 1.6:
            return math.inf
        return (20.0 + 60.0 * radius) * (0.5 + self.rng.random())

    def _branch_interval(self, radius: float) -> float:
        mean = self.rules.branch_every * (1.7 if radius < 1.2 else 1.0) + self.rules.branch_per_radius * radius
        return mean * (0.35 + 1.3 * self.rng.random())

    def _fork(self, at: tuple[float, float, float, float], side: int, kind: str, own: int) -> tuple[float, float]:
        """Send out a daughter; returns the stem's radius and heading behind the fork."""
        x, y, heading, radius = at
        low, high = self.rules.daughter
        # Wide stems mostly have thin branches, so that they stay wide.
        share = low + (high - low) * self.rng.random() ** (0.8 + 0.8 * radius)
        daughter = max(share * radius, min(1.15 * self.rules.smallest_radius, radius))
        if daughter >= 0.97 * radius:
            return radius, heading
        stem = (radius**self.rules.murray - daughter**self.rules.murray) ** (1.0 / self.rules.murray)
        share = daughter / radius
        # A thinner daughter turns more, and the stem turns less.
        away = heading + side * (1.25 - 0.65 * share + 0.18 * self.rng.standard_normal())
        guide = self.chooser(x, y, away, daughter)
        self.plant([Sprout(x, y, away, daughter, kind, guide)], parent=own)
        return stem, heading - side * 0.35 * share * share

    def _index(self, x: float, y: float) -> int:
        x0, y0, _, _ = self.rules.extent
        column, row = int((x - x0) / self._cell), int((y - y0) / self._cell)
        if not (0 <= column < self._columns and 0 <= row < self._rows):
            return -1
        return row * self._columns + column

    def _mark(self, x: float, y: float, kind: str, own: int) -> bool:
        """Mark the cell at (x, y) as taken; False outside the plane."""
        index = self._index(x, y)
        if index < 0:
            return False
        self._field(kind)[index] = own
        return True

    def _field(self, kind: str) -> list[int]:
        if kind not in self._taken:
            self._taken[kind] = [-1] * (self._columns * self._rows)
        return self._taken[kind]

    def holder(self, x: float, y: float, kind: str) -> int:
        """The vessel of this kind that runs through (x, y), or -1."""
        index = self._index(x, y)
        return -1 if index < 0 else self._field(kind)[index]

    def someone(self, x: float, y: float, own: int, parent: int) -> bool:
        """Whether a vessel of any kind, other than these two, runs through (x, y)."""
        index = self._index(x, y)
        return index >= 0 and any(field[index] not in (-1, own, parent) for field in self._taken.values())


def _avoid(grower: Grower, at: tuple[float, float, float, float], kind: str, own: int, parent: int) -> float | None:
    """The turn (rad per length) that avoids vessels ahead; None where one of the same kind is ahead."""
    x, y, heading, radius = at
    reach = radius + grower.rules.clearance
    turn = 0.0
    for offset in (-0.7, 0.7):
        for distance in (0.5 * reach, reach):
            angle = heading + offset
            if grower.someone(x + distance * math.cos(angle), y + distance * math.sin(angle), own, parent):
                turn -= math.copysign(0.035, offset)
    for distance in (2.2 + radius, 4.5 + radius):
        ahead = (x + distance * math.cos(heading), y + distance * math.sin(heading))
        # The thinnest vessels end at any other vessel: crossing capillaries would form a tangle.
        met = (
            grower.someone(*ahead, own, parent)
            if radius < 0.95
            else grower.holder(*ahead, kind) not in (-1, own, parent)
        )
        if met:
            return None
    return turn


def _difference(wanted: float, heading: float) -> float:
    """The turn from one heading to another, in (-pi, pi]."""
    return math.remainder(wanted - heading, math.tau)


def straight(heading: float, pull: float = 0.01) -> Guide:
    """A guide with the same heading everywhere."""
    return lambda _x, _y, _heading: (heading, pull)


def fill_gaps(grower: Grower, targets: NDArray[np.float64], gap: tuple[float, float], radius: float) -> None:
    """Grow thin branches to points that no vessel reaches.

    Each target (n, 2) whose nearest vessel is between `gap[0]` and `gap[1]` away gets a branch from that vessel.
    Targets are taken a few at a time, so that later ones see the branches of earlier ones.
    """
    for some in np.array_split(targets, max(1, len(targets) // 12)):
        owners = np.repeat(np.arange(len(grower.vessels)), [len(v.radii) for v in grower.vessels])
        points = np.concatenate([v.points for v in grower.vessels])
        widths = np.concatenate([v.radii for v in grower.vessels])
        distances, nearest = cKDTree(points).query(some)
        for (x, y), distance, near in zip(some.tolist(), distances.tolist(), nearest.tolist(), strict=True):
            if not gap[0] <= distance <= gap[1]:
                continue
            at_x, at_y = points[near].tolist()
            heading = math.atan2(y - at_y, x - at_x)
            leaving = heading + 0.3 * grower.rng.standard_normal()
            thin = max(min(radius, 0.8 * float(widths[near])), 1.05 * grower.rules.smallest_radius)
            parent = int(owners[near])
            kind = grower.vessels[parent].kind
            grower.plant([Sprout(at_x, at_y, leaving, thin, kind, straight(heading, 0.02))], parent)
        grower.grow()
