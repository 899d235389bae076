"""Optimisers, learning rates over a stage, and the moving average of the weights."""

import math
from collections.abc import Iterable

import torch

from train.recipe import Stage


def build_optimiser(parameters: Iterable[torch.nn.Parameter], stage: Stage) -> torch.optim.Optimizer:
    """The optimiser of a stage, at its highest rate; frozen weights are left out."""
    parameters = [parameter for parameter in parameters if parameter.requires_grad]
    if stage.optimiser == "sgd":
        return torch.optim.SGD(parameters, stage.rate, momentum=stage.momentum, weight_decay=stage.weight_decay)
    kind = torch.optim.Adam if stage.optimiser == "adam" else torch.optim.AdamW
    return kind(parameters, stage.rate, weight_decay=stage.weight_decay)


def rate_at(step: int, stage: Stage) -> float:
    """The learning rate of a step, counted from 0 within the stage."""
    share = step / stage.steps
    if share < stage.warm_up:
        return stage.rate * (step + 1) / max(1, math.ceil(stage.warm_up * stage.steps))
    share = (share - stage.warm_up) / (1 - stage.warm_up)
    if stage.schedule == "cosine":
        return stage.rate * (stage.final_rate + (1 - stage.final_rate) * (1 + math.cos(math.pi * share)) / 2)
    if stage.schedule == "polynomial":
        return stage.rate * (stage.final_rate + (1 - stage.final_rate) * (1 - share) ** 0.9)
    if stage.schedule == "steps":
        return stage.rate * stage.decay ** sum(share >= milestone for milestone in stage.milestones)
    return stage.rate


class MovingAverage:
    """An exponential moving average of a network's state, batch statistics included.

    The decay starts low and rises to `decay`, so that the random start is forgotten: min(decay, (1 + n) / (10 + n)).
    """

    def __init__(self, network: torch.nn.Module, decay: float) -> None:
        self._decay = decay
        self._updates = 0
        self.weights = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: torch.nn.Module) -> None:
        """Move towards the network's present state."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        for name, value in network.state_dict().items():
            kept = self.weights[name]
            if kept.dtype.is_floating_point:
                kept.lerp_(value.to(kept.dtype), 1 - decay)
            else:
                kept.copy_(value)

    def state_dict(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        return {"updates": self._updates, "weights": self.weights}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Continue from a checkpoint."""
        self._updates = int(state["updates"])  # type: ignore[call-overload]
        self.weights = dict(state["weights"])  # type: ignore[call-overload]
