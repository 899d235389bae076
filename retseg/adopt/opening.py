"""Open a checkpoint, whatever it is, as a `Source`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from retseg.adopt.error import AdoptError
from retseg.adopt.libraries import build, find_classes, recognise_network
from retseg.adopt.reading import find_in_channels, load_program, load_table, load_torchscript, read_table, recognise
from retseg.adopt.source import Source
from retseg.adopt.tracing import read_onnx, trace_module, trace_program


@dataclass(frozen=True)
class Wanted:
    """What is asked of a checkpoint.

    Attributes:
        channels: that the network is to take.
        classes: the numbers of outputs that would fit the tasks, the likeliest first.
        activation: of the outputs; an ensemble averages probabilities.
        network: `LIBRARY:NAME` of a state dict.
        arguments: of that network.
    """

    channels: int
    classes: Sequence[int]
    activation: str = ""
    network: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)


def open_source(paths: Sequence[Path], wanted: Wanted) -> Source:
    """The network of a checkpoint.

    Args:
        paths: of the checkpoint.
        wanted: what is asked of it.

    Raises:
        AdoptError: it cannot be read, or is not what is asked for.
    """
    kinds = {recognise(path) for path in paths}
    if len(paths) > 1 and kinds != {"weights"}:
        raise AdoptError("several checkpoints are one ensemble, and must all be state dicts of one network: give one")
    kind = kinds.pop()
    if kind == "onnx":
        return read_onnx(paths[0])
    if kind == "torchscript":
        program = load_torchscript(paths[0])
        return trace_module(program, "TorchScript program", find_in_channels(program.state_dict()) or wanted.channels)
    if kind == "program":
        return trace_program(load_program(paths[0]), wanted.channels)
    return _open_weights(paths, wanted)


def _open_weights(paths: Sequence[Path], wanted: Wanted) -> Source:
    tables = [read_table(path) for path in paths]
    channels = find_in_channels(tables[0]) or wanted.channels
    name = wanted.network or recognise_network(tables[0])
    if not name:
        raise AdoptError(
            f"{paths[0]} holds weights without a network: name it, as --network smp:Unet --argument "
            "encoder_name=resnet34"
        )
    members, classes = [], tuple(wanted.classes)
    for weights in tables:
        member, count = _fill(name, weights, channels, replace(wanted, classes=classes))
        members.append(member)
        classes = (count,)  # of the others too
    if len(members) == 1:
        return trace_module(members[0], f"state dict of {name}", channels)
    ensemble = Ensemble(members, wanted.activation or ("sigmoid" if classes == (1,) else "softmax"))
    source = trace_module(ensemble.eval(), f"{len(members)} state dicts of {name}", channels)
    return replace(source, inside=True)


def _fill(name: str, weights: Mapping[str, torch.Tensor], channels: int, wanted: Wanted) -> tuple[torch.nn.Module, int]:
    """A network with its weights, and the number of its outputs."""
    failure: AdoptError | None = None
    for classes in find_classes(name, weights) or wanted.classes:
        module = build(name, wanted.arguments, channels, classes)
        try:
            load_table(module, weights, name)
        except AdoptError as error:
            failure = failure or error
            continue
        return module, classes
    assert failure is not None
    raise failure


class Ensemble(torch.nn.Module):
    """The mean of the members' probabilities."""

    def __init__(self, members: Sequence[torch.nn.Module], activation: str) -> None:
        super().__init__()
        self.members = torch.nn.ModuleList(members)
        self._softmax = activation == "softmax"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Probabilities (N, classes, H, W) of (N, C, H, W)."""
        scores = [member(x) for member in self.members]
        found = [each.softmax(1) if self._softmax else each.sigmoid() for each in scores]
        return torch.stack(found).mean(0)
