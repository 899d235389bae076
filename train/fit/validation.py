"""The loss and the Dice of a network during its training, on whole held-out images."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from retseg.evaluation.scoring.confusion import score_with_protocol
from retseg.metrics.counts import count_confusion
from train.config.protocols import find_selection_protocol
from train.config.recipe import Recipe
from train.data.images import TrainingImage
from train.fit.prediction import open_weights, predict_image


def validate(
    recipe: Recipe, weights: Mapping[str, torch.Tensor], images: Sequence[TrainingImage], device: torch.device
) -> dict[str, float]:
    """Cross-entropy and Dice of held-out images.

    Returns:
        `validation_loss`, the cross-entropy inside the field of view, mean over images and tasks; `validation_dice`,
        the Dice at 0.5 by the protocol by which the recipe chooses its thresholds, mean over the tasks with a value.
    """
    engine = open_weights(recipe, weights, device)
    protocol = find_selection_protocol(recipe)
    losses, counts = [], []
    for image in images:
        found = predict_image(recipe, image, engine)
        inside = image.field_of_view
        region = inside if protocol.region == "field_of_view" else None
        rows = []
        for probability, truth in zip(found, image.truth, strict=True):
            p = torch.from_numpy(probability[inside]).clamp(1e-6, 1 - 1e-6)
            t = torch.from_numpy(truth[inside])
            losses.append(float(torch.nn.functional.binary_cross_entropy(p, t.float())))
            rows.append(count_confusion(probability >= 0.5, truth, region).as_row())
        counts.append(rows)
    dice = score_with_protocol("dice", np.array(counts), protocol)
    finite = dice[np.isfinite(dice)]
    mean = float(finite.mean()) if finite.size else float("nan")
    return {"validation_loss": sum(losses) / len(losses), "validation_dice": mean}
