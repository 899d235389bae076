"""How a network in training does on whole images that it was not trained on."""

from collections.abc import Mapping, Sequence

import torch

from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.fit.prediction import open_weights, predict_image


def validate(
    recipe: Recipe, weights: Mapping[str, torch.Tensor], images: Sequence[TrainingImage], device: torch.device
) -> dict[str, float]:
    """Cross-entropy and Dice at 0.5 inside the field of view, mean over images and tasks.

    A task of which an image has neither truth nor prediction counts as a Dice of 1.
    """
    engine = open_weights(recipe, weights, device)
    losses, dices = [], []
    for image in images:
        found = predict_image(recipe, image, engine)
        inside = image.field_of_view
        for probability, truth in zip(found, image.truth, strict=True):
            p = torch.from_numpy(probability[inside]).clamp(1e-6, 1 - 1e-6)
            t = torch.from_numpy(truth[inside])
            losses.append(float(torch.nn.functional.binary_cross_entropy(p, t.float())))
            marked = p >= 0.5
            total = int(marked.sum() + t.sum())
            dices.append(2 * int((marked & t).sum()) / total if total else 1.0)
    return {"validation_loss": sum(losses) / len(losses), "validation_dice": sum(dices) / len(dices)}
