"""Put around a foreign graph what the engines expect: pixels from 0 to 1 go in, the logits of the tasks come out."""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from retseg.adopt.declared import Readout, Standard

EDGE = 1e-7
"""Probabilities are cut to [EDGE, 1 - EDGE] before their logit is taken."""

PREFIX = "adopted."
"""Begins the names of what is added, so that none is the foreign graph's."""


def attach(source: Any, standard: Standard, readout: Readout) -> Any:
    """The graph of a model folder: (N, C, H, W) to the logits of the tasks, (N, tasks, H, W).

    Args:
        source: an `onnx.ModelProto`, as it was trained.
        standard: how pixels are standardised.
        readout: what the outputs of the source mean.
    """
    model = copy.deepcopy(source)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    given = next(value for value in graph.input if value.name not in weights)
    before = _Nodes("before")
    seen = before.standardise(f"{PREFIX}image", standard)
    before.rename(seen, given.name)
    after = _Nodes("after")
    logits = after.read_out(graph.output[0].name, readout)
    nodes = [*before.nodes, *graph.node, *after.nodes]
    image, result = copy.deepcopy(given), copy.deepcopy(graph.output[0])
    image.name, result.name = f"{PREFIX}image", logits
    shape = result.type.tensor_type.shape
    if len(shape.dim) == 4:
        shape.dim[1].dim_value = len(readout.classes)
    for part, content in ((graph.node, nodes), (graph.input, [image]), (graph.output, [result])):
        del part[:]
        part.extend(content)
    graph.initializer.extend([*before.constants, *after.constants])
    onnx.checker.check_model(model)
    return model


class _Nodes:
    """Collects operators and constants, all of kinds that every opset from 8 on has."""

    def __init__(self, place: str) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._place = place

    def standardise(self, value: str, standard: Standard) -> str:
        """(value - mean) / deviation, channel by channel."""
        for operator, numbers, nothing in (("Sub", standard.mean, 0.0), ("Div", standard.deviation, 1.0)):
            if any(number != nothing for number in numbers):
                value = self.add(operator, value, self.hold(np.reshape(numbers, (1, -1, 1, 1)).astype(np.float32)))
        return value

    def read_out(self, scores: str, readout: Readout) -> str:
        """The logits of the tasks from the outputs of the source."""
        every = sorted({number for chosen in readout.classes.values() for number in chosen})
        if readout.activation == "softmax" and not readout.inside:
            every = list(range(readout.count))
        outputs = {number: self.pick(scores, number) for number in every}
        tasks = []
        for chosen in readout.classes.values():
            inside = [outputs[number] for number in chosen]
            if readout.inside:
                tasks.append(self.invert(self.join("Sum" if readout.activation == "softmax" else "Max", inside)))
            elif readout.activation == "sigmoid":
                tasks.append(self.join("Max", inside))
            else:
                outside = [outputs[number] for number in every if number not in chosen]
                tasks.append(self.add("Sub", self.add_exponents(inside), self.add_exponents(outside)))
        if len(tasks) == 1:
            return self.add("Identity", tasks[0])
        return self.add("Concat", *tasks, axis=1)

    def pick(self, value: str, number: int) -> str:
        """One channel of (N, C, H, W): (N, 1, H, W)."""
        return self.add("Gather", value, self.hold(np.array([number], np.int64)), axis=1)

    def join(self, operator: str, values: Sequence[str]) -> str:
        """The sum or the maximum of several values."""
        return values[0] if len(values) == 1 else self.add(operator, *values)

    def add_exponents(self, values: Sequence[str]) -> str:
        """The logarithm of the sum of exponents, without overflow."""
        if len(values) == 1:
            return values[0]
        largest = self.add("Max", *values)
        exponents = [self.add("Exp", self.add("Sub", value, largest)) for value in values]
        return self.add("Add", self.add("Log", self.add("Sum", *exponents)), largest)

    def invert(self, probability: str) -> str:
        """The logit of a probability."""
        low, high = (self.hold(np.array(edge, np.float32)) for edge in (EDGE, 1 - EDGE))
        cut = self.add("Min", self.add("Max", probability, low), high)
        other = self.add("Sub", self.hold(np.array(1, np.float32)), cut)
        return self.add("Sub", self.add("Log", cut), self.add("Log", other))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """One operator; gives the name of its result."""
        result = f"{PREFIX}{self._place}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [result], **attributes))
        return result

    def hold(self, values: NDArray[Any]) -> str:
        """One constant; gives its name."""
        name = f"{PREFIX}{self._place}.constant.{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def rename(self, value: str, name: str) -> None:
        """Give a value the name by which the foreign graph reads it."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))
