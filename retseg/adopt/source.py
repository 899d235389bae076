"""A foreign network as a graph, whatever it was read from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reference = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Runs the network by the program that it comes from: float32 (N, C, H, W) to what it gives, (N, classes, H, W)."""


@dataclass(frozen=True)
class Source:
    """A network that was read.

    Attributes:
        kind: what the file is, such as `ONNX` or `state dict of smp:Unet`.
        graph: an `onnx.ModelProto` with one input (N, C, H, W) and one output, as it was trained, weights inside.
        run: the same network by the program that it comes from.
        channels: of its input.
        classes: number of its outputs for a pixel.
        size: (height, width), the only one that the graph takes; None where they are free.
        reach: how large a test of agreement may be, in pixels of a side.
        inside: whether the graph itself gives probabilities, as that of an ensemble does.
        files: name to SHA-256 of files in a folder that it was read from.
    """

    kind: str
    graph: Any
    run: Reference
    channels: int
    classes: int
    size: tuple[int, int] | None = None
    reach: int = 256
    inside: bool = False
    files: dict[str, str] = field(default_factory=dict)
