"""The validation of a training counts as the choice of thresholds does."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from train.config.recipe import Recipe
from train.config.selection import SelectionRule
from train.data.cases import gather_cases
from train.data.images import TrainingImage, load_training_images
from train.fit import validation


def test_an_image_without_truth_counts_as_the_protocol_says(
    recipe: Recipe, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One image is found exactly, one has no truth and nothing is found, one has no truth and one pixel is found."""
    images = load_training_images(gather_cases(recipe, data), recipe)[:3]
    images = (images[0], *(dataclasses.replace(image, truth=np.zeros_like(image.truth)) for image in images[1:]))

    def predict(_: Recipe, image: TrainingImage, __: object) -> np.ndarray:
        found = image.truth.astype(np.float32)
        if image.case.name == "eye2":
            found[0, 36, 40] = 1.0
        return found

    monkeypatch.setattr(validation, "predict_image", predict)
    monkeypatch.setattr(validation, "open_weights", lambda *_: None)

    def measure(protocol: str) -> float:
        chosen = dataclasses.replace(recipe, selection=SelectionRule(protocol))
        return validation.validate(chosen, {}, images, torch.device("cpu"))["validation_dice"]

    true = int(images[0].truth.sum())
    assert measure("held-out-mean") == pytest.approx(2 / 3)
    assert measure("held-out-pooled") == pytest.approx(2 * true / (2 * true + 1))
    assert measure("fundus-fov") == pytest.approx(1.0), "images without truth are left out"
