"""The disc of a fundus photograph: the circle that most of the edge agrees on, and how well it does.

Three steps. Edge points vote for the circles that they may lie on: the centre of each is where the edge points to, from
dark to bright (a Hough transform with gradients, Kimme, Ballard and Sklansky 1975). The circles with the most votes are
moved to the edge beside them by least squares, with what lies off the circle left out, round by round. The circle with
the longest edge that agrees with it wins. No step needs to know how bright the border is: only that it is darker.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

VOTING_SIDE = 160  # pixels: edge points vote on a copy of at most so many a side
VOTERS = 2500  # the steepest so many pixels of that copy vote
LEAST_STEEPNESS, FULL_STEEPNESS = 0.02, 0.15  # per pixel of that copy: below the one no vote, from the other a full one
CELL = 4  # pixels of that copy: the side of a cell of the table of votes
RADII = np.geomspace(0.1, 0.8, 22)  # of the frame's longer side
OUTSIDE = 0.25  # of the frame's side: so far beyond the frame a centre may lie
# A fall of the natural logarithm of brightness: from the first on there is an edge, from the second it counts in full.
LEAST_STEP, FULL_STEP = 0.08, 0.4
SAMPLES = 25  # along a ray, the middle one on the circle
ARM = 4  # samples on either side of a place whose means are compared
ALIKE = 0.12  # of the radius: circles whose centres and radii differ by less are one
PLASTIC = 1.2207440846057596  # root of x**4 = x + 1
LEAST_SPREAD = 0.15  # determinant of the directions of a triple of rays: 2.6 for three that are evenly spread
AGREEMENT = 0.025  # of the radius: an edge farther off does not lie on the circle
# An edge whose slope across it is this much more than that along a row or a column is straight, and hardly counts.
STRAIGHT, TRUST_IN_STRAIGHT = 0.1, 0.15
MEASURING = (96, 0.04)  # rays and reach with which the edge is measured in the end


@dataclass(frozen=True)
class Circle:
    """A circle in pixels, pixel centres at whole numbers."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Fit:
    """A circle and its edge.

    Attributes:
        circle: in pixels of the image that was searched.
        visible: bool (rays,), whether the edge lies inside the frame in this direction.
        steps: float (rays,), by how much the natural logarithm of brightness falls there.
    """

    circle: Circle
    visible: NDArray[np.bool_]
    steps: NDArray[np.float32]

    @property
    def supported(self) -> NDArray[np.bool_]:
        """Where there is an edge, bool (rays,)."""
        return self.visible & (self.steps >= LEAST_STEP)

    @property
    def support(self) -> float:
        """The part of the visible circle that has an edge, in [0, 1]."""
        return float(self.supported.sum() / max(1, self.visible.sum()))

    @property
    def length(self) -> float:
        """How much edge there is, in pixels; a faint edge counts for less."""
        weight = np.where(self.visible, np.clip(self.steps, 0, FULL_STEP) / FULL_STEP, 0)
        return float(weight.mean()) * 2 * np.pi * self.circle.radius

    @property
    def worth(self) -> float:
        """What circles are ranked by: long edges, with few gaps."""
        return float(self.length * self.support**0.5)


@dataclass(frozen=True)
class Effort:
    """How an edge is searched for: by how many rays, how far in parts of the radius, from how many triples of rays."""

    rays: int
    reach: float
    triples: int


CANDIDATES = 8
# Rounds of the search: how many circles are kept, and the effort for each.
ROUNDS = (
    (CANDIDATES, Effort(48, 0.16, 300)),
    (CANDIDATES, Effort(48, 0.08, 200)),
    (3, Effort(96, 0.06, 100)),
    (3, Effort(96, 0.03, 30)),
)


def fit_discs(logarithm: NDArray[np.float32]) -> list[Fit]:
    """Circles that are brighter inside than outside, the best first; none where there is no edge at all.

    Args:
        logarithm: float32 (h, w), the natural logarithm of a smoothed image's brightness.
    """
    circles = vote(logarithm)
    trust = weigh_edges(logarithm)
    for kept, effort in ROUNDS:
        if len(circles) > kept:
            circles = choose_different(measure_edges(logarithm, circles), kept)
        circles = snap(logarithm, trust, circles, effort)
    fits = measure_edges(logarithm, circles)
    return sorted(fits, key=lambda fit: -fit.worth)


def choose_different(fits: list[Fit], count: int) -> NDArray[np.float64]:
    """The best circles that are not nearly the same, at most `count`: (n, 3)."""
    kept: list[tuple[float, float, float]] = []
    for fit in sorted(fits, key=lambda fit: -fit.worth):
        one = (fit.circle.x, fit.circle.y, fit.circle.radius)
        if all(max(abs(a - b) for a, b in zip(one, other, strict=True)) > ALIKE * other[2] for other in kept):
            kept.append(one)
    return np.array(kept[:count])


def vote(logarithm: NDArray[np.float32]) -> NDArray[np.float64]:
    """The circles that most edge points may lie on: (n, 3) as x, y, radius, in pixels of `logarithm`."""
    height, width = logarithm.shape
    scale = min(1.0, VOTING_SIDE / max(height, width))
    size = np.array([max(8, round(width * scale)), max(8, round(height * scale))])
    small = cv2.GaussianBlur(cv2.resize(logarithm, size.tolist(), interpolation=cv2.INTER_AREA), (0, 0), 1.0)
    places, inward, weight = choose_voters(np.asarray(small, np.float32))
    radii, margin = RADII * size.max(), OUTSIDE * size
    cells = np.ceil((size + 2 * margin) / CELL).astype(np.intp)
    column, row = (
        ((places[axis] + inward[axis] * radii[:, None] + margin[axis]) / CELL).astype(np.intp) for axis in (0, 1)
    )
    inside = (column >= 0) & (row >= 0) & (column < cells[0]) & (row < cells[1])
    layer = np.arange(len(radii))[:, None] * (cells[0] * cells[1])
    votes = np.bincount(
        np.where(inside, layer + row * cells[0] + column, 0).ravel(),
        np.where(inside, weight, 0).ravel(),
        len(radii) * cells[0] * cells[1],
    )
    table = np.asarray(votes.reshape(len(radii), cells[1], cells[0]), np.float32)
    peaks = find_peaks(table, CANDIDATES)
    found = np.column_stack([(peaks[:, 2] + 0.5) * CELL - margin[0], (peaks[:, 1] + 0.5) * CELL - margin[1]])
    ratio = np.array([width / size[0], height / size[1]])
    return np.column_stack([found * ratio, radii[peaks[:, 0]] * ratio.max()])


def choose_voters(
    small: NDArray[np.float32],
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
    """The steepest pixels: x and y (2, n), direction to the bright side (2, n), weight of the vote (n,)."""
    across, down = (cv2.Sobel(small, cv2.CV_32F, *order, scale=0.125).ravel() for order in ((1, 0), (0, 1)))
    steepness = np.hypot(across, down)
    chosen = np.flatnonzero(steepness > LEAST_STEEPNESS)
    if len(chosen) > VOTERS:
        chosen = chosen[np.argpartition(steepness[chosen], -VOTERS)[-VOTERS:]]
    y, x = np.divmod(chosen, small.shape[1])
    inward = np.stack([across[chosen], down[chosen]]) / steepness[chosen]
    straight = np.abs(inward).min(axis=0) < STRAIGHT * np.abs(inward).max(axis=0)
    weight = np.minimum(steepness[chosen], FULL_STEEPNESS) * np.where(straight, TRUST_IN_STRAIGHT, 1)
    places = np.stack([x, y]).astype(np.float64)
    return places, np.asarray(inward, np.float32), np.asarray(weight, np.float32)


def find_peaks(table: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """The cells with the most votes in a neighbourhood of 3 x 3 x 3, apart from each other: (count, 3)."""
    table = np.stack([cv2.blur(layer, (3, 3)) for layer in table])
    table[1:-1] += table[:-2] + table[2:]
    peaks = []
    for _ in range(count):
        peak = np.unravel_index(int(table.argmax()), table.shape)
        peaks.append(peak)
        table[tuple(slice(max(0, place - 2), place + 3) for place in peak)] = 0
    return np.array(peaks, np.intp)


def weigh_edges(logarithm: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far the edge at each pixel may be trusted to be round, (h, w): rows and columns may be bars or a frame."""
    across, down = (np.abs(cv2.Sobel(logarithm, cv2.CV_32F, *order)) for order in ((1, 0), (0, 1)))
    straight = np.minimum(across, down) < STRAIGHT * np.maximum(across, down)
    return np.where(straight, np.float32(TRUST_IN_STRAIGHT), np.float32(1))


def snap(
    logarithm: NDArray[np.float32],
    trust: NDArray[np.float32],
    circles: NDArray[np.float64],
    effort: Effort,
) -> NDArray[np.float64]:
    """Move circles (n, 3) to the steepest edges beside them."""
    rays, reach = effort.rays, effort.reach
    values, valid = sample_rays(logarithm, circles, rays, reach)
    steps = find_steps(values, valid)
    part = np.linspace(-1, 1, SAMPLES)
    best = (steps * (1 - 0.5 * np.abs(part)).astype(np.float32)).argmax(axis=2)
    step = np.take_along_axis(steps, best[..., None], 2)[..., 0]
    moved = part[best] * reach * circles[:, 2, None]
    cosine, sine = direct_rays(rays)
    edge = circles[:, 2, None] + moved
    x, y = np.rint(circles[:, 0, None] + edge * cosine), np.rint(circles[:, 1, None] + edge * sine)
    height, width = logarithm.shape
    trusted = trust[np.clip(y, 0, height - 1).astype(np.intp), np.clip(x, 0, width - 1).astype(np.intp)]
    weight = np.where(step >= LEAST_STEP / 2, np.minimum(step, FULL_STEP), 0) * trusted
    return circles + fit_shift(moved, weight, circles[:, 2, None], effort.triples)


def fit_shift(
    moved: NDArray[np.float64], weight: NDArray[np.float32], radius: NDArray[np.float64], triples: int
) -> NDArray[np.float64]:
    """The change of centre and radius that brings circles to their edges: (n, 3).

    What moves most rays well is found among triples of rays, each of which says what the change is (a consensus over
    samples, Fischler and Bolles 1981); least squares over the rays that agree make it exact.

    Args:
        moved: (n, rays), how far the edge lies outside of the circle.
        weight: (n, rays).
        radius: (n, 1), of the circles.
        triples: how many are tried.
    """
    # By how much each ray's edge moves outwards when a circle moves right, moves down, or grows.
    columns = np.stack([*direct_rays(moved.shape[1]), np.ones(moved.shape[1])]).astype(np.float32)
    chosen, inverses = choose_triples(moved.shape[1], triples)
    proposed = (inverses @ moved[:, chosen, None])[..., 0]
    proposed[:, 0] = 0
    scale = 1 / (AGREEMENT * radius)
    scaled = np.asarray(proposed * scale[..., None], np.float32)
    residual = scaled @ columns
    residual -= np.asarray(moved * scale, np.float32)[:, None]
    np.abs(residual, out=residual)
    np.minimum(residual, 1, out=residual)
    # Of the rays with all their weight: the one that loses least agrees most.
    best = (residual @ np.asarray(weight, np.float32)[..., None])[..., 0].argmin(axis=1)
    shift = proposed[np.arange(len(moved)), best]
    products = (columns[:, None] * columns).reshape(9, -1).T
    for _ in range(2):
        residual = (moved - shift @ columns) * scale
        close = weight * np.maximum(1 - residual**2, 0)
        normal = (close @ products).reshape(-1, 3, 3) + 1e-6 * np.eye(3)
        shift = np.linalg.solve(normal, ((close * moved) @ columns.T)[..., None])[..., 0]
    limit = 0.2 * radius
    return np.asarray(np.clip(shift, -limit, limit))


@lru_cache(maxsize=8)
def choose_triples(rays: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Triples of rays that are not close to each other, and what makes a change of circle of their three edges.

    The triples are spread evenly by multiples of three irrational numbers (the R3 sequence), because numpy's random
    numbers cost a cold start more than the whole fit.

    Returns:
        Numbers of rays (count, 3), and matrices (count, 3, 3).
    """
    places = np.arange(1, 8 * count + 1)[:, None] * PLASTIC ** -np.arange(1.0, 4.0) % 1
    triples = np.asarray(places * rays, np.int64)
    matrices = np.stack([*direct_rays(rays), np.ones(rays)])[:, triples].transpose(1, 2, 0)
    spread = np.flatnonzero(np.abs(np.linalg.det(matrices)) > LEAST_SPREAD)[:count]
    return triples[spread], np.asarray(np.linalg.inv(matrices[spread]), np.float64)


def measure_edges(logarithm: NDArray[np.float32], circles: NDArray[np.float64]) -> list[Fit]:
    """How much of each of the circles (n, 3) has an edge."""
    values, valid = sample_rays(logarithm, circles, *MEASURING)
    middle = SAMPLES // 2
    steps = find_steps(values, valid)[..., middle - 2 : middle + 3].max(axis=2)
    visible = valid[..., middle + ARM]
    return [Fit(Circle(*circle), *edge) for circle, *edge in zip(circles.tolist(), visible, steps, strict=True)]


def direct_rays(rays: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cosine and sine of evenly spread directions, clockwise in the picture from the right: (rays,) each."""
    angle = np.arange(rays) * (2 * np.pi / rays)
    return np.cos(angle), np.sin(angle)


def sample_rays(
    image: NDArray[np.float32], circles: NDArray[np.float64], rays: int, reach: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """An image along rays across circles (n, 3): values, and whether inside the frame, (n, rays, SAMPLES) each."""
    cosine, sine = direct_rays(rays)
    distance = circles[:, 2, None, None] * np.linspace(1 - reach, 1 + reach, SAMPLES)
    x = np.asarray(circles[:, 0, None, None] + distance * cosine[:, None], np.float32)
    y = np.asarray(circles[:, 1, None, None] + distance * sine[:, None], np.float32)
    table = (-1, SAMPLES)
    values = cv2.remap(image, x.reshape(table), y.reshape(table), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    height, width = image.shape
    inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    return np.asarray(values.reshape(x.shape), np.float32), inside


def find_steps(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float32]:
    """By how much values fall from the `ARM` samples before each place to those after it; 0 where unknown."""
    total = np.cumsum(values, axis=2)
    mean = (total[..., ARM:] - total[..., :-ARM]) / ARM  # of samples k + 1 to k + ARM
    steps = np.zeros_like(values)
    inner = slice(ARM + 1, SAMPLES - ARM)
    steps[..., inner] = mean[..., : -ARM - 1] - mean[..., ARM + 1 :]
    steps[..., inner][~valid[..., 2 * ARM + 1 :]] = 0
    return steps
