"""Predict an image of a recipe with trained weights, at the image's own size."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from retseg.engine import Engine
from retseg.engine.torch import TorchEngine
from retseg.networks import build_network
from retseg.predictor import predict_probabilities, to_probabilities
from retseg.preprocessing import normalise
from train.config.recipe import Recipe
from train.data.images import TrainingImage


def open_weights(recipe: Recipe, weights: Mapping[str, torch.Tensor], device: torch.device) -> Engine:
    """An engine that runs a recipe's network with those weights, in float32 if the recipe trains in float32."""
    network = build_network(recipe.network.architecture, recipe.network.arguments)
    network.load_state_dict(weights)
    return TorchEngine(network, device, precision=torch.float32 if recipe.precision == "32-true" else None)


def predict_image(recipe: Recipe, image: TrainingImage, engine: Engine) -> NDArray[np.float32]:
    """Probabilities of a recipe's tasks at the size of the original image: float32 (tasks, H, W).

    A network that sees the whole frame may find something in the dark surround. Protocols of the whole frame count it.
    """
    if recipe.tiles.side:
        seen = image.patch.field_of_view > 0
        if seen.shape == (recipe.tiles.side, recipe.tiles.side):
            logits = engine(normalise(image.patch.pixels, seen, image.brightness)[None])[0]
            return to_probabilities(logits)
    return predict_probabilities(
        image.original, image.field_of_view, recipe.framing, recipe.preprocessing, recipe.inference, engine
    )
