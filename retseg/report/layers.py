"""The pictures of one case for the viewer of the report, in few bytes: photograph as JPEG, masks as 1-bit PNG."""

import base64
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.challenge.looks import USUAL, Looks
from retseg.report.overlay import list_circles, paint_agreement

QUALITIES = (85, 80, 75, 70, 65, 60, 50, 40, 30)
"""Qualities of JPEG, tried from the highest on."""

BYTES_PER_PIXEL = 0.36
"""With this limit a report of 65 angiograms of 1024 x 1024 pixels with three tasks has less than 45 MB after base64.
Only noisy angiograms are larger at the first quality; they get the second or third."""

THUMBNAIL_SIDE = 88
MOST_CIRCLES = 1000
"""Of a task in a case; the smallest parts beyond that have none."""


@dataclass(frozen=True)
class CaseLayers:
    """The pixels of one case.

    Attributes:
        image: (H, W, 3) uint8 RGB, or None where there is no photograph.
        truth: task to bool (H, W).
        prediction: task to bool (H, W).
    """

    image: NDArray[np.uint8] | None
    truth: Mapping[str, NDArray[np.bool_]]
    prediction: Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class EncodedCase:
    """The pictures of one case as data URIs. A mask without any pixel is absent.

    Attributes:
        size: (W, H) of the original images.
        shown: (W, H) of the stored pictures.
        image: JPEG, or None.
        thumbnail: a small JPEG with the errors painted in, or None.
        masks: task to {"tp" | "fp" | "fn": PNG}.
        circles: task to {"truth" | "prediction": x, y and radius in the stored pictures}; only of tasks drawn as rings.
    """

    size: tuple[int, int]
    shown: tuple[int, int]
    image: str | None
    thumbnail: str | None
    masks: Mapping[str, Mapping[str, str]]
    circles: Mapping[str, Mapping[str, list[tuple[float, ...]]]]


def encode_case(layers: CaseLayers, size: int | None, looks: Looks = USUAL) -> EncodedCase:
    """Encode one case.

    Errors are found at the original size and reduced afterwards, so that the pictures show what was scored.

    Args:
        layers: the pixels.
        size: the longer side of the stored pictures, in pixels, where that of the image is longer; None keeps it.
        looks: say which tasks are drawn as rings.

    Raises:
        ValueError: the masks of a task differ in size from each other or from another task's, or there is no mask.
    """
    height, width = _find_grid(layers)
    scale = min(1.0, size / max(height, width)) if size else 1.0
    shown = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = None if layers.image is None else resize_image(layers.image, shown)
    masks: dict[str, dict[str, str]] = {}
    anywhere: dict[str, NDArray[np.bool_]] = {}
    for task in (task for task in layers.truth if task in layers.prediction):
        parts = reduce_parts(split_agreement(layers.prediction[task], layers.truth[task]), shown)
        for name, part in parts.items():
            anywhere[name] = anywhere[name] | part if name in anywhere else part
        masks[task] = {
            name: to_data_uri("image/png", encode_bilevel(part)) for name, part in parts.items() if part.any()
        }
    return EncodedCase(
        size=(width, height),
        shown=shown,
        image=None if image is None else to_data_uri("image/jpeg", encode_jpeg(image)),
        thumbnail=_draw_thumbnail(image, anywhere),
        masks=masks,
        circles=_circle(layers, scale, looks),
    )


def _circle(layers: CaseLayers, scale: float, looks: Looks) -> dict[str, dict[str, list[tuple[float, ...]]]]:
    """The circles of the tasks that are drawn as rings, at the scale of the stored pictures."""
    styles = looks.choose_styles(tuple(task for task in layers.truth if task in layers.prediction))
    circles: dict[str, dict[str, list[tuple[float, ...]]]] = {}
    for task in (task for task, style in styles.items() if style.pattern == "ring"):
        circles[task] = {}
        for side, mask in (("truth", layers.truth[task]), ("prediction", layers.prediction[task])):
            found = sorted(list_circles(mask), key=lambda circle: -circle[2])[:MOST_CIRCLES]
            circles[task][side] = [tuple(round(value * scale, 1) for value in circle) for circle in found]
    return circles


def split_agreement(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    """True positives, false positives and false negatives, each (H, W) bool, under "tp", "fp" and "fn"."""
    return {"tp": prediction & truth, "fp": prediction & ~truth, "fn": truth & ~prediction}


def reduce_parts(parts: Mapping[str, NDArray[np.bool_]], shown: tuple[int, int]) -> dict[str, NDArray[np.bool_]]:
    """Disjoint masks on a smaller grid of (W, H), still disjoint.

    A pixel is marked if a quarter of it is covered, and gets the largest of its parts. With a half, thin vessels would
    break; with any coverage, they would become too wide.
    """
    width, height = shown
    if all(part.shape == (height, width) for part in parts.values()):
        return dict(parts)
    covered = np.stack(
        [cv2.resize(part.astype(np.uint8) * 255, shown, interpolation=cv2.INTER_AREA) for part in parts.values()]
    )
    marked = covered.sum(axis=0) >= 255 / 4
    largest = covered.argmax(axis=0)
    return {name: marked & (largest == index) for index, name in enumerate(parts)}


def resize_image(image: NDArray[np.uint8], shown: tuple[int, int]) -> NDArray[np.uint8]:
    """The image (H, W, 3) on a grid of (W, H), by area."""
    if image.shape[1::-1] == shown:
        return image
    return np.asarray(cv2.resize(image, shown, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def encode_jpeg(image: NDArray[np.uint8], limit: float = BYTES_PER_PIXEL) -> bytes:
    """JPEG of (H, W, 3) RGB, of one channel if it is grey, at the best quality of at most `limit` bytes a pixel."""
    grey = bool((image[..., 0] == image[..., 1]).all() and (image[..., 0] == image[..., 2]).all())
    stored = np.ascontiguousarray(image[..., 0]) if grey else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    encoded = b""
    for quality in QUALITIES:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
        encoded = cv2.imencode(".jpg", stored, options)[1].tobytes()
        if len(encoded) <= limit * stored.shape[0] * stored.shape[1]:
            break
    return encoded


def encode_bilevel(mask: NDArray[np.bool_]) -> bytes:
    """PNG with one bit a pixel, transparent where (H, W) bool is False (PNG specification, sections 11.2 and 11.3)."""
    height, width = mask.shape
    rows = np.packbits(mask, axis=1)
    unfiltered = np.zeros((height, 1), dtype=np.uint8)
    data = np.concatenate([unfiltered, rows], axis=1).tobytes()
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)),
        (b"PLTE", bytes((0, 0, 0, 255, 255, 255))),
        (b"tRNS", bytes((0, 255))),
        (b"IDAT", zlib.compress(data, 6)),
        (b"IEND", b""),
    )
    packed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def to_data_uri(media_type: str, content: bytes) -> str:
    """The content as a data URI, so that a page needs no other file."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _find_grid(layers: CaseLayers) -> tuple[int, int]:
    masks = {f"truth of {task}": mask.shape for task, mask in layers.truth.items()}
    masks |= {f"prediction of {task}": mask.shape for task, mask in layers.prediction.items()}
    if not masks:
        raise ValueError("a case for the report has neither truth nor prediction; give at least one task of both")
    if len(set(masks.values())) > 1:
        sizes = ", ".join(f"{name} {shape[1]}x{shape[0]}" for name, shape in masks.items())
        raise ValueError(f"the masks of a case differ in size ({sizes}); bring them to one grid before the report")
    height, width = next(iter(masks.values()))
    return height, width


def _draw_thumbnail(image: NDArray[np.uint8] | None, parts: Mapping[str, NDArray[np.bool_]]) -> str | None:
    if not parts:
        return None
    height, width = next(iter(parts.values())).shape
    scale = min(1.0, THUMBNAIL_SIDE / max(height, width))
    shown = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.zeros((shown[1], shown[0], 3), np.uint8) if image is None else resize_image(image, shown)
    painted = paint_agreement(small, reduce_parts(parts, shown))
    return to_data_uri("image/jpeg", encode_jpeg(painted, limit=1.0))
