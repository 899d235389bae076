"""Simulate the OCT angiograph: fall-off, shadows, speckle, noise, and streaks and jumps of a moving eye."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retseg.phantom.canvas import blur, noise


@dataclass(frozen=True)
class Scan:
    """How good the scan is; brightness in units of the widest vessels' flow."""

    noise: float  # flow where there is none: decorrelation noise
    speckle: float  # relative fluctuation
    shadows: int  # floaters and lens opacities
    uneven: float  # slow variation of the signal, relative
    jumps: int  # saccades: rows shift against each other
    streaks: int  # bright rows


@dataclass(frozen=True)
class Rows:
    """The shift of each row of the picture to the right, in pixels, as the eye moved during the scan."""

    shifts: NDArray[np.int64]  # (H,)

    def move(self, picture: NDArray[Any]) -> NDArray[Any]:
        """A picture (H, W) with its rows shifted; pixels beyond the border are lost, and the border is repeated."""
        width = picture.shape[1]
        columns = np.clip(np.arange(width)[None, :] - self.shifts[:, None], 0, width - 1)
        return np.asarray(np.take_along_axis(picture, columns, axis=1))


def scan(flow: NDArray[np.float64], quality: Scan, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Rows]:
    """Flow (H, W), 1 in the widest vessels, to the angiogram (H, W, 3) uint8 grey, and how its rows have moved."""
    height, width = flow.shape
    size = (width, height)
    signal = _signal(size, quality, rng)
    rows = Rows(_saccades(height, quality.jumps, rng))
    moved = rows.move(flow) * signal
    speckle = 1.0 + quality.speckle * noise(size, 0.6, rng)
    # Without flow the device amplifies noise, so dark areas are grainy, not black.
    floor = 0.10 + quality.noise * (0.55 + 0.45 * signal) * np.abs(noise(size, 0.7, rng))
    floor *= np.clip(1.0 + 0.5 * quality.uneven * noise(size, 90.0, rng), 0.3, 2.0)
    picture = moved * speckle + floor
    picture += _streaks(height, quality.streaks, rng)[:, None] * (0.06 + 0.05 * rng.standard_normal((height, width)))
    grey = np.round(255.0 * np.clip(picture, 0.0, 1.0) ** 0.9).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2), rows


def _signal(size: tuple[int, int], quality: Scan, rng: np.random.Generator) -> NDArray[np.float64]:
    """The share of the light that returns, (H, W) in 0.15..1.3."""
    width, height = size
    x = np.linspace(-1.0, 1.0, width)[None, :]
    y = np.linspace(-1.0, 1.0, height)[:, None]
    away = np.maximum(np.hypot(x - 0.2 * rng.standard_normal(), y - 0.2 * rng.standard_normal()) - 0.5, 0.0)
    signal = 1.0 - (0.1 + quality.uneven) * away**2 + 0.5 * quality.uneven * noise(size, 110.0, rng)
    for _ in range(quality.shadows):
        centre = rng.uniform(-0.9, 0.9, 2)
        spread = 0.05 + 0.13 * rng.random()
        turn = math.tau * rng.random()
        along = (x - centre[0]) * math.cos(turn) + (y - centre[1]) * math.sin(turn)
        across = (y - centre[1]) * math.cos(turn) - (x - centre[0]) * math.sin(turn)
        shape = np.exp(-((along / (2.2 * spread)) ** 2 + (across / spread) ** 2))
        signal = signal * (1.0 - (0.35 + 0.35 * rng.random()) * np.minimum(1.0, 1.3 * shape))
    return np.asarray(np.clip(signal, 0.15, 1.3))


def _saccades(height: int, jumps: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The shift of every row: a step at some rows, and back after some more."""
    shifts = np.zeros(height, np.int64)
    for _ in range(jumps):
        start = int(rng.integers(0, height))
        length = int(rng.integers(8, 60))
        shifts[start : start + length] += int(rng.integers(-7, 8))
    return shifts


def _streaks(height: int, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """How much every row is brightened by motion."""
    bright = np.zeros(height)
    for _ in range(count):
        at = int(rng.integers(0, height))
        bright[at : at + int(rng.integers(1, 4))] = 0.5 + 1.5 * rng.random()
    return bright + 0.25 * blur(rng.standard_normal((height, 1)), 0.5)[:, 0]
