"""Simulate the fundus camera: uneven light, vignetting, blur, sensor noise, JPEG compression, the black border."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.phantom.canvas import blur


def photograph(
    light: NDArray[np.float64],
    field_of_view: NDArray[np.bool_],
    radius: float,
    scale: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Light (H, W, 3) in grey levels to the photograph (H, W, 3) uint8; `radius` of the FOV and `scale` in pixels."""
    seen = light * _illumination(light.shape[:2], radius, rng)[..., None] ** np.array([0.9, 1.0, 0.8])
    seen = _soften(seen, (0.55 + 0.35 * rng.random()) * scale)
    rim = blur(field_of_view.astype(np.float64), max(0.6, 0.9 * scale))
    dark = np.array([8.0, 6.5, 6.5]) * (0.3 + 0.8 * rng.random())
    seen = dark + (seen - dark) * rim[..., None]
    grain = rng.standard_normal((*light.shape[:2], 3)) * np.array([4.0, 4.0, 4.2])
    shared = rng.standard_normal(light.shape[:2])[..., None]
    noisy = seen + _soften((grain + 1.8 * shared) * (0.15 + 0.85 * rim[..., None]), 0.45)
    return _compress(_shoulder(noisy))


def _illumination(shape: tuple[int, int], radius: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A flash that is off centre and falls off to the rim, with a darker crescent on one side."""
    height, width = shape
    x = (np.arange(width) - 0.5 * (width - 1))[None, :] / radius
    y = (np.arange(height) - 0.5 * (height - 1))[:, None] / radius
    brightest = rng.uniform(-0.3, 0.3, 2)
    falloff = 0.18 + 0.2 * rng.random()
    lit = 1.06 - falloff * ((x - brightest[0]) ** 2 + (y - brightest[1]) ** 2)
    angle, weight = math.tau * rng.random(), 0.08 + 0.25 * rng.random()
    along = x * math.cos(angle) + y * math.sin(angle)
    crescent = weight / (1.0 + np.exp(-(along - 0.72) * 7.0))
    rim = 0.12 / (1.0 + np.exp(-(np.hypot(x, y) - 0.97) * 40.0))
    return np.asarray(np.clip(lit - crescent - rim, 0.2, 1.2))


def _soften(image: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    return np.dstack([blur(image[..., channel], sigma) for channel in range(3)])


def _shoulder(image: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Compress highlights instead of clipping them: linear to 215, then towards 255."""
    above = np.maximum(image - 215.0, 0.0)
    bent = np.minimum(image, 215.0) + 40.0 * (1.0 - np.exp(-above / 40.0))
    return np.round(np.clip(bent, 0.0, 255.0)).astype(np.uint8)


def _compress(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Compress as JPEG of high quality and decode again, because published photographs are compressed."""
    _, coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])
    decoded = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("OpenCV cannot decode the JPEG that it has just written: reinstall opencv-python-headless")
    return np.asarray(np.ascontiguousarray(decoded[..., ::-1]), np.uint8)
