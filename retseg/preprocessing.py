"""Prepare an image for a network: crop, resize to the working scale, normalise, set to zero outside the region."""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Channels = Literal["rgb", "bgr", "green", "grey"]
Normalisation = Literal["field_of_view", "image", "unit", "imagenet", "caffe", "none"]

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
IMAGENET_SD = np.array([0.229, 0.224, 0.225], np.float32)
CAFFE_MEAN = np.array([123.68, 116.779, 103.939], np.float32)
"""Of ImageNet, 0 to 255, red first; the inputs of Caffe's VGG16 are pixels minus this, blue first."""
CLAHE_GRID = 8


@dataclass(frozen=True)
class Framing:
    """What part of an image a network sees, and in which shape; part of a model's card and of its recipe.

    Attributes:
        region: `field_of_view`, everything outside is cropped or zero; or the whole `frame`, with its dark surround.
        size: (width, height) in pixels; the frame is resized to it bilinearly, whatever its aspect ratio. Empty keeps
            the aspect ratio.
    """

    region: Literal["field_of_view", "frame"] = "field_of_view"
    size: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.size) not in (0, 2) or (self.size and self.region != "frame"):
            raise ValueError(
                f"size is a width and a height, for the region 'frame' only; found {self.size} for '{self.region}'"
            )
        if any(side < 1 for side in self.size):
            raise ValueError(f"size is a width and a height in pixels, found {self.size}")


@dataclass(frozen=True)
class Preprocessing:
    """How the pixels of the region are prepared for a network; part of a model's card and of its recipe.

    Attributes:
        channels: `rgb`, the same in the order `bgr`, the `green` channel alone, or luminance (`grey`, ITU-R 601
            weights).
        normalise: `field_of_view` makes each channel's mean 0 and s.d. 1 inside the field of view; `image` does so
            over the whole region that the network sees; `unit` divides by 255; `imagenet` standardises with ImageNet's
            constants; `caffe` subtracts the mean of ImageNet from 0 to 255, as for networks of Caffe; `none` leaves 0
            to 255. Outside the region the result is 0.
        diameter: the longer side of the region's bounding box after resizing, in pixels; 0 keeps the scale. Ignored
            when `Framing.size` is set.
        clahe: clip limit of contrast limited adaptive histogram equalisation (8x8 tiles); 0 for none.
    """

    channels: Channels = "rgb"
    normalise: Normalisation = "field_of_view"
    diameter: int = 0
    clahe: float = 0.0

    def __post_init__(self) -> None:
        if self.diameter < 0:
            raise ValueError(f"diameter is a number of pixels, or 0 to keep the scale; found {self.diameter}")
        if not (self.clahe >= 0 and math.isfinite(self.clahe)):
            raise ValueError(f"clahe is a clip limit, or 0 for none; found {self.clahe:g}")

    @property
    def channel_count(self) -> int:
        """How many channels the network sees."""
        return 3 if self.channels in ("rgb", "bgr") else 1


@dataclass(frozen=True)
class WorkingImage:
    """An image at the scale of a network.

    Attributes:
        pixels: uint8 (h, w, C), cropped to the region and resized.
        region: bool (h, w), the pixels that the network sees.
        field_of_view: bool (h, w), inside the region.
        window: rows and columns of the crop in the original image.
    """

    pixels: NDArray[np.uint8]
    region: NDArray[np.bool_]
    field_of_view: NDArray[np.bool_]
    window: tuple[slice, slice]


def find_region(field_of_view: NDArray[np.bool_], framing: Framing) -> NDArray[np.bool_]:
    """The region that a network sees of an image with this field of view: bool (H, W) to bool (H, W)."""
    return field_of_view if framing.region == "field_of_view" else np.ones_like(field_of_view)


def frame_image(
    pixels: NDArray[np.uint8], field_of_view: NDArray[np.bool_], framing: Framing, preprocessing: Preprocessing
) -> WorkingImage:
    """Crop an image to the region that a network sees, and resize it to the working scale.

    Args:
        pixels: uint8 (H, W, 3), RGB.
        field_of_view: bool (H, W), with at least one pixel set.
        framing: the model's.
        preprocessing: the model's.
    """
    region = find_region(field_of_view, framing)
    window = bounding_box(region)
    crop, seen, inside = pixels[window], region[window], field_of_view[window]
    height, width = seen.shape
    size = find_working_size((width, height), framing, preprocessing)
    if size != (width, height):
        way = cv2.INTER_AREA if not framing.size and max(size) < max(width, height) else cv2.INTER_LINEAR
        crop = np.asarray(cv2.resize(crop, size, interpolation=way), np.uint8)
        inside = reduce_mask(inside, size)
        seen = inside if region is field_of_view else reduce_mask(seen, size)
    return WorkingImage(select_channels(crop, preprocessing), seen, inside, window)


def reduce_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask, bool (H, W), at another (width, height), by the nearest pixel."""
    return cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST).view(np.bool_)


def find_working_size(size: tuple[int, int], framing: Framing, preprocessing: Preprocessing) -> tuple[int, int]:
    """(width, height) of a region at the working scale, from its (width, height) in the image."""
    if framing.size:
        return framing.size[0], framing.size[1]
    scale = preprocessing.diameter / max(size) if preprocessing.diameter else 1.0
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def scale_component_size(
    size: int, field_of_view: NDArray[np.bool_], framing: Framing, preprocessing: Preprocessing
) -> int:
    """A component's size in pixels of an image, from its size in pixels of the working scale.

    So a model drops the same lesions from photographs of 1 and of 10 megapixels.
    """
    rows, columns = bounding_box(find_region(field_of_view, framing))
    width, height = columns.stop - columns.start, rows.stop - rows.start
    working = find_working_size((width, height), framing, preprocessing)
    return round(float(size * width * height / (working[0] * working[1])))


def bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The smallest rows and columns that hold every set pixel of a mask (H, W); two empty slices when none is set."""
    if not mask.size:
        return slice(0, 0), slice(0, 0)
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return (slice(top, top + height), slice(left, left + width)) if width else (slice(0, 0), slice(0, 0))


def find_occupied(mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows and which columns of a mask, bool (H, W), have a set pixel: bool (H,) and bool (W,)."""
    return np.asarray(mask.any(axis=1)), np.asarray(mask.any(axis=0))


def select_channels(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """The channels that the network sees, equalised when asked: uint8 (H, W, 3) to uint8 (H, W, C)."""
    if preprocessing.channels == "bgr":
        pixels = np.ascontiguousarray(pixels[:, :, ::-1])
    elif preprocessing.channels == "green":
        pixels = pixels[:, :, 1:2]
    elif preprocessing.channels == "grey":
        pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None]
    if preprocessing.clahe:
        equaliser = cv2.createCLAHE(preprocessing.clahe, (CLAHE_GRID, CLAHE_GRID))
        planes = [equaliser.apply(np.ascontiguousarray(pixels[:, :, c])) for c in range(pixels.shape[2])]
        pixels = np.stack(planes, axis=2)
    return pixels


def measure_brightness(
    working: WorkingImage, preprocessing: Preprocessing
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and standard deviation per channel, on the 0 to 255 scale, which normalisation subtracts and divides by."""
    channels = working.pixels.shape[2]
    if preprocessing.normalise in ("unit", "none"):
        return np.zeros(channels, np.float32), np.full(
            channels, 255 if preprocessing.normalise == "unit" else 1, np.float32
        )
    if preprocessing.normalise in ("imagenet", "caffe"):
        caffe, order = preprocessing.normalise == "caffe", -1 if preprocessing.channels == "bgr" else 1
        mean, deviation = (CAFFE_MEAN, np.ones(3, np.float32)) if caffe else (IMAGENET_MEAN * 255, IMAGENET_SD * 255)
        return mean[::order][:channels], deviation[::order][:channels]
    counted = working.region if preprocessing.normalise == "image" else working.field_of_view
    means, deviations = cv2.meanStdDev(working.pixels, mask=counted.view(np.uint8))
    return means[:, 0].astype(np.float32), np.maximum(deviations[:, 0], 1.0).astype(np.float32)


def normalise(
    pixels: NDArray[np.uint8],
    region: NDArray[np.bool_],
    brightness: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Standardise pixels and set them to zero outside the region: uint8 (h, w, C) to float32 (C, h, w)."""
    values = np.empty((pixels.shape[2], *region.shape), np.float32)
    for plane, channel, mean, deviation in zip(values, range(len(values)), *brightness, strict=True):
        table = (np.arange(256, dtype=np.float32) - mean) / deviation
        np.multiply(cv2.LUT(np.ascontiguousarray(pixels[:, :, channel]), table), region, out=plane)
    return values
