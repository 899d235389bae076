"""Draw images of any kind with structures of any tasks: for a challenge whose images nobody has yet.

A structure is an ellipse that differs from the ground by brightness and texture, so that a network can learn it in a
minute. Nothing here looks like an organ.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.phantom.canvas import blur, noise
from retseg.phantom.phantom import Phantom
from retseg.vocabulary import ViewRule

GROUND, CONTRAST = 120.0, 70.0
PERIOD = 6
"""Pixels between two stripes of the third and fourth task, and a multiple of it for later ones."""


def draw_structures(
    seed: int, tasks: Sequence[str], size: tuple[int, int] = (256, 256), view: ViewRule = "frame"
) -> Phantom:
    """A grey image with one to three structures of each task, which do not overlap.

    The first task is brighter than the ground and the second darker; later pairs are striped, ever wider.

    Args:
        seed: the same seed gives the same image.
        tasks: what is drawn.
        size: (width, height).
        view: what part of the frame is lit: all of it, a disc, or an octagon.
    """
    rng = np.random.default_rng(seed)
    width, height = size
    region = draw_view(size, view)
    ground = GROUND + 10.0 * noise(size, min(size) / 5, rng) + 6.0 * noise(size, 1.0, rng)
    taken = ~region
    masks = {}
    for number, task in enumerate(tasks):
        mask = np.zeros((height, width), np.bool_)
        for _ in range(int(rng.integers(1, 4))):
            mask |= _place(rng, size, taken | mask)
        taken = taken | _widen(mask, 3)
        masks[task] = mask
        ground = ground + _paint(mask, number)
    pixels = np.where(region, np.clip(blur(ground, 0.7), 1, 255), 0).astype(np.uint8)
    return Phantom(np.repeat(pixels[:, :, None], 3, axis=2), masks, region)


def draw_view(size: tuple[int, int], view: ViewRule) -> NDArray[np.bool_]:
    """The lit part of a frame, bool (H, W)."""
    width, height = size
    if view == "frame":
        return np.ones((height, width), np.bool_)
    x = np.abs(np.arange(width) - (width - 1) / 2)[None, :]
    y = np.abs(np.arange(height) - (height - 1) / 2)[:, None]
    radius = 0.48 * min(size)
    if view == "round":
        return np.asarray(x**2 + y**2 < radius**2)
    return np.asarray((x < radius) & (y < radius) & (x + y < 1.4 * radius))


def _place(rng: np.random.Generator, size: tuple[int, int], taken: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """An ellipse that touches nothing that is taken; nothing if there is no room after some tries."""
    width, height = size
    for _ in range(60):
        centre = int(rng.integers(0, width)), int(rng.integers(0, height))
        axes = [round(float(rng.uniform(0.05, 0.12)) * min(size)) for _ in range(2)]
        drawn = np.zeros((height, width), np.uint8)
        cv2.ellipse(drawn, centre, (axes[0], axes[1]), float(rng.uniform(0, 180)), 0, 360, 1, cv2.FILLED)
        mask = drawn > 0
        if not (_widen(mask, 3) & taken).any():
            return np.asarray(mask)
    return np.zeros((height, width), np.bool_)


def _widen(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    kernel = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    return np.asarray(cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def _paint(mask: NDArray[np.bool_], number: int) -> NDArray[np.float64]:
    """What the structures of the task of that number add to the brightness, (H, W)."""
    sign = 1.0 if number % 2 == 0 else -1.0
    stripes = np.ones(mask.shape)
    if number >= 2:
        period = PERIOD * (number // 2)
        stripes = ((np.arange(mask.shape[1])[None, :] % period) * 2 < period) * np.ones(mask.shape)
    return np.asarray(sign * CONTRAST * mask * stripes)
