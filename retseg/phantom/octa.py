"""Draw en-face OCT angiograms, 12 mm wide, of eyes with diabetic retinopathy; flow is bright."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from retseg.phantom.anatomy import Detail, Eye, grow_eye
from retseg.phantom.canvas import Frame, blur, draw_strokes, noise, stroke_vessels
from retseg.phantom.octa_lesions import Dropout, Tangle, draw_decoys, draw_dropout, draw_irma, draw_tufts, spare
from retseg.phantom.phantom import Phantom
from retseg.phantom.scanner import Scan, scan
from retseg.phantom.vessels import Vessel

Difficulty = Literal["easy", "middle", "hard"]

SIDE = 1024  # pixels
_SCALE = 2.15  # pixels per plane unit: 1024 pixels are 12 mm, and disc and fovea lie 4.5 mm apart
_DETAIL = Detail(smallest_radius=0.5, branch_every=12.0, targets=1600, gap=(8.5, 90.0), gap_radius=0.95)
# Of DRAC22's 109 training images, how many carry the lesion.
PREVALENCE = {"irma": 86, "nonperfusion": 106, "neovascularization": 35}
_OF = 109


@dataclass(frozen=True)
class OctaContent:
    """Which lesions the eye has."""

    irma: bool
    nonperfusion: bool
    neovascularization: bool


@dataclass(frozen=True)
class Level:
    """The properties that make an angiogram hard to read."""

    mesh: float  # brightness of the capillaries over the ground
    tuft: float  # brightness of neovascular tufts
    irma: float  # brightness of IRMA
    softness: float  # width (pixels) of the border of drop-out
    decoys: int  # winding healthy vessels
    scan: Scan


LEVELS: dict[str, Level] = {
    "easy": Level(0.42, 0.95, 0.85, 3.0, 1, Scan(noise=0.10, speckle=0.22, shadows=0, uneven=0.10, jumps=1, streaks=2)),
    "middle": Level(
        0.34, 0.80, 0.70, 7.0, 4, Scan(noise=0.15, speckle=0.32, shadows=3, uneven=0.24, jumps=3, streaks=6)
    ),
    "hard": Level(
        0.26, 0.66, 0.58, 13.0, 8, Scan(noise=0.20, speckle=0.42, shadows=6, uneven=0.34, jumps=6, streaks=14)
    ),
}


def draw_octa(seed: int, difficulty: Difficulty = "middle", content: OctaContent | None = None) -> Phantom:
    """An angiogram (1024, 1024, 3), grey, with the exact masks of `irma`, `nonperfusion` and `neovascularization`.

    All three masks exist always; a mask is empty where the eye lacks the lesion. Without `content` the eye has each
    lesion with the prevalence of DRAC22. The same arguments give the same image.

    Raises:
        ValueError: the difficulty is unknown.
    """
    if difficulty not in LEVELS:
        raise ValueError(f"difficulty {difficulty!r} is unknown: it is one of {', '.join(LEVELS)}")
    level = LEVELS[difficulty]
    rng = np.random.default_rng([seed, 0x0C])
    content = content or draw_content(rng)
    eye = grow_eye(rng, _DETAIL)
    frame = _aim(eye, rng)
    x, y = frame.to_plane()
    fovea, disc = np.hypot(x - eye.fovea[0], y - eye.fovea[1]), np.hypot(x, y)
    dropout = draw_dropout(frame, fovea, disc, rng) if content.nonperfusion else _none()
    irma = draw_irma(frame, dropout, rng) if content.irma else Tangle((), _empty())
    tufts = draw_tufts(frame, dropout, rng) if content.neovascularization else Tangle((), _empty())
    dropout = spare(dropout, tufts.mask) if content.nonperfusion else dropout
    decoys = draw_decoys(frame, dropout, level.decoys, rng)
    perfusion = _perfusion(dropout, level.softness, rng)
    vessels = _prune(eye.vessels, frame, dropout, rng) + decoys
    flow = _capillaries(fovea, disc, eye, rng) * level.mesh * perfusion
    flow = np.maximum(flow, _larger_vessels(vessels, frame))
    flow = np.maximum(flow, _strands(irma, frame, level.irma))
    flow = np.maximum(flow, _strands(tufts, frame, level.tuft))
    flow += 0.25 * level.tuft * blur(tufts.mask.astype(np.float64), 4.0)
    pixels, rows = scan(flow, level.scan, rng)
    masks = {"irma": irma.mask, "nonperfusion": dropout.mask, "neovascularization": tufts.mask}
    moved = {task: rows.move(mask) for task, mask in masks.items()}
    return Phantom(pixels, moved, np.ones((SIDE, SIDE), np.bool_))


def draw_content(rng: np.random.Generator) -> OctaContent:
    """Lesions with DRAC22's prevalence."""
    return OctaContent(**{task: bool(rng.random() < count / _OF) for task, count in PREVALENCE.items()})


def _aim(eye: Eye, rng: np.random.Generator) -> Frame:
    """A frame mostly centred between disc and fovea, so that both are in it; in some images towards the periphery."""
    away = 25.0 if rng.random() < 0.7 else 110.0
    centre = (eye.fovea[0] * 0.55 + away * rng.standard_normal(), 0.5 * eye.fovea[1] + away * rng.standard_normal())
    middle = (0.5 * (SIDE - 1), 0.5 * (SIDE - 1))
    return Frame((SIDE, SIDE), _SCALE, 0.08 * rng.standard_normal(), bool(rng.random() < 0.5), centre, middle)


def _empty() -> NDArray[np.bool_]:
    return np.zeros((SIDE, SIDE), np.bool_)


def _none() -> Dropout:
    return Dropout(_empty(), np.full((SIDE, SIDE), 100.0))


def _perfusion(dropout: Dropout, softness: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """The share of capillaries that carry flow: falls over `softness` pixels, capillary by capillary."""
    size = (SIDE, SIDE)
    wobble = 0.5 * softness * noise(size, 5.0, rng)
    lost = expit(-(dropout.distance + wobble) / (0.35 * softness))
    spared = (noise(size, 9.0, rng) > 1.9) * 0.6
    return np.asarray(1.0 - lost * (1.0 - spared))


def _capillaries(
    fovea: NDArray[np.float64], disc: NDArray[np.float64], eye: Eye, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A mesh in [0, 1]: the zero lines of two random fields, denser around the disc, none in the avascular zone."""
    size = (SIDE, SIDE)
    mesh = np.zeros((SIDE, SIDE))
    for sigma, weight, width in ((1.7, 0.85, 0.42), (2.6, 1.0, 0.30)):
        mesh = np.maximum(mesh, weight * np.exp(-((noise(size, sigma, rng) / width) ** 2)))
    mesh *= np.clip(0.8 + 0.2 * noise(size, 7.0, rng), 0.2, 1.4) * (1.0 + 0.12 * noise(size, 40.0, rng))
    zone = (12.0 + 4.0 * rng.random()) * (1.0 + 0.12 * noise(size, 14.0, rng))
    mesh *= 1.0 / (1.0 + np.exp(-(fovea - zone) / 0.9))
    rim = np.exp(-(((disc - 1.3 * eye.disc_radii[0]) / 16.0) ** 2))
    inner = 1.0 / (1.0 + np.exp(-(disc - 0.85 * eye.disc_radii[0]) / 3.0))
    return np.asarray(np.clip(mesh * (0.35 + 0.65 * inner) * (1.0 + 0.6 * rim), 0.0, 1.8))


def _prune(vessels: tuple[Vessel, ...], frame: Frame, dropout: Dropout, rng: np.random.Generator) -> tuple[Vessel, ...]:
    """Cut thin vessels where they enter drop-out; wide ones run on through it."""
    kept = []
    for vessel in vessels:
        pixels = np.round(frame.to_pixels(vessel.points)).astype(int).clip(0, SIDE - 1)
        depth = -dropout.distance[pixels[:, 1], pixels[:, 0]]
        lost = (vessel.radii < 1.0 + 0.9 * rng.random()) & (depth > 8.0 + 24.0 * rng.random())
        end = int(np.argmax(lost)) if lost.any() else len(vessel.radii)
        if end > 3:
            kept.append(Vessel(vessel.points[:end], vessel.radii[:end], vessel.kind))
    return tuple(kept)


def _larger_vessels(vessels: tuple[Vessel, ...], frame: Frame) -> NDArray[np.float64]:
    """Flow (H, W) in arteries and veins: the wider the brighter, with their projection artefact in deeper layers."""
    slim = [Vessel(v.points, (0.62 * v.radii + 0.12) * _fade(len(v.radii)), v.kind) for v in vessels]
    strokes = stroke_vessels(slim, ((1.0, 190.0), (0.6, 230.0)), 1.6 / frame.scale)
    sharp = blur(draw_strokes(strokes, frame) / 255.0, 0.7)
    ghost = np.roll(blur(sharp, 2.5), (5, 4), axis=(0, 1))
    return np.asarray(np.maximum(0.92 * sharp**0.8, 0.2 * ghost))


def _fade(length: int) -> NDArray[np.float64]:
    """1 along a vessel, falling to a third over its last twenty points: vessels do not end bluntly."""
    return np.clip(0.35 + (length - np.arange(length)) / 30.0, 0.0, 1.0)


def _strands(tangle: Tangle, frame: Frame, brightness: float) -> NDArray[np.float64]:
    """Flow (H, W) in new or altered vessels."""
    if not tangle.vessels:
        return np.zeros((SIDE, SIDE))
    strokes = stroke_vessels(tangle.vessels, ((1.0, 400.0),), 1.6 / frame.scale)
    return brightness * blur((draw_strokes(strokes, frame) > 0.0).astype(np.float64), 0.9)
