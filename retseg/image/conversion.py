"""Convert the values of any file to 8-bit RGB, with a sentence for each change."""

import numpy as np
from numpy.typing import NDArray

Converted = tuple[NDArray[np.uint8], tuple[str, ...]]


def convert_to_rgb(values: NDArray[np.generic], name: str) -> Converted:
    """Convert stored values to 8-bit RGB.

    Args:
        values: (H, W) or (H, W, C) with C from 1 to 4 (grey, grey and alpha, RGB, RGBA); any integer or float type.
        name: file name, for the sentences.

    Returns:
        uint8 (H, W, 3) and a sentence for each conversion; none for 8-bit RGB.
    """
    channels = values if values.ndim == 3 else values[:, :, None]
    alpha = channels[:, :, -1] if channels.shape[2] in (2, 4) else None
    colours, warnings = convert_to_bytes(channels if alpha is None else channels[:, :, :-1], name)
    if alpha is not None:
        colours, sentences = blend_alpha(colours, alpha, name)
        warnings += sentences
    if colours.shape[2] == 1:
        colours = np.repeat(colours, 3, axis=2)
        warnings += (f"{name} is a greyscale image: its one channel was copied to red, green and blue.",)
    return np.ascontiguousarray(colours), warnings


def convert_to_bytes(values: NDArray[np.generic], name: str) -> Converted:
    """Scale any integer or float values to uint8, by a range that follows from their type and their extremes.

    Unsigned values of up to 16 bits: from 0 to the largest value of as many bits as they use (255, ..., 4095, 65535).
    Floats: from 0 to 1, or as they are when they lie between 0 and 255. Everything else: from minimum to maximum.
    """
    if values.dtype == np.uint8:
        return np.asarray(values, np.uint8), ()
    finite, warnings = replace_non_finite(values, name) if values.dtype.kind == "f" else (as_floats(values), ())
    low, high = float(finite.min()), float(finite.max())
    kind = f"{name} holds {values.dtype} values from {low:g} to {high:g}"
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return round_to_bytes(finite * 255), (*warnings, f"{kind}: they were multiplied by 255.")
    if low >= 0 and high <= 255:
        return round_to_bytes(finite), (*warnings, f"{kind}: they were rounded to 8 bits as they are.")
    if values.dtype.kind in "ui" and low >= 0 and high <= 65535:
        top = 2 ** int(high).bit_length() - 1
        return round_to_bytes(finite * (255 / top)), (*warnings, f"{kind}: 0 to {top} was scaled to 0 to 255.")
    scaled = (finite - low) * (255 / max(high - low, np.finfo(np.float64).tiny))
    return round_to_bytes(scaled), (*warnings, f"{kind}: this range was scaled to 0 to 255.")


def replace_non_finite(values: NDArray[np.generic], name: str) -> tuple[NDArray[np.floating], tuple[str, ...]]:
    """Replace NaN by 0, and infinities by the largest and smallest finite value."""
    floats = as_floats(values)
    finite = np.isfinite(floats)
    if finite.all():
        return floats, ()
    low, high = (float(floats[finite].min()), float(floats[finite].max())) if finite.any() else (0.0, 0.0)
    cleaned = np.clip(np.nan_to_num(floats, nan=0.0, posinf=high, neginf=low), min(low, 0.0), max(high, 0.0))
    count = int((~finite).sum())
    return cleaned, (f"{name} has {count} values that are NaN or infinite: NaN was set to 0, infinity was clipped.",)


def as_floats(values: NDArray[np.generic]) -> NDArray[np.floating]:
    """The same values in the smallest float type that holds them exactly, which saves memory for large photographs."""
    small = values.dtype.itemsize <= 2 or values.dtype == np.float32
    return values.astype(np.float32) if small else values.astype(np.float64)


def blend_alpha(colours: NDArray[np.uint8], alpha: NDArray[np.generic], name: str) -> Converted:
    """Blend onto black by an alpha channel; a constant alpha channel is left out."""
    opaque = 1.0 if alpha.dtype.kind == "f" else float(2 ** (8 * alpha.dtype.itemsize) - 1)
    if alpha.min() == alpha.max():
        return colours, (f"{name} has an alpha channel that is the same everywhere: it was left out.",)
    weight = np.clip(alpha.astype(np.float32) / opaque, 0, 1)[:, :, None]
    return round_to_bytes(colours * weight), (f"{name} has an alpha channel: it was blended onto black.",)


def round_to_bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The nearest uint8."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)
