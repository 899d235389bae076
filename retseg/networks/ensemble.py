"""Several networks of one architecture as one network."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from retseg.networks import NetworkError, build_network
from retseg.networks.network import Network


class Ensemble(Network):
    """The mean of the members' logits. In the state dict, the keys of the first member begin with `members.0.`.

    Args:
        architecture: the members' architecture.
        arguments: the members' arguments; `in_channels` and `tasks` may be here or outside.
        members: how many there are, at least one.
        in_channels: channels of the input.
        tasks: logits per pixel.
    """

    def __init__(
        self,
        *,
        architecture: str,
        arguments: Mapping[str, Any],
        members: int,
        in_channels: int = 3,
        tasks: int = 1,
    ) -> None:
        super().__init__()
        if members < 1:
            raise NetworkError(f"an ensemble needs at least one member, not {members}")
        each = {"in_channels": in_channels, "tasks": tasks, **arguments}
        built = [build_network(architecture, each) for _ in range(members)]
        self.members = nn.ModuleList(built)
        self.task_modules = tuple(f"members.{k}.{name}" for k in range(members) for name in built[k].task_modules)

    def forward(self, x: Tensor) -> Tensor:
        """Mean logits (N, tasks, H, W) of (N, in_channels, H, W)."""
        return torch.stack([member(x) for member in self.members]).mean(0)
