"""Draw photographs whose field of view is difficult to find, as in old scans and from rare cameras.

The retina is a drawn eye. `Phantom.field_of_view` is exact, and there are no other masks.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.phantom.canvas import blur, noise
from retseg.phantom.captions import write_caption
from retseg.phantom.fundus import Camera, FundusContent, draw_fundus
from retseg.phantom.phantom import Phantom

Surround = Literal["caption", "film", "crescent", "cut", "small", "ultra-wide"]
SURROUNDS: tuple[Surround, ...] = get_args(Surround)

_EYES = 6  # different retinas; each is drawn once
_EYE_SIDE = 384


@dataclass(frozen=True)
class Scene:
    """Where the retina lies in the frame.

    Attributes:
        size: of the frame, W and H in pixels.
        centre: of the disc, x and y in pixels.
        radius: of the disc, in pixels.
        cuts: how far black bars reach from the left, the top, the right and the bottom, in pixels.
        notch: radius of the notch or tab on the disc's edge in parts of its radius: below 0 it is cut out of the
            disc, above 0 it sticks out, at 0 there is none.
    """

    size: tuple[int, int]
    centre: tuple[float, float]
    radius: float
    cuts: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    notch: float = 0.0


def draw_surround(seed: int, kind: Surround) -> Phantom:
    """A photograph of one kind of hard surround; the same arguments give the same image.

    Args:
        seed: of all that is drawn at random.
        kind: `caption`: writing in one to four corners, on a black border. `film`: a scanned slide, its border at 5 to
            40 % of the retina's brightness, with grain, dust, edge light, and at times writing and the slide's mount.
            `crescent`: one side of the retina is nearly as dark as the border. `cut`: black bars, or the frame, cut the
            disc on two to four sides. `small`: a small disc in a wide frame, off its middle. `ultra-wide`: an oval of
            an ultra-wide camera, cut by eyelids.
    """
    rng = np.random.default_rng([seed, 0x50, SURROUNDS.index(kind)])
    if kind == "ultra-wide":
        return _draw_ultra_wide(seed, rng)
    scene = _place(kind, rng)
    shown = mask_disc(scene, rng.uniform(-1.2, -0.4))
    retina = light_retina(seed, scene, rng)
    if kind == "crescent":
        retina *= _shade(scene, rng)[..., None]
    if kind == "film":
        pixels = _scan_film(retina, shown, scene, rng)
    else:
        black = rng.uniform(0.0, 14.0) * rng.uniform(0.6, 1.2, 3)
        pixels = expose(retina, shown, black, rng.uniform(0.5, 2.5), rng)
    if kind == "caption":
        for corner in rng.permutation(4)[: rng.integers(1, 5)]:
            write_caption(pixels, int(corner), rng)
    return Phantom(pixels, {}, shown)


def mask_disc(scene: Scene, angle: float = -0.75) -> NDArray[np.bool_]:
    """The visible part of the disc, bool (H, W); `angle` in radians is where its notch or tab lies."""
    width, height = scene.size
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    disc = np.hypot(x - scene.centre[0], y - scene.centre[1]) <= scene.radius
    if scene.notch:
        place = [
            scene.centre[axis] + scene.radius * turn for axis, turn in enumerate((math.cos(angle), math.sin(angle)))
        ]
        spot = np.hypot(x - place[0], y - place[1]) <= abs(scene.notch) * scene.radius
        disc = disc | spot if scene.notch > 0 else disc & ~spot
    left, top, right, bottom = scene.cuts
    return np.asarray(disc & (x >= left) & (y >= top) & (x < width - right) & (y < height - bottom))


def light_retina(seed: int, scene: Scene, rng: np.random.Generator) -> NDArray[np.float64]:
    """A retina under the uneven light of a flash, float (H, W, 3) in grey levels, beyond the disc as well."""
    width, height = scene.size
    side = math.ceil(2.2 * scene.radius)
    eye = cv2.resize(_draw_eye(seed % _EYES), (side, side), interpolation=cv2.INTER_LINEAR).astype(np.float64)
    shift = np.array([[1, 0, scene.centre[0] - side / 2], [0, 1, scene.centre[1] - side / 2]])
    light = cv2.warpAffine(eye, shift, (width, height), borderMode=cv2.BORDER_REFLECT)
    x = (np.arange(width)[None, :] - scene.centre[0]) / scene.radius
    y = (np.arange(height)[:, None] - scene.centre[1]) / scene.radius
    aim = rng.uniform(-0.35, 0.35, 2)
    fall = 1.0 - rng.uniform(0.05, 0.3) * ((x - aim[0]) ** 2 + (y - aim[1]) ** 2)
    gain = rng.uniform(0.5, 1.1) * rng.uniform(0.85, 1.15, 3)
    return np.asarray(light * gain * np.clip(fall, 0.2, 1.2)[..., None])


def expose(
    retina: NDArray[np.float64],
    shown: NDArray[np.bool_],
    border: NDArray[np.float64],
    grain: float,
    rng: np.random.Generator,
    softness: float = 0.8,
) -> NDArray[np.uint8]:
    """The photograph, uint8 (H, W, 3): the retina where it is shown, the border elsewhere, a soft edge and grain."""
    share = blur(shown.astype(np.float64), softness)[..., None]
    height, width = shown.shape
    speckle = np.stack([noise((width, height), 0.7, rng) for _ in range(3)], axis=2)
    light = retina * share + border * (1.0 - share) + grain * speckle
    return np.round(np.clip(light, 0.0, 255.0)).astype(np.uint8)


@lru_cache(maxsize=_EYES)
def _draw_eye(number: int) -> NDArray[np.uint8]:
    """A retina that fills a square frame."""
    return draw_fundus(900 + number, (_EYE_SIDE, _EYE_SIDE), FundusContent(camera=Camera(filling=1.6))).pixels


def _place(kind: Surround, rng: np.random.Generator) -> Scene:
    """A frame and a disc in it, as this kind has them."""
    width, height = [(565, 584), (640, 480), (700, 605), (720, 576), (512, 512)][rng.integers(0, 5)]
    notch = float(rng.choice([0.0, 0.05, -0.05]))
    shorter = min(width, height)
    radius = shorter * rng.uniform(0.40, 0.49)
    middle = (width / 2 + rng.uniform(-0.02, 0.02) * width, height / 2 + rng.uniform(-0.01, 0.01) * height)
    if kind == "film":
        width, height = 700, 605
        radius = height * rng.uniform(0.42, 0.58)
        middle = (350.0 + rng.uniform(-15, 15), 302.0 + rng.uniform(-15, 15))
        bar = rng.uniform(0.0, 0.06, 2) * height * (rng.random() < 0.4)
        return Scene((width, height), middle, radius, (0.0, float(bar[0]), 0.0, float(bar[1])), notch)
    if kind == "cut":
        radius *= rng.uniform(1.0, 1.25)
        cuts = rng.uniform(0.0, 0.3, 4) * radius * [(0, 1, 0, 1), (1, 0, 1, 0), (1, 1, 1, 1)][rng.integers(0, 3)]
        edges = (middle[0] - radius, middle[1] - radius, width - middle[0] - radius, height - middle[1] - radius)
        bars = tuple(float(max(0.0, edge + cut)) if cut else 0.0 for edge, cut in zip(edges, cuts, strict=True))
        return Scene((width, height), middle, radius, bars, notch)  # type: ignore[arg-type]
    if kind == "small":
        width, height = [(1024, 576), (960, 540), (800, 600)][rng.integers(0, 3)]
        radius = height * rng.uniform(0.17, 0.36)
        middle = (rng.uniform(radius + 4, width - radius - 4), rng.uniform(radius + 4, height - radius - 4))
    return Scene((width, height), middle, radius, notch=notch)


def _shade(scene: Scene, rng: np.random.Generator) -> NDArray[np.float64]:
    """A shadow on one side of the disc, which leaves 8 to 25 % of the light: (H, W)."""
    angle, least = rng.uniform(0, math.tau), rng.uniform(0.08, 0.25)
    x = (np.arange(scene.size[0])[None, :] - scene.centre[0]) / scene.radius
    y = (np.arange(scene.size[1])[:, None] - scene.centre[1]) / scene.radius
    along = x * math.cos(angle) + y * math.sin(angle)
    return np.asarray(least + (1.0 - least) / (1.0 + np.exp((along - rng.uniform(0.1, 0.6)) * rng.uniform(4, 10))))


def _scan_film(
    retina: NDArray[np.float64], shown: NDArray[np.bool_], scene: Scene, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A slide of the 1990s, scanned: uint8 (H, W, 3)."""
    level = float(np.median(retina[shown].max(axis=1)))
    hue = np.array([(1.0, 0.7, 0.5), (1.0, 1.0, 1.0), (0.9, 0.7, 1.0), (0.75, 0.9, 1.0)][rng.integers(0, 4)])
    film = rng.uniform(0.05, 0.4) * level * (1.0 + 0.12 * noise(scene.size, 80.0, rng))
    away = cv2.distanceTransform((~shown).astype(np.uint8), cv2.DIST_L2, 5).astype(np.float64)
    glow = rng.uniform(0.0, 0.25) * level * np.exp(-away / rng.uniform(4, 25))
    border = (film + _light_edges(scene.size, level, rng))[..., None] * hue + glow[..., None] * np.array(
        [1.0, 0.6, 0.4]
    )
    if rng.random() < 0.3:
        retina = retina * np.maximum(_shade(scene, rng), 0.5)[..., None]
    haze = rng.uniform(0.0, 0.1) * level
    picture = expose(retina + haze, shown, border + haze, rng.uniform(2, 9), rng, rng.uniform(0.8, 2.2))
    if rng.random() < 0.4:
        _mount(picture, scene, level, rng)
    _dust(picture, rng)
    if rng.random() < 0.6:
        for corner in rng.permutation(4)[: rng.integers(1, 3)]:
            write_caption(picture, int(corner), rng)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5), np.uint8)


def _light_edges(size: tuple[int, int], level: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Light that leaks in at none to three sides of the frame, fading inwards: (H, W) in grey levels."""
    width, height = size
    x, y = np.arange(width)[None, :], np.arange(height)[:, None]
    total = np.zeros((height, width))
    for side in rng.permutation(4)[: rng.integers(0, 4)]:
        away = (x, y, width - 1 - x, height - 1 - y)[side] + np.zeros((height, width))
        along = np.clip(1.0 + 0.4 * noise(size, 60.0, rng), 0.0, 2.0)
        total += rng.uniform(0.3, 1.0) * level * along * np.exp(-away / rng.uniform(3, 30))
    return total


def _mount(picture: NDArray[np.uint8], scene: Scene, level: float, rng: np.random.Generator) -> None:
    """Draw the slide's mount around the disc: a frame, black or bright, with round corners and a bright rim."""
    width, height = scene.size
    inset = int(rng.integers(2, 22))
    room = [scene.centre[0] - scene.radius, scene.centre[1] - scene.radius]
    margin = [max(1, min(inset, int(max(0.0, r)) - 3)) for r in room]
    window = np.zeros((height, width), np.uint8)
    corner = int(rng.integers(4, 18))
    cv2.rectangle(
        window,
        (margin[0] + corner, margin[1] + corner),
        (width - margin[0] - corner, height - margin[1] - corner),
        1,
        -1,
    )
    rounded = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * corner + 1, 2 * corner + 1))
    window = np.asarray(cv2.dilate(window, rounded), np.uint8)
    window |= mask_disc(scene).astype(np.uint8)
    picture[window == 0] = 0 if rng.random() < 0.6 else round(rng.uniform(0.5, 1.1) * min(level, 220))
    if rng.random() < 0.6:
        rim = (cv2.dilate(window, np.ones((3, 3), np.uint8)) > window) & ~mask_disc(scene)
        picture[rim] = round(min(255.0, level * rng.uniform(0.6, 1.3)))


def _dust(picture: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Draw specks, bright and dark, and a few hairs and scratches."""
    height, width = picture.shape[:2]
    for _ in range(rng.integers(5, 60)):
        place = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        value = int(rng.choice([0, 20, 200, 255]))
        cv2.circle(picture, place, int(rng.integers(0, 3)), (value, value, value), -1)
    for _ in range(rng.integers(0, 4)):
        start = rng.uniform(0, 1, 2) * (width, height)
        steps = np.cumsum(rng.normal(rng.normal(0, 6, 2), 3, (12, 2)), axis=0)
        value = int(rng.choice([10, 230]))
        cv2.polylines(picture, [np.round(start + steps).astype(np.int32)], False, (value, value, value), 1)


def _draw_ultra_wide(seed: int, rng: np.random.Generator) -> Phantom:
    """The oval of an ultra-wide camera with lids and lashes at its top and bottom."""
    width, height = 800, 640
    x, y = np.arange(width)[None, :] - width / 2, np.arange(height)[:, None] - height / 2
    across, up = width * rng.uniform(0.42, 0.52), height * rng.uniform(0.40, 0.47)
    power = rng.uniform(2.0, 2.8)
    shown = np.abs(x / across) ** power + np.abs(y / up) ** power <= 1
    for side in (-1, 1):
        lid = up * rng.uniform(0.72, 1.05) - rng.uniform(0.0, 0.25) * up * (x / across) ** 2
        shown &= side * y <= lid
    scene = Scene((width, height), (width / 2, height / 2), math.hypot(across, up) * 0.8)
    retina = light_retina(seed, scene, rng) * np.array([0.8, 0.95, 0.35])
    border = rng.uniform(2, 30) * np.array([0.6, 1.0, 0.7])
    pixels = expose(retina, shown, border, rng.uniform(1, 4), rng, rng.uniform(1.5, 4.0))
    for _ in range(rng.integers(0, 14)):
        side = rng.choice([-1, 1])
        start = np.array([width / 2 + rng.uniform(-0.6, 0.6) * across, height / 2 + side * up])
        tip = start + np.array([rng.normal(0, 15), -side * rng.uniform(20, 70)])
        ends = np.round([start, tip]).astype(int).tolist()
        cv2.line(pixels, ends[0], ends[1], (12, 16, 10), int(rng.integers(1, 4)), cv2.LINE_AA)
    return Phantom(pixels, {}, shown)
