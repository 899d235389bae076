"""Read training images and their truth into memory, and resize them to the working scale."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.errors import RetsegError
from retseg.evaluation.inputs.parts import WHOLE, read_mask_part
from retseg.image import read_image, read_mask, view_image
from retseg.preprocessing import Framing, WorkingImage, frame_image, measure_brightness
from train.config.recipe import Recipe
from train.data.augmentation import Patch
from train.data.cases import Case, DataSetError


@dataclass(frozen=True)
class TrainingImage:
    """An image at the working scale, with its truth.

    Attributes:
        case: its files and its patient.
        patch: the whole image at the working scale.
        brightness: mean and s.d. per channel that normalise it.
        original: uint8 (H, W, 3), as read from the file.
        field_of_view: bool (H, W).
        truth: bool (tasks, H, W).
    """

    case: Case
    patch: Patch
    brightness: tuple[NDArray[np.float32], NDArray[np.float32]]
    original: NDArray[np.uint8]
    field_of_view: NDArray[np.bool_]
    truth: NDArray[np.bool_]


def load_training_images(cases: Sequence[Case], recipe: Recipe) -> tuple[TrainingImage, ...]:
    """Read all images and masks.

    Raises:
        DataSetError: masks do not fit their images or hold undeclared values: all of them are named.
    """
    images, wrong = [], []
    for case in cases:
        try:
            images.append(load_training_image(case, recipe))
        except RetsegError as error:
            wrong.append(str(error))
    if wrong:
        raise DataSetError(f"{len(wrong)} images cannot be trained on: {'; '.join(wrong)}")
    return tuple(images)


def load_training_image(case: Case, recipe: Recipe) -> TrainingImage:
    """Read one image with its masks and resize it to the working scale."""
    pixels = read_image(case.image).pixels
    shape = pixels.shape[:2]
    if case.field_of_view and recipe.view_rule != "frame":
        field_of_view = read_mask(case.field_of_view) > 0
    else:
        field_of_view = view_image(pixels, recipe.view_rule).mask
    if not field_of_view.any():
        raise DataSetError(f"{case.image} shows no retina: leave it out, or put a mask of its field of view beside it")
    truth = np.stack([read_truth(case, task, shape) for task in recipe.tasks])
    extra = case.supplement
    preprocessing = replace(recipe.preprocessing, diameter=extra.diameter) if extra else recipe.preprocessing
    working = frame_image(pixels, field_of_view, recipe.framing, preprocessing)
    planes = [frame_mask(mask, working, recipe.framing, recipe.grey_truth) for mask in truth]
    patch = Patch(working.pixels, np.stack(planes, axis=2), working.region.astype(np.uint8))
    brightness = measure_brightness(working, recipe.preprocessing)
    return TrainingImage(case, patch, brightness, pixels, field_of_view, truth)


def find_common_size(images: Sequence[TrainingImage]) -> tuple[int, int]:
    """(width, height) of all images as read from their files, in pixels; (0, 0) if they differ."""
    sizes = {(image.original.shape[1], image.original.shape[0]) for image in images}
    return sizes.pop() if len(sizes) == 1 else (0, 0)


def frame_mask(
    mask: NDArray[np.bool_], working: WorkingImage, framing: Framing, grey: Sequence[tuple[int, int]] = ()
) -> NDArray[np.uint8]:
    """A mask, bool (H, W), on the grid of a working image: uint8 (h, w), 255 for a share of 1.

    If the framing has a size, the mask is resized bilinearly, like the pixels, and cut at one half.

    Args:
        mask: of the whole photograph.
        working: the image that it belongs to.
        framing: of the recipe.
        grey: sizes (width, height). The mask is resized bilinearly to each in turn and not cut.
    """
    plane = mask[working.window].astype(np.uint8) * 255
    size = working.region.shape[::-1]
    if grey:
        for each in grey:
            plane = np.asarray(cv2.resize(plane, each, interpolation=cv2.INTER_LINEAR), np.uint8)
        return plane
    if framing.size:
        shrunk = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
        return np.where(shrunk > 127, 255, 0).astype(np.uint8)
    return plane if plane.shape[::-1] == size else np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def read_truth(case: Case, task: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The truth of one task, bool (H, W). It is empty if the image does not have the lesion or has no truth for it.

    Raises:
        DataSetError: the mask has another size than the image, or more than two values.
    """
    path = case.truth.get(task)
    if path is None:
        return np.zeros(shape, bool)
    mask = read_mask_part(path, case.parts.get(task, WHOLE))
    if mask.shape != shape:
        raise DataSetError(f"{path} is {mask.shape[1]}x{mask.shape[0]}, its image {case.image} {shape[1]}x{shape[0]}")
    if case.supplement and case.supplement.grey_masks:
        return np.asarray(mask > 127)
    values = np.unique(mask)
    if not set(values.tolist()) <= {0, 1} and not set(values.tolist()) <= {0, 255}:
        raise DataSetError(f"{path} is neither a 0/1 nor a 0/255 mask: it holds {values[:8].tolist()}")
    return mask > 0
