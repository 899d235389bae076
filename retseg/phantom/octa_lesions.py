"""Draw lesions of diabetic retinopathy in an OCT angiogram: drop-out of capillaries, and abnormal vessels beside it.

Sizes follow the masks that the organisers of DRAC22 publish as an example of a submission (65 images of 1024 x 1024):
non-perfusion covers 0.4 % to 52 % of an image (median 15 %), an IRMA about 1100 pixels (two an image), a neovascular
tuft 600 to 20,000 (median 2200, two an image); of the pixels of tufts 1 % lie in non-perfusion, of those of IRMA 14 %.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from retseg.phantom.canvas import Frame, Strokes, cover, noise, stroke_vessels
from retseg.phantom.vessels import Grower, GrowthRules, Sprout, Vessel, straight


@dataclass(frozen=True)
class Dropout:
    """Non-perfusion: its mask and, for every pixel, the signed distance to its border (pixels, negative inside)."""

    mask: NDArray[np.bool_]
    distance: NDArray[np.float64]


def draw_dropout(
    frame: Frame, fovea: NDArray[np.float64], disc: NDArray[np.float64], rng: np.random.Generator
) -> Dropout:
    """Patches without capillaries, more of them towards the periphery, with irregular borders; they spare fovea and
    disc, whose distances (H, W) in plane units are given."""
    share = min(0.52, max(0.004, 0.15 * math.exp(0.95 * rng.standard_normal())))
    size = frame.size
    # Larger than the picture: near its own border the level lines of a random field are perpendicular to the border.
    roomy = noise((size[0] + 400, size[1] + 400), 62.0, rng)[200:-200, 200:-200]
    field = roomy + 0.28 * noise(size, 20.0, rng) + 0.08 * noise(size, 6.0, rng)
    eccentric = np.clip((fovea - 60.0) / 190.0, 0.0, 1.3)
    field = field + 1.3 * eccentric - 6.0 * (fovea < 42.0) - 6.0 * (disc < 55.0)
    mask = field > np.quantile(field, 1.0 - share)
    mask = _drop_small(mask, 2200)
    mask = ~_drop_small(~mask, 900)
    return _measure(mask)


def spare(dropout: Dropout, tufts: NDArray[np.bool_]) -> Dropout:
    """Drop-out without the tufts, bool (H, W), and a rim around them."""
    rim = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
    return _measure(dropout.mask & (cv2.dilate(tufts.astype(np.uint8), rim) == 0))


def _measure(mask: NDArray[np.bool_]) -> Dropout:
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return Dropout(mask, outside.astype(np.float64) - inside.astype(np.float64))


def _drop_small(mask: NDArray[np.bool_], minimum: int) -> NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    keep = np.bincount(labels.ravel()) >= minimum
    keep[0] = False
    return np.asarray(keep[labels])


@dataclass(frozen=True)
class Tangle:
    """New or altered vessels as they are drawn, and the mask that an annotator would outline."""

    vessels: tuple[Vessel, ...]
    mask: NDArray[np.bool_]


def draw_irma(frame: Frame, dropout: Dropout, rng: np.random.Generator) -> Tangle:
    """Dilated, tortuous loops at the edge of drop-out, one to seven of them."""
    count = 1 + min(6, int(rng.geometric(0.42)) - 1)
    points = _find_points(dropout, (-3.0, 24.0), count, frame, rng)
    vessels = [vessel for point in points for vessel in _loops(point, frame.scale, rng)]
    return Tangle(tuple(vessels), _outline(vessels, frame, 2))


def _loops(point: tuple[float, float], scale: float, rng: np.random.Generator) -> list[Vessel]:
    """Two to four strands that wind around each other; lengths in plane units of 1 / `scale` pixels."""
    strands = []
    heading = math.tau * rng.random()
    radius = (2.2 + 1.2 * rng.random()) / scale
    for _ in range(int(rng.integers(2, 5))):
        x, y = point[0] + 3.0 / scale * rng.standard_normal(), point[1] + 3.0 / scale * rng.standard_normal()
        at, bend = heading + 0.5 * rng.standard_normal(), 0.0
        path = []
        for _ in range(int(rng.integers(16, 44))):
            bend = 0.86 * bend + 0.5 * 0.34 * rng.standard_normal()
            at += bend
            x, y = x + 2.4 / scale * math.cos(at), y + 2.4 / scale * math.sin(at)
            path.append((x, y))
        along = np.linspace(0.0, math.pi, len(path))
        strands.append(Vessel(np.array(path), radius * (0.7 + 0.35 * np.sin(along)), "irma"))
        heading += math.pi if rng.random() < 0.5 else 0.6
    return strands


def draw_tufts(frame: Frame, dropout: Dropout, rng: np.random.Generator) -> Tangle:
    """One to eight fans of fine branches, each from a stem beside drop-out."""
    count = 1 + min(7, int(rng.geometric(0.45)) - 1)
    vessels: list[Vessel] = []
    for point in _find_points(dropout, (16.0, 46.0), count, frame, rng):
        reach = min(48.0, 14.0 * math.exp(0.5 * rng.standard_normal()))
        vessels += _frond(point, reach, rng)
    return Tangle(tuple(vessels), _outline(vessels, frame, 4))


def _frond(point: tuple[float, float], reach: float, rng: np.random.Generator) -> list[Vessel]:
    """A fan of fine branches within `reach` of a point."""
    rules = GrowthRules(
        extent=(point[0] - 2 * reach, point[1] - 2 * reach, point[0] + 2 * reach, point[1] + 2 * reach),
        step=0.8,
        wander=0.42,
        wander_length=3.0,
        branch_every=3.4,
        branch_per_radius=1.0,
        daughter=(0.75, 0.95),
        murray=7.0,
        smallest_radius=0.42,
        clearance=2.6,
        bare=1.0,
    )
    fan = math.tau * rng.random()
    root = (point[0] - 0.7 * reach * math.cos(fan), point[1] - 0.7 * reach * math.sin(fan))

    def bounded(x: float, y: float, heading: float) -> tuple[float, float] | None:
        return (heading, 0.0) if math.hypot(x - point[0], y - point[1]) < reach else None

    grower = Grower(rules, lambda _x, _y, _heading, _radius: bounded, rng)
    spread = np.linspace(-0.9, 0.9, int(rng.integers(3, 6))) + 0.2 * rng.standard_normal()
    grower.plant([Sprout(*root, fan + float(turn), 0.95, "tuft", bounded) for turn in spread])
    grower.grow()
    return [vessel for vessel in grower.vessels if len(vessel.radii)]


def draw_decoys(frame: Frame, dropout: Dropout, count: int, rng: np.random.Generator) -> tuple[Vessel, ...]:
    """Healthy winding vessels: single, as thin as arterioles, far from drop-out. They are in no mask."""
    vessels: list[Vessel] = []
    for point in _find_points(dropout, (60.0, 400.0), count, frame, rng):
        vessels += _winding(point, math.tau * rng.random(), rng)
    return tuple(vessels)


def _winding(point: tuple[float, float], heading: float, rng: np.random.Generator) -> list[Vessel]:
    x, y = point
    extent = (x - 90.0, y - 90.0, x + 90.0, y + 90.0)
    rules = GrowthRules(extent, step=1.0, wander=0.35, wander_length=5.0, branch_every=1e9)
    guide = straight(heading, 0.04)
    grower = Grower(rules, lambda _x, _y, _heading, _radius: guide, rng)
    grower.plant([Sprout(x, y, heading, 0.9, "artery", guide)])
    grower.grow()
    return [vessel for vessel in grower.vessels if len(vessel.radii)]


def _find_points(
    dropout: Dropout, band: tuple[float, float], count: int, frame: Frame, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """Points of the plane whose distance to the border of drop-out lies in `band` (pixels); anywhere near the middle
    where there is no drop-out."""
    x, y = frame.to_plane()
    near = (dropout.distance > band[0]) & (dropout.distance < band[1])
    margin = 24
    near[:margin], near[-margin:], near[:, :margin], near[:, -margin:] = False, False, False, False
    rows, columns = np.nonzero(near if near.any() else np.ones_like(near))
    chosen = rng.integers(len(rows), size=count)
    return [(float(x[rows[i], columns[i]]), float(y[rows[i], columns[i]])) for i in chosen]


def _outline(vessels: list[Vessel], frame: Frame, closing: int) -> NDArray[np.bool_]:
    """The mask that an annotator would outline: the strands one pixel wider, and the meshes between them closed."""
    strokes = stroke_vessels(vessels, ((1.0, 60.0),), 1.5 / frame.scale)
    wider = Strokes(strokes.starts, strokes.ends, strokes.widths + 2.0 / frame.scale, strokes.values)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * closing + 1, 2 * closing + 1))
    return cv2.morphologyEx(cover(wider, frame).astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0
