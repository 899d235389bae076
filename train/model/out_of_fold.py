"""Write and read out-of-fold predictions: of each network for its held-out images, at the size of the images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retseg.engine import Engine
from retseg.files import replacing
from retseg.image import Geometry, write_probability
from retseg.metrics.components import drop_small
from retseg.models import MaskRule
from retseg.preprocessing import scale_component_size
from train.config.recipe import Recipe
from train.data.cases import Case, DataSetError
from train.data.images import TrainingImage
from train.fit.prediction import predict_image


def predict_held_out(recipe: Recipe, engine: Engine, images: Sequence[TrainingImage], directory: Path) -> None:
    """Write predictions for held-out images: uint16 (tasks, H, W), round(probability x 65535), as .npy."""
    for image in images:
        found = predict_image(recipe, image, engine)
        with replacing(locate_prediction(directory, image)) as beside:
            np.save(beside, np.round(found * 65535).astype(np.uint16))


def read_prediction(directory: Path, image: TrainingImage) -> NDArray[np.uint16]:
    """The stored prediction for an image, uint16 (tasks, H, W)."""
    found: NDArray[np.uint16] = np.load(locate_prediction(directory, image), mmap_mode="r")
    return found


def locate_prediction(directory: Path, image: TrainingImage) -> Path:
    """The file of the prediction for an image."""
    return locate_case(directory, image.case)


def locate_case(directory: Path, case: Case) -> Path:
    """The file of the prediction for a case; its name contains the data set, because names of cases are not unique."""
    return directory / f"{case.data_set}-{case.name}.npy"


def write_maps(recipe: Recipe, cases: Sequence[Case], directory: Path, output: Path) -> None:
    """Write the predictions for held-out images as 16-bit PNG, for `evaluate.py`.

    Args:
        recipe: gives the tasks.
        cases: of the recipe; those without a prediction are left out.
        directory: of the predictions that `predict_held_out` wrote.
        output: takes `<task>/<case>_probability.png`.

    Raises:
        DataSetError: there is no prediction, or two cases have one name.
    """
    found = [case for case in cases if locate_case(directory, case).is_file()]
    if not found:
        raise DataSetError(f"{directory} holds no prediction for an image of '{recipe.name}': train the recipe first")
    twice = sorted({case.name for case in found if sum(case.name == other.name for other in found) > 1})
    if twice:
        raise DataSetError(f"several data sets have an image {', '.join(twice)}: their maps would have one name")
    for case in found:
        planes = to_probability(np.load(locate_case(directory, case)))
        for task, plane in zip(recipe.tasks, planes, strict=True):
            path = output / task / f"{case.name}_probability.png"
            write_probability(path, plane, Geometry((plane.shape[1], plane.shape[0])))


def to_probability(stored: NDArray[np.uint16]) -> NDArray[np.float32]:
    """A stored prediction as float32 in [0, 1]."""
    probability: NDArray[np.float32] = np.asarray(stored).astype(np.float32) / np.float32(65535)
    return probability


def scale_size(size: int, image: TrainingImage, recipe: Recipe) -> int:
    """A minimum component size in pixels of an image, from pixels of the working scale."""
    return scale_component_size(size, image.field_of_view, recipe.framing, recipe.preprocessing)


def cut_mask(
    probability: NDArray[np.float32], rule: MaskRule, image: TrainingImage, recipe: Recipe
) -> NDArray[np.bool_]:
    """The mask that a model makes of probabilities (H, W), by the threshold and minimum component size of a rule."""
    return drop_small(probability >= rule.threshold, scale_size(rule.minimum_component_size, image, recipe))
