"""Every loss by its name; a recipe's `[loss]` table becomes one of them."""

import importlib
from collections.abc import Mapping
from typing import Any

from retseg.toml_schema import SchemaError, declare, nearest
from train.fit.losses.loss import Loss

LOSSES = {
    "balanced_bce": "train.fit.losses.cross_entropy:BalancedCrossEntropy",
    "bce": "train.fit.losses.cross_entropy:CrossEntropy",
    "bce_dice": "train.fit.losses.overlap:CrossEntropyDice",
    "bce_iou": "train.fit.losses.overlap:CrossEntropyJaccard",
    "bin_bce": "train.fit.losses.bins:BinCrossEntropy",
    "cldice": "train.fit.losses.centreline:CentrelineDice",
    "dice": "train.fit.losses.overlap:Dice",
    "focal": "train.fit.losses.cross_entropy:Focal",
    "squared_error": "train.fit.losses.squared_error:SquaredError",
    "topk_bce": "train.fit.losses.topk:TopKCrossEntropy",
    "tversky": "train.fit.losses.overlap:Tversky",
}
"""Name of each loss, and the class that computes it."""


def build_loss(name: str, arguments: Mapping[str, Any]) -> Loss:
    """The loss of this name with these arguments.

    Raises:
        SchemaError: the name, an argument or its value is unknown; the message names the nearest right one.
    """
    if name not in LOSSES:
        raise SchemaError(f"unknown loss '{name}'{nearest(name, LOSSES)}")
    module, kind = LOSSES[name].split(":")
    loss: Loss = declare(getattr(importlib.import_module(module), kind), arguments, f"loss '{name}'")
    return loss
