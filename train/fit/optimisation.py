"""Optimisers, the learning rate over a stage, and the moving average of the weights."""

import math
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import torch

from retseg.toml_schema import SchemaError, nearest
from train.config.stage import Stage


def build_optimiser(parameters: Iterable[tuple[str, torch.nn.Parameter]], stage: Stage) -> torch.optim.Optimizer:
    """The optimiser of a stage, at its highest learning rate; frozen weights are left out.

    Args:
        parameters: with their names, as `named_parameters` gives them.
        stage: names the optimiser, and the weights that have a factor of their own.

    Raises:
        SchemaError: the pattern of a group fits no weight.
    """
    groups = group_parameters(list(parameters), stage)
    if stage.optimiser == "sgd":
        return torch.optim.SGD(groups, stage.learning_rate, momentum=stage.momentum, weight_decay=stage.weight_decay)
    kind = torch.optim.Adam if stage.optimiser == "adam" else torch.optim.AdamW
    return kind(groups, stage.learning_rate, weight_decay=stage.weight_decay)


def group_parameters(parameters: Sequence[tuple[str, torch.nn.Parameter]], stage: Stage) -> list[dict[str, Any]]:
    """The weights, grouped by their factors: `params`, `weight_decay`, and `factor` on the learning rate.

    Frozen weights are left out.
    """
    for group in stage.groups:
        if not any(fnmatchcase(name, group.names) for name, _ in parameters):
            names = [name for name, _ in parameters]
            raise SchemaError(f"no weight has a name like '{group.names}'{nearest(group.names, names)}")
    found: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, value in parameters:
        if not value.requires_grad:
            continue
        fitting = [group for group in stage.groups if fnmatchcase(name, group.names)]
        rate = math.prod(group.learning_rate_factor for group in fitting)
        decay = math.prod(group.weight_decay_factor for group in fitting)
        found.setdefault((float(rate), float(decay)), []).append(value)
    return [
        {"params": values, "factor": rate, "weight_decay": stage.weight_decay * decay}
        for (rate, decay), values in found.items()
    ]


def set_learning_rate(optimiser: torch.optim.Optimizer, learning_rate: float) -> None:
    """Set the learning rate of every group of weights to that of a step, times the factor of the group."""
    for group in optimiser.param_groups:
        group["lr"] = learning_rate * group.get("factor", 1.0)


def find_learning_rate(step: int, stage: Stage) -> float:
    """The learning rate of a step, counted from 0 within the stage."""
    share, highest, final = step / stage.steps, stage.learning_rate, stage.final_fraction
    if share < stage.warmup_fraction:
        return highest * (step + 1) / max(1, math.ceil(stage.warmup_fraction * stage.steps))
    share = (share - stage.warmup_fraction) / (1 - stage.warmup_fraction)
    if stage.schedule == "cosine":
        return highest * (final + (1 - final) * (1 + math.cos(math.pi * share)) / 2)
    if stage.schedule == "polynomial":
        return float(highest * (final + (1 - final) * (1 - share) ** 0.9))
    if stage.schedule == "steps":
        falls = sum(share >= milestone for milestone in stage.milestones)
        return float(highest * stage.milestone_factor**falls)
    return highest


class MovingAverage:
    """The exponential moving average (EMA) of a network's state, batch statistics included.

    The decay after n updates is min(decay, (1 + n) / (10 + n)): it is low at first, so that the random weights soon
    have no effect.
    """

    def __init__(self, network: torch.nn.Module, decay: float) -> None:
        self._decay = decay
        self._updates = 0
        self.weights = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: torch.nn.Module) -> None:
        """Include the network's state after a step."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        for name, value in network.state_dict().items():
            kept = self.weights[name]
            if kept.dtype.is_floating_point:
                kept.lerp_(value.to(kept.dtype), 1 - decay)
            else:
                kept.copy_(value)

    def state_dict(self) -> dict[str, object]:
        """The state that a checkpoint stores."""
        return {"updates": self._updates, "weights": self.weights}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Continue from a checkpoint."""
        self._updates = int(state["updates"])  # type: ignore[call-overload]
        self.weights = dict(state["weights"])  # type: ignore[call-overload]
