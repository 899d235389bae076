"""Draw lesions of diabetic retinopathy on a fundus photograph, with their exact masks."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retseg.phantom.anatomy import Eye
from retseg.phantom.canvas import Frame, blur, fill_outlines, noise


@dataclass(frozen=True)
class LesionCounts:
    """How many lesions of each type to draw; for hard exudates, the number of clusters of about ten."""

    microaneurysm: int = 0
    haemorrhage: int = 0
    hard_exudate: int = 0
    soft_exudate: int = 0

    def __post_init__(self) -> None:
        for name, count in vars(self).items():
            if count < 0:
                raise ValueError(f"{name} is {count}: a number of lesions is 0 or more")


def add_lesions(
    light: NDArray[np.float64],
    eye: Eye,
    frame: Frame,
    field_of_view: NDArray[np.bool_],
    counts: LesionCounts,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.bool_]]]:
    """Light (H, W, 3) with the lesions on it, and a mask (H, W) for each type that was asked for.

    A pixel belongs to a mask when the lesion covers at least half of it. Deeper lesions are drawn first: soft exudates,
    haemorrhages, hard exudates, microaneurysms.
    """
    masks: dict[str, NDArray[np.bool_]] = {}
    locations = _Locations(eye, frame, field_of_view, rng)
    if counts.soft_exudate:
        share = fill_outlines([_cotton(locations.anywhere(90.0), rng) for _ in range(counts.soft_exudate)], frame)
        masks["soft_exudate"] = share >= 0.5
        veil = blur(share, 2.2 * frame.scale) * (0.8 + 0.12 * noise(frame.size, 5.0 * frame.scale, rng))
        light = _mix(light, (1.06, 1.45, 1.35), np.clip(veil, 0.0, 1.0) * 0.8)
    if counts.haemorrhage:
        share = fill_outlines([_blot(locations.anywhere(20.0), rng) for _ in range(counts.haemorrhage)], frame)
        masks["haemorrhage"] = share >= 0.5
        patchy = blur(share, 0.9 * frame.scale) * (0.85 + 0.13 * noise(frame.size, 4.0 * frame.scale, rng))
        light = _mix(light, (0.74, 0.56, 0.62), np.clip(patchy, 0.0, 1.0))
    if counts.hard_exudate:
        share = fill_outlines(
            [o for _ in range(counts.hard_exudate) for o in _cluster(locations.macular(), rng)], frame
        )
        masks["hard_exudate"] = share >= 0.5
        light = _mix(light, (1.22, 1.85, 1.5), np.clip(blur(share, 0.5 * frame.scale), 0.0, 1.0) * 0.9)
    if counts.microaneurysm:
        share = fill_outlines([_dot(locations.anywhere(22.0), rng) for _ in range(counts.microaneurysm)], frame)
        masks["microaneurysm"] = share >= 0.5
        light = _mix(light, (0.82, 0.6, 0.7), np.clip(blur(share, 0.6 * frame.scale), 0.0, 1.0))
    return light, masks


class _Locations:
    """Draws random points of the retina that the photograph shows, away from the disc."""

    def __init__(self, eye: Eye, frame: Frame, field_of_view: NDArray[np.bool_], rng: np.random.Generator) -> None:
        self._eye, self._rng = eye, rng
        x, y = frame.to_plane()
        shown = field_of_view & (np.hypot(x, y) > 1.35 * max(eye.disc_radii))
        step = max(1, round(frame.scale))
        self._shown = np.column_stack(
            [x[::step, ::step][shown[::step, ::step]], y[::step, ::step][shown[::step, ::step]]]
        )
        self._from_fovea = np.hypot(self._shown[:, 0] - eye.fovea[0], self._shown[:, 1] - eye.fovea[1])

    def anywhere(self, beyond: float) -> tuple[float, float]:
        """A point at least `beyond` (plane units) from the fovea."""
        return self._pick(self._from_fovea > beyond)

    def macular(self) -> tuple[float, float]:
        """A point between the fovea and the arcades, or any point where the photograph shows none there."""
        near = (self._from_fovea > 25.0) & (self._from_fovea < 150.0)
        return self._pick(near if near.any() else self._from_fovea > 0.0)

    def _pick(self, wanted: NDArray[np.bool_]) -> tuple[float, float]:
        candidates = self._shown[wanted] if wanted.any() else self._shown
        x, y = candidates[int(self._rng.integers(len(candidates)))].tolist()
        return x, y


def _mix(
    light: NDArray[np.float64], tint: tuple[float, float, float], amount: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Light tinted where `amount` (H, W) is above zero; the light is multiplied, so that the illumination is kept."""
    return np.asarray(light * np.power(np.array(tint), amount[..., None]))


def _outline(
    at: tuple[float, float], radii: tuple[float, float], ragged: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A closed outline (n, 2): an ellipse at a random angle whose rim is `ragged` (share of the radius)."""
    angles = np.linspace(0.0, math.tau, 48, endpoint=False)
    rim = np.ones_like(angles)
    for waves in (2, 3, 4, 5, 7, 9):
        rim += ragged / math.sqrt(waves) * rng.standard_normal() * np.cos(waves * angles + math.tau * rng.random())
    rim = np.maximum(rim, 0.35)
    x, y = radii[0] * rim * np.cos(angles), radii[1] * rim * np.sin(angles)
    turn = math.tau * rng.random()
    return np.column_stack(
        [at[0] + x * math.cos(turn) - y * math.sin(turn), at[1] + x * math.sin(turn) + y * math.cos(turn)]
    )


def _dot(at: tuple[float, float], rng: np.random.Generator) -> NDArray[np.float64]:
    radius = 1.2 + 1.3 * rng.random()
    return _outline(at, (radius, radius * (0.8 + 0.3 * rng.random())), 0.05, rng)


def _blot(at: tuple[float, float], rng: np.random.Generator) -> NDArray[np.float64]:
    radius = 3.0 * math.exp(0.65 * abs(rng.standard_normal()))
    return _outline(at, (radius * (1.0 + rng.random()), radius), 0.22, rng)


def _cotton(at: tuple[float, float], rng: np.random.Generator) -> NDArray[np.float64]:
    radius = 8.0 + 8.0 * rng.random()
    return _outline(at, (radius * (1.0 + 0.6 * rng.random()), radius), 0.14, rng)


def _cluster(at: tuple[float, float], rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Hard exudates: a patch or an arc of small bright spots."""
    outlines = []
    spread, arc, turn = 7.0 + 9.0 * rng.random(), rng.random() < 0.4, math.tau * rng.random()
    for _ in range(int(rng.integers(5, 18))):
        if arc:
            angle = turn + 1.2 * rng.standard_normal()
            distance = spread * (1.3 + 0.15 * rng.standard_normal())
            point = (at[0] + distance * math.cos(angle), at[1] + distance * math.sin(angle))
        else:
            offset = spread * 0.6 * rng.standard_normal(2)
            point = (at[0] + offset[0], at[1] + offset[1])
        radius = 0.8 * math.exp(0.5 * abs(rng.standard_normal()))
        outlines.append(_outline(point, (radius * (1.0 + 0.8 * rng.random()), radius), 0.2, rng))
    return outlines
