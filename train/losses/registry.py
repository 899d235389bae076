"""Which losses there are, by name."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import torch

from retseg.declaration import DeclarationError, nearest

LossFunction = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

LOSSES: Mapping[str, str] = {
    "bce": "train.losses.overlap:BinaryCrossEntropy",
    "dice": "train.losses.overlap:SoftDice",
    "bce_dice": "train.losses.overlap:BinaryCrossEntropyDice",
}
"""Name of a loss: the module and the class that make it."""


def list_losses() -> tuple[str, ...]:
    """The names of all losses."""
    return tuple(sorted(LOSSES))


def build_loss(name: str, arguments: Mapping[str, Any]) -> LossFunction:
    """Make a loss.

    Raises:
        DeclarationError: the loss or one of its arguments is unknown.
    """
    if name not in LOSSES:
        raise DeclarationError(f"there is no loss '{name}'{nearest(name, LOSSES)}")
    module, _, kind = LOSSES[name].partition(":")
    try:
        loss: LossFunction = getattr(importlib.import_module(module), kind)(**arguments)
    except TypeError as error:
        raise DeclarationError(f"the loss '{name}' was refused: {error}") from error
    return loss
