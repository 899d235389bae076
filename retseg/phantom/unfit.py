"""Draw pictures that are not a single fundus photograph; a program must warn of each."""

import math
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.phantom.canvas import blur, noise
from retseg.phantom.captions import write_caption
from retseg.phantom.surrounds import Scene, expose, light_retina, mask_disc

Unfit = Literal["scenery", "stereo pair", "montage", "angiogram", "external eye", "writing"]
UNFIT: tuple[Unfit, ...] = get_args(Unfit)


def draw_unfit(seed: int, kind: Unfit) -> NDArray[np.uint8]:
    """A picture that is not what a model for photographs of the retina expects: uint8 (H, W, 3).

    Args:
        seed: of all that is drawn at random; the same arguments give the same picture.
        kind: `scenery`: sky and land with houses and trees. `stereo pair`: two discs side by side. `montage`:
            overlapping discs. `angiogram`: a fluorescein angiogram, grey, with bright vessels. `external eye`: skin,
            lids, sclera, iris and pupil. `writing`: a black frame with captions.
    """
    rng = np.random.default_rng([seed, 0xBAD, UNFIT.index(kind)])
    if kind == "scenery":
        return _draw_scenery(rng)
    if kind == "external eye":
        return _draw_external_eye(rng)
    if kind == "angiogram":
        return _draw_angiogram(seed, rng)
    if kind == "writing":
        pixels = np.zeros((480, 640, 3), np.uint8)
        for corner in rng.permutation(4)[: rng.integers(1, 5)]:
            write_caption(pixels, int(corner), rng)
        return pixels
    return _draw_discs(seed, kind, rng)


def _draw_discs(seed: int, kind: Unfit, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Two discs beside each other, or three to five that overlap."""
    if kind == "stereo pair":
        size, radius = (1000, 500), rng.uniform(200, 240)
        centres = [(250.0 + rng.uniform(-8, 8), 250.0), (750.0 + rng.uniform(-8, 8), 250.0)]
    else:
        size, radius = (900, 760), rng.uniform(170, 215)
        turn, count = rng.uniform(0, math.tau), int(rng.integers(3, 6))
        apart = radius * rng.uniform(0.7, 0.95)
        turns = [turn + math.tau * number / count for number in range(count)]
        centres = [(450.0 + apart * math.cos(one), 380.0 + apart * math.sin(one)) for one in turns]
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for number, centre in enumerate(centres):
        scene = Scene(size, centre, radius)
        shown = mask_disc(scene)
        part = expose(light_retina(seed + number, scene, rng), shown, np.zeros(3), 1.5, rng)
        picture[shown] = part[shown]
    return picture


def _draw_angiogram(seed: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The vessels of a drawn eye, bright on a dark ground."""
    scene = Scene((600, 560), (300.0, 280.0), rng.uniform(245, 270))
    retina = light_retina(seed, scene, rng)
    green = retina[..., 1] / np.maximum(blur(retina[..., 1], 14.0), 1.0)
    bright = np.clip(60.0 + 620.0 * np.clip(1.0 - green, -0.05, 0.3), 0, 255) * rng.uniform(0.8, 1.1)
    bright = blur(bright, 0.8)
    grey = expose(np.repeat(bright[..., None], 3, axis=2), mask_disc(scene), np.full(3, 4.0), 0.0, rng)
    grainy = grey[..., :1] + np.abs(rng.normal(0, 3, grey.shape[:2]))[..., None]
    return np.repeat(np.clip(grainy, 0, 255), 3, axis=2).astype(np.uint8)


def _draw_scenery(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Sky over land, with houses and trees."""
    height, width = 480, 640
    horizon = int(rng.integers(180, 300))
    y = np.arange(height)[:, None, None] / height
    sky = np.array([110.0, 160.0, 225.0]) + y * np.array([90.0, 60.0, 20.0])
    land = np.array([70.0, 110.0, 50.0]) * (0.7 + 0.5 * y) * np.exp(0.3 * noise((width, height), 2.5, rng))[..., None]
    picture = np.where(np.arange(height)[:, None, None] < horizon, sky, land)
    picture *= np.exp(0.08 * noise((width, height), 30.0, rng))[..., None]
    picture = np.round(np.clip(picture, 0, 255)).astype(np.uint8)
    for _ in range(rng.integers(6, 14)):
        left, top = int(rng.integers(0, width - 60)), int(rng.integers(horizon - 90, horizon + 20))
        colour = tuple(int(c) for c in rng.integers(20, 230, 3))
        right, bottom = left + int(rng.integers(25, 110)), int(rng.integers(horizon + 30, height))
        cv2.rectangle(picture, (left, top), (right, bottom), colour, -1)
        for x in range(left + 6, right - 8, 18):
            cv2.rectangle(picture, (x, top + 12), (x + 8, top + 24), (25, 25, 35), -1)
    return picture


def _draw_external_eye(rng: np.random.Generator) -> NDArray[np.uint8]:
    """An eye from outside, filling the frame."""
    width, height = 640, 440
    x, y = np.arange(width)[None, :] - 320.0 - rng.uniform(-20, 20), np.arange(height)[:, None] - 220.0
    skin = (
        np.array([205.0, 150.0, 120.0])
        * rng.uniform(0.6, 1.1)
        * np.exp(0.06 * noise((width, height), 25, rng))[..., None]
    )
    opening = np.abs(y) < rng.uniform(95, 135) * np.sqrt(np.clip(1 - (x / 270) ** 2, 0, None))
    sclera = np.array([215.0, 200.0, 195.0]) * np.exp(0.04 * noise((width, height), 12, rng))[..., None]
    picture = np.where(opening[..., None], sclera, skin)
    away = np.hypot(x, y)
    iris_radius = rng.uniform(85, 105)
    iris = np.array([(95.0, 60.0, 35.0), (90.0, 115.0, 140.0), (85.0, 105.0, 70.0)][rng.integers(0, 3)])
    strands = 1.0 + 0.25 * np.sin(np.arctan2(y, x) * 60 + 0.1 * away)
    picture = np.where((opening & (away < iris_radius))[..., None], iris * strands[..., None], picture)
    picture = np.where((opening & (away < rng.uniform(28, 48)))[..., None], 12.0, picture)
    picture = np.where((opening & (np.hypot(x - 18, y + 22) < 9))[..., None], 250.0, picture)
    picture = np.stack([blur(picture[..., channel], 1.2) for channel in range(3)], axis=2)
    pixels = np.round(np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255)).astype(np.uint8)
    for start in rng.uniform(-230, 230, 40):
        edge = (round(320 + start), round(220 - 110 * math.sqrt(max(0.0, 1 - (start / 270) ** 2))))
        tip = (round(edge[0] + start * 0.15), edge[1] - int(rng.integers(20, 45)))
        cv2.line(pixels, edge, tip, (25, 18, 15), 2, cv2.LINE_AA)
    return pixels
