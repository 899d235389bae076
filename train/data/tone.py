"""Random tone curves: an image gets the gamma and the gains of another camera."""

import numpy as np
from numpy.typing import NDArray

from train.config.patches import Tone
from train.data.augmentation import Patch

Brightness = tuple[NDArray[np.float32], NDArray[np.float32]]


def count_levels(patch: Patch) -> NDArray[np.int64]:
    """The number of pixels inside the field of view with each grey level: int64 (C, 256)."""
    inside = patch.pixels[patch.field_of_view > 0]
    return np.stack([np.bincount(channel, minlength=256) for channel in inside.T])


def draw_tone_curves(tone: Tone, channels: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """One tone curve for each channel: uint8 (C, 256), the new level of each level."""
    gamma = np.exp(random.uniform(np.log(tone.gamma[0]), np.log(tone.gamma[1])))
    gain = np.exp(random.uniform(np.log(tone.gain[0]), np.log(tone.gain[1]), channels))
    curve = 255 * gain[:, None] * (np.arange(256) / 255) ** gamma
    curves: NDArray[np.uint8] = np.clip(np.round(curve), 0, 255).astype(np.uint8)
    return curves


def apply_curves(pixels: NDArray[np.uint8], curves: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Apply the tone curve of each channel, uint8 (C, 256), to pixels, uint8 (h, w, C)."""
    return np.stack([curve[pixels[:, :, c]] for c, curve in enumerate(curves)], axis=2)


def measure_after_curves(counts: NDArray[np.int64], curves: NDArray[np.uint8]) -> Brightness:
    """Mean and s.d. per channel, float32 (C,), of an image after its tone curves.

    Args:
        counts: of the grey levels before the curves, int64 (C, 256), from `count_levels`.
        curves: uint8 (C, 256).
    """
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = (share * curves).sum(axis=1)
    variance = (share * (curves - mean[:, None]) ** 2).sum(axis=1)
    return mean.astype(np.float32), np.maximum(np.sqrt(variance), 1.0).astype(np.float32)
