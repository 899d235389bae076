"""Training images in memory, and patches drawn from them: patch number i is the same whoever asks for it, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from retseg.image import find_field_of_view, read_image, read_mask, whole_frame
from retseg.preprocessing import Framing, WorkingImage, frame_image, measure_brightness, normalise
from train.augmentation import Patch, augment, compose
from train.cases import Case, DataSetError
from train.recipe import Recipe, Tone
from train.tone import apply_curves, count_levels, draw_tone_curves, measure_after_curves


@dataclass(frozen=True)
class TrainingImage:
    """An image at the working scale, with its truth.

    Attributes:
        case: where it came from.
        patch: the whole of it, at the working scale.
        brightness: mean and s.d. per channel that normalise it.
        original: uint8 (H, W, 3), as read.
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
        except ValueError as error:
            wrong.append(str(error))
    if wrong:
        raise DataSetError(f"{len(wrong)} images cannot be trained on: {'; '.join(wrong)}")
    return tuple(images)


def load_training_image(case: Case, recipe: Recipe) -> TrainingImage:
    """Read one image with its masks and bring it to the working scale."""
    pixels = read_image(case.image).pixels
    shape = pixels.shape[:2]
    if recipe.modality == "octa":
        view = whole_frame(pixels)
    else:
        view = read_mask(case.field_of_view) > 0 if case.field_of_view else find_field_of_view(pixels)
    truth = np.stack([read_truth(case, task, shape) for task in recipe.tasks])
    extra = case.supplement
    preprocessing = replace(recipe.preprocessing, diameter=extra.diameter) if extra else recipe.preprocessing
    working = frame_image(pixels, view, recipe.framing, preprocessing)
    planes = [frame_mask(mask, working, recipe.framing) for mask in truth]
    patch = Patch(working.pixels, np.stack(planes, axis=2), working.region.astype(np.uint8))
    return TrainingImage(case, patch, measure_brightness(working, recipe.preprocessing), pixels, view, truth)


def frame_mask(mask: NDArray[np.bool_], working: WorkingImage, framing: Framing) -> NDArray[np.uint8]:
    """A mask, bool (H, W), on the grid of a working image: uint8 (h, w), 0 to 255 for a share of 0 to 1.

    Where the framing has a size, it is resized bilinearly as the pixels are, and cut at one half.
    """
    plane = mask[working.window].astype(np.uint8) * 255
    size = working.region.shape[::-1]
    if framing.size:
        grey = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
        return np.where(grey > 127, 255, 0).astype(np.uint8)
    return plane if plane.shape[::-1] == size else np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA))


def read_truth(case: Case, task: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The truth of one task, bool (H, W): empty where the image does not have the lesion, or nothing is known of it.

    Raises:
        DataSetError: the mask has another size than the image, or more than two values.
    """
    path = case.truth.get(task)
    if path is None:
        return np.zeros(shape, bool)
    mask = read_mask(path)
    if mask.shape != shape:
        raise DataSetError(f"{path} is {mask.shape[1]}x{mask.shape[0]}, its image {case.image} {shape[1]}x{shape[0]}")
    if case.supplement and case.supplement.grey_masks:
        return np.asarray(mask > 127)
    values = np.unique(mask)
    if not set(values.tolist()) <= {0, 1} and not set(values.tolist()) <= {0, 255}:
        raise DataSetError(f"{path} is neither a 0/1 nor a 0/255 mask: it holds {values[:8].tolist()}")
    return mask > 0


class Patches(torch.utils.data.Dataset[tuple[torch.Tensor, torch.Tensor, torch.Tensor, str]]):
    """An endless row of random patches; patch `i` depends on the seed and `i` alone.

    An item is the normalised pixels, float32 (C, h, w); the truth, float32 (tasks, h, w) in [0, 1]; the field of
    view, float32 (tasks, h, w), zero for a task that the image has no truth for; and the file of the image.
    """

    def __init__(self, images: Sequence[TrainingImage], recipe: Recipe, seed: int) -> None:
        self._images = images
        self._seed = seed
        self._recipe = recipe
        self._chain = compose(recipe.augmentation, recipe.sampling.patch)
        self._tones = recipe.tone != Tone()
        self._counts = [count_levels(image.patch) for image in images] if self._tones else []
        drawn = images if recipe.sampling.place == "random" else ()
        self._inside = [np.flatnonzero(image.patch.field_of_view) for image in drawn]
        self._positive = [
            [np.flatnonzero(image.patch.truth[:, :, task] > 127) for task in range(len(recipe.tasks))]
            for image in drawn
        ]

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, str]:
        random = np.random.default_rng([self._seed, index])
        number, centre = self._choose_centre(random)
        image = self._images[number]
        sampling = self._recipe.sampling
        margin = 1.0 if sampling.place == "whole" else sampling.margin
        window = cut_window(image.patch, centre, int(sampling.patch * margin))
        brightness = image.brightness
        if self._tones:
            curves = draw_tone_curves(self._recipe.tone, window.pixels.shape[2], random)
            window = replace(window, pixels=apply_curves(window.pixels, curves))
            if self._recipe.preprocessing.normalise == "field_of_view":
                brightness = measure_after_curves(self._counts[number], curves)
        patch = augment(window, self._chain, int(random.integers(2**31)))
        tensor = normalise(patch.pixels, patch.field_of_view > 0, brightness)
        truth = patch.truth.transpose(2, 0, 1).astype(np.float32) / 255
        known = np.array([image.case.has_truth(task) for task in self._recipe.tasks])
        view = (patch.field_of_view & known[:, None, None]).astype(np.float32)
        return torch.from_numpy(tensor), torch.from_numpy(truth), torch.from_numpy(view), str(image.case.image)

    def _choose_centre(self, random: np.random.Generator) -> tuple[int, tuple[int, int]]:
        """The number of an image, and a pixel of it: in the field of view, or near one of a random task.

        `Sampling.positive_share` is the share of the latter.
        """
        number = int(random.integers(len(self._images)))
        if self._recipe.sampling.place == "whole":
            height, width = self._images[number].patch.field_of_view.shape
            return number, (height // 2, width // 2)
        pixels, reach = self._inside[number], 0
        if random.random() < self._recipe.sampling.positive_share:
            task = int(random.integers(len(self._recipe.tasks)))
            having = [n for n, found in enumerate(self._positive) if found[task].size]
            if having:
                number = having[int(random.integers(len(having)))]
                pixels, reach = self._positive[number][task], self._recipe.sampling.patch // 4
        image = self._images[number]
        chosen = divmod(int(pixels[random.integers(pixels.size)]), image.patch.field_of_view.shape[1])
        if not reach:
            return number, chosen
        # a network could learn that lesions lie in the middle of a patch
        moved = np.array(chosen) + random.integers(-reach, reach + 1, 2)
        row, column = np.clip(moved, 0, np.array(image.patch.field_of_view.shape) - 1).tolist()
        return number, (row, column)


def cut_window(patch: Patch, centre: tuple[int, int], side: int) -> Patch:
    """Cut a square around a pixel, zero where it reaches over the image."""
    height, width = patch.field_of_view.shape
    top, left = centre[0] - side // 2, centre[1] - side // 2
    rows = slice(max(top, 0), min(top + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    border = (rows.start - top, top + side - rows.stop, columns.start - left, left + side - columns.stop)

    def pad(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        wide = ((border[0], border[1]), (border[2], border[3]), *((0, 0),) * (values.ndim - 2))
        return np.pad(values[rows, columns], wide)

    return Patch(pad(patch.pixels), pad(patch.truth), pad(patch.field_of_view))
