"""Optimisers, learning rates over a stage, and the moving average of the weights."""

import math
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import torch

from retseg.toml_schema import SchemaError, nearest
from train.config.stage import Stage


def build_optimiser(parameters: Iterable[tuple[str, torch.nn.Parameter]], stage: Stage) -> torch.optim.Optimizer:
    """The optimiser of a stage, at its highest rate; frozen weights are left out.

    Args:
        parameters: with their names, as `named_parameters` gives them.
        stage: says which optimiser, and which weights have a rate or a decay of their own.

    Raises:
        SchemaError: the pattern of a group fits no weight.
    """
    groups = group_parameters(list(parameters), stage)
    if stage.optimiser == "sgd":
        return torch.optim.SGD(groups, stage.rate, momentum=stage.momentum, weight_decay=stage.weight_decay)
    kind = torch.optim.Adam if stage.optimiser == "adam" else torch.optim.AdamW
    return kind(groups, stage.rate, weight_decay=stage.weight_decay)


def group_parameters(parameters: Sequence[tuple[str, torch.nn.Parameter]], stage: Stage) -> list[dict[str, Any]]:
    """Weights by their factors on rate and decay: `params`, `weight_decay`, and `factor` of the rate, per group.

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
        factors = math.prod(group.rate for group in fitting), math.prod(group.decay for group in fitting)
        found.setdefault((float(factors[0]), float(factors[1])), []).append(value)
    return [
        {"params": values, "factor": rate, "weight_decay": stage.weight_decay * decay}
        for (rate, decay), values in found.items()
    ]


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group of weights its share of a stage's learning rate."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group.get("factor", 1.0)


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
