"""Draw colour fundus photographs: anatomy, tissue and lesions, then the effects of the camera."""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retseg.phantom.anatomy import Eye, grow_eye
from retseg.phantom.camera import photograph
from retseg.phantom.canvas import Frame, blur, cover, draw_strokes, noise, stroke_vessels
from retseg.phantom.lesions import LesionCounts, add_lesions
from retseg.phantom.phantom import Phantom

_FIELD_RADIUS = 268.0  # plane units that 45 degrees show, as in DRIVE
_NARROWEST = 1.5  # pixels: the width that an annotator draws of a thinner vessel


@dataclass(frozen=True)
class Camera:
    """Where the camera is aimed, and how much of the eye it shows.

    Attributes:
        degrees: the angle that the field of view shows.
        centre: the structure in the middle of the frame.
        filling: the diameter of the field of view as a share of the shorter side of the frame; above 1 the frame crops
            the field of view, as in IDRiD.
    """

    degrees: float = 45.0
    centre: Literal["macula", "disc"] = "macula"
    filling: float = 0.95


@dataclass(frozen=True)
class FundusContent:
    """The lesions of the eye, and the camera."""

    lesions: LesionCounts = field(default_factory=LesionCounts)
    camera: Camera = field(default_factory=Camera)


def draw_fundus(seed: int, size: tuple[int, int] = (565, 584), content: FundusContent | None = None) -> Phantom:
    """A fundus photograph of `size` (W, H) with the exact masks of its vessels and lesions.

    A lesion type has a mask if `content` has at least one lesion of it. The same arguments give the same image.

    Raises:
        ValueError: the frame is smaller than 64 x 64 pixels.
    """
    if min(size) < 64:
        raise ValueError(f"size {size} is too small for a fundus photograph: ask for at least 64 x 64 pixels")
    content = content or FundusContent()
    rng = np.random.default_rng([seed, 0x0F])
    eye = grow_eye(rng)
    frame, field_of_view, radius = _aim(eye, size, content.camera, rng)
    light = _paint_ground(eye, frame, rng)
    vessel, depth = _draw_vessels(eye, frame)
    light = _absorb(light, depth, rng)
    light, masks = add_lesions(light, eye, frame, field_of_view, content.lesions, rng)
    pixels = photograph(light, field_of_view, radius, frame.scale, rng)
    masks = {"vessel": vessel, **masks}
    places = frame.to_pixels(np.array([(0.0, 0.0), eye.fovea])).tolist()
    disc = (places[0][0], places[0][1], frame.scale * math.sqrt(eye.disc_radii[0] * eye.disc_radii[1]))
    seen = {task: mask & field_of_view for task, mask in masks.items()}
    return Phantom(pixels, seen, field_of_view, disc, (places[1][0], places[1][1]))


def _aim(
    eye: Eye, size: tuple[int, int], camera: Camera, rng: np.random.Generator
) -> tuple[Frame, NDArray[np.bool_], float]:
    """The frame, the field of view, bool (H, W), and its radius in pixels."""
    width, height = size
    radius = 0.5 * camera.filling * min(width, height)
    scale = radius / (_FIELD_RADIUS * math.tan(math.radians(camera.degrees / 2)) / math.tan(math.radians(22.5)))
    jitter = rng.standard_normal(2) * 10.0
    aim = (-14.0, 0.0) if camera.centre == "disc" else (eye.fovea[0] - 14.0, eye.fovea[1])
    middle = (0.5 * (width - 1) + 0.002 * width * rng.standard_normal(), 0.5 * (height - 1))
    frame = Frame(
        size=size,
        scale=scale,
        turn=0.07 * rng.standard_normal(),
        mirrored=bool(rng.random() < 0.5),
        centre=(aim[0] + jitter[0], aim[1] + jitter[1]),
        middle=middle,
    )
    x, y = np.arange(width)[None, :] - middle[0], np.arange(height)[:, None] - middle[1]
    field_of_view = np.hypot(x, y) <= radius
    if rng.random() < 0.5:  # a notch, as some cameras mark one side of the image
        angle = -0.75 + 0.1 * rng.standard_normal()
        notch = np.hypot(x - radius * math.cos(angle), y - radius * math.sin(angle)) <= 0.05 * radius
        field_of_view = field_of_view | notch
    return frame, field_of_view, radius


def _paint_ground(eye: Eye, frame: Frame, rng: np.random.Generator) -> NDArray[np.float64]:
    """Retina and choroid without vessels, with macula and disc: (H, W, 3)."""
    red = 212.0 * min(1.15, max(0.7, 1.0 + 0.15 * rng.standard_normal()))
    green = red * min(0.63, max(0.44, 0.53 + 0.05 * rng.standard_normal()))
    base = np.array([red, green, green * (0.58 + 0.05 * rng.standard_normal())])
    scale, size = frame.scale, frame.size
    broad = noise(size, 80.0 * scale, rng)
    choroid = noise(size, 16.0 * scale, rng) * (0.6 + 0.4 * np.tanh(noise(size, 70.0 * scale, rng)))
    grain = noise(size, 3.2 * scale, rng) + 0.7 * noise(size, 1.5 * scale, rng)
    light = np.empty((size[1], size[0], 3))
    for channel, (wide, middling, fine) in enumerate(((0.05, 0.035, 0.01), (0.06, 0.035, 0.024), (0.06, 0.025, 0.024))):
        light[..., channel] = base[channel] * np.exp(wide * broad + middling * choroid + fine * grain)
    x, y = frame.to_plane()
    light *= _fibres(x, y, rng)[..., None] ** np.array([0.4, 1.0, 1.0])
    light *= _macula(x - eye.fovea[0], y - eye.fovea[1], rng)
    return _paint_disc(light, eye, (x, y), frame, rng)


def _fibres(x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Faint bright streaks of nerve fibres, radial around the disc."""
    angle, distance = np.arctan2(y, x), np.hypot(x, y)
    turn = np.linspace(0.0, math.tau, 4096)
    around = np.zeros_like(turn)
    for _ in range(14):
        around += np.cos(int(rng.integers(20, 90)) * turn + math.tau * rng.random())
    streaks = around[np.floor((angle + math.pi) * (4095 / math.tau)).astype(int)]
    poles = 0.4 + 0.6 * np.sin(angle) ** 2
    belt = np.exp(-(((distance - 75.0) / 60.0) ** 2))
    return np.asarray(1.0 + 0.006 * streaks * poles * belt + 0.05 * poles * np.exp(-distance / 70.0))


def _macula(x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The share of light that the macular pigment and the foveal pit transmit: (H, W, 3)."""
    squared = x * x + y * y
    wide, narrow = np.exp(-squared / (2 * 48.0**2)), np.exp(-squared / (2 * 15.0**2))
    strength = 0.75 + 0.5 * rng.random()
    return np.asarray(
        np.exp(
            -strength * (wide[..., None] * np.array([0.1, 0.2, 0.16]) + narrow[..., None] * np.array([0.08, 0.16, 0.1]))
        )
    )


def _paint_disc(
    light: NDArray[np.float64],
    eye: Eye,
    plane: tuple[NDArray[np.float64], NDArray[np.float64]],
    frame: Frame,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """The optic disc: yellowish rim, pale cup, a faint pigment ring around."""
    x, y = plane
    away = np.hypot(x / eye.disc_radii[0], y / eye.disc_radii[1])
    away = away * (1.0 + 0.02 * np.cos(2 * np.arctan2(y, x) + math.tau * rng.random()))
    cup = np.hypot((x + 3.0) / eye.disc_radii[0], y / eye.disc_radii[1]) / eye.cup_share
    inside = 1.0 / (1.0 + np.exp((away - 1.0) * 16.0))
    pale = 1.0 / (1.0 + np.exp((cup - 1.0) * 5.0))
    halo = np.exp(-(((away - 1.12) / 0.16) ** 2)) * (0.06 + 0.05 * np.cos(np.arctan2(y, x)))
    level = float(np.median(light[..., 0]))
    rim = np.array([1.13, 0.86, 0.46]) * level * (0.95 + 0.05 * rng.random())
    centre = np.array([1.2, 1.12, 0.74]) * level
    texture = 1.0 + 0.03 * noise(frame.size, 5.0 * frame.scale, rng)[..., None]
    colour = (rim + (centre - rim) * pale[..., None]) * texture
    light = light * (1.0 - halo[..., None])
    return np.asarray(light + (colour - light) * inside[..., None] * 0.92)


def _draw_vessels(eye: Eye, frame: Frame) -> tuple[NDArray[np.bool_], dict[str, NDArray[np.float64]]]:
    """The vessels' mask (H, W), and per kind the depth of blood on the way of the light (1 in a wide vein)."""
    profile = ((1.0, 36.0), (0.8, 46.0), (0.55, 56.0), (0.3, 62.0))
    depth = {}
    for kind in ("vein", "artery"):
        strokes = stroke_vessels([v for v in eye.vessels if v.kind == kind], profile, 0.9 / frame.scale)
        # Thin vessels absorb more than their width suggests: real ones are visible, and annotators draw them.
        depth[kind] = (draw_strokes(strokes, frame) / 250.0) ** 0.72
    reflex = stroke_vessels([v for v in eye.vessels if v.radii.max() > 1.6], ((0.34, 60.0),), 0.0)
    depth["reflex"] = blur(draw_strokes(reflex, frame) / 250.0, 0.5 * frame.scale)
    outline = stroke_vessels(eye.vessels, ((1.0, 60.0),), _NARROWEST / frame.scale)
    return cover(outline, frame), depth


def _absorb(
    light: NDArray[np.float64], depth: dict[str, NDArray[np.float64]], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Light after absorption by blood: veins are darker and bluer, arteries brighter, with a central reflex."""
    strength = 0.9 + 0.25 * rng.random()
    vein = np.array([0.17, 0.44, 0.21]) * strength
    artery = np.array([0.11, 0.36, 0.18]) * strength
    both = np.minimum(depth["vein"], depth["artery"])
    passed = depth["vein"][..., None] * vein + depth["artery"][..., None] * artery - 0.5 * both[..., None] * artery
    reflex = depth["reflex"] * np.where(depth["artery"] >= depth["vein"], 0.12, 0.03)
    return np.asarray(light * np.exp(-passed + reflex[..., None]))
