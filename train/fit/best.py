"""The weights of the round with the highest validation Dice."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from train.fit.checkpoint import State


@dataclass
class BestWeights:
    """The best weights so far; none before the first validation with a Dice.

    Attributes:
        dice: of the validation images.
        weights: of the network.
    """

    dice: float = -1.0
    weights: dict[str, torch.Tensor] = field(default_factory=dict)

    def offer(self, dice: float, weights: Mapping[str, torch.Tensor]) -> None:
        """Keep a copy of the weights if their Dice is higher than all before; one that is not a number is not."""
        if dice > self.dice:
            self.dice = dice
            self.weights = {name: value.detach().clone() for name, value in weights.items()}

    def state_dict(self) -> State:
        """The state that a checkpoint stores."""
        return {"dice": self.dice, "weights": self.weights}

    def load_state_dict(self, state: State) -> None:
        """Continue from a checkpoint."""
        self.dice, self.weights = float(state["dice"]), dict(state["weights"])
