"""Draw patches at random from training images; patch number i depends only on the seed and on i."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from retseg.preprocessing import normalise
from train.config.patches import Tone
from train.config.recipe import Recipe
from train.data.augmentation import Patch, augment, compose
from train.data.images import TrainingImage
from train.data.tone import apply_curves, count_levels, draw_tone_curves, measure_after_curves


class Patches(torch.utils.data.Dataset[tuple[torch.Tensor, torch.Tensor, torch.Tensor, str]]):
    """An endless series of random patches.

    An item has four parts: the normalised pixels, float32 (C, h, w); the truth, float32 (tasks, h, w) in [0, 1]; the
    field of view, float32 (tasks, h, w), zero for a task that the image has no truth for; and the file of the image.
    """

    def __init__(self, images: Sequence[TrainingImage], recipe: Recipe, seed: int) -> None:
        self._images = images
        self._seed = seed
        self._recipe = recipe
        self._chain = compose(recipe.augmentation, recipe.sampling.patch, recipe.sampling.padded)
        self._tones = recipe.tone != Tone()
        self._counts = [count_levels(image.patch) for image in images] if self._tones else []
        drawn = images if recipe.sampling.position == "random" else ()
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
        margin = 1.0 if sampling.position == "whole" else sampling.margin
        window = cut_window(image.patch, centre, int(sampling.patch * margin), sampling.padded)
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
        field_of_view = (patch.field_of_view & known[:, None, None]).astype(np.float32)
        parts = torch.from_numpy(tensor), torch.from_numpy(truth), torch.from_numpy(field_of_view)
        return *parts, str(image.case.image)

    def _choose_centre(self, random: np.random.Generator) -> tuple[int, tuple[int, int]]:
        """The number of an image, and row and column of a pixel: anywhere in the field of view, or near a positive one.

        `Sampling.positive_share` is the share of the patches near a positive pixel of a random task.
        """
        number = int(random.integers(len(self._images)))
        if self._recipe.sampling.position == "whole":
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
        # otherwise a network could learn that lesions are in the middle of a patch
        moved = np.array(chosen) + random.integers(-reach, reach + 1, 2)
        row, column = np.clip(moved, 0, np.array(image.patch.field_of_view.shape) - 1).tolist()
        return number, (row, column)


def cut_window(patch: Patch, centre: tuple[int, int], side: int, padded: bool = True) -> Patch:
    """Cut a square around a pixel; outside the image it is zero, or it ends there if it is not `padded`."""
    height, width = patch.field_of_view.shape
    top, left = centre[0] - side // 2, centre[1] - side // 2
    rows = slice(max(top, 0), min(top + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    if not padded:
        return Patch(patch.pixels[rows, columns], patch.truth[rows, columns], patch.field_of_view[rows, columns])
    border = (rows.start - top, top + side - rows.stop, columns.start - left, left + side - columns.stop)

    def pad(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        wide = ((border[0], border[1]), (border[2], border[3]), *((0, 0),) * (values.ndim - 2))
        return np.pad(values[rows, columns], wide)

    return Patch(pad(patch.pixels), pad(patch.truth), pad(patch.field_of_view))
