"""Check what a `model.onnx` names, its tensors and operators, before native code parses the file.

An ONNX file may point to weights in other files, may hold graphs within its operators (`Loop`, `If`, `Scan`), and may
hold numbers that are not finite. Each is checked here. The numbers of the fields are those of `onnx.proto3`.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from retseg.errors import RetsegError

Field = tuple[int, int | memoryview]

BYTES_OF_KIND = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
"""ONNX's number of a data type to the bytes of one element."""

FLOATS: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 10: np.dtype("<f2"), 11: np.dtype("<f8")}

DOMAINS = ("", "ai.onnx")
"""Of ONNX's own operators."""

# fmt: off
OPERATORS = frozenset({
    "Abs", "Add", "And", "ArgMax", "AveragePool", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat",
    "Constant", "ConstantOfShape", "Conv", "ConvTranspose", "Cos", "DepthToSpace", "DequantizeLinear", "Div",
    "Dropout", "Elu", "Equal", "Erf", "Exp", "Expand", "Flatten", "Floor", "Gather", "GatherElements", "GatherND",
    "Gelu", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "Greater", "GreaterOrEqual", "GroupNormalization",
    "HardSigmoid", "HardSwish", "Identity", "InstanceNormalization", "LayerNormalization", "LeakyRelu", "Less",
    "LessOrEqual", "Log", "LogSoftmax", "MatMul", "Max", "MaxPool", "Mean", "Min", "Mish", "Mod", "Mul", "Neg",
    "Not", "Or", "PRelu", "Pad", "Pow", "QuantizeLinear", "Range", "Reciprocal", "ReduceL2", "ReduceMax",
    "ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Reshape", "Resize", "Round", "Selu", "Shape", "Sigmoid",
    "Sign", "Sin", "Size", "Slice", "Softmax", "Softplus", "SpaceToDepth", "Split", "Sqrt", "Squeeze", "Sub", "Sum",
    "Tanh", "Tile", "Transpose", "Trilu", "Unsqueeze", "Where",
})
# fmt: on
"""What networks of convolutions and of attention consist of. Nothing of it repeats, draws at random or reads a file."""

EXTERNAL_KEYS = ("location", "offset", "length")


class GraphError(RetsegError):
    """A graph names what it must not, or cannot be read; the message is half a sentence without the file."""


@dataclass
class _Tensor:
    """One tensor of the graph: its values are in the file (`raw`) or in another one (`external`)."""

    name: str = ""
    kind: int = 0
    shape: list[int] = field(default_factory=list)
    raw: memoryview | None = None
    external: dict[str, str] = field(default_factory=dict)


def check_graph(path: Path, files: Collection[str]) -> None:
    """Refuse a graph that reads other files than those of its model, holds graphs of its own, or weights like NaN.

    Args:
        path: of the ONNX file.
        files: names of the files beside it that are checked otherwise, and that it may point into.

    Raises:
        GraphError: the graph is refused, or the file is not ONNX.
    """
    with path.open("rb") as stream:
        content = memoryview(stream.read())
    try:
        for tensor in _list_tensors(content):
            _check_tensor(tensor, path.parent, files)
    except (IndexError, ValueError, UnicodeDecodeError) as error:
        if isinstance(error, GraphError):
            raise
        raise GraphError("is not an ONNX file that can be read") from error


def _list_tensors(model: memoryview) -> Iterator[_Tensor]:
    for graph in _messages(model, 7):
        fields = list(_fields(graph))
        yield from map(_read_tensor, _pick(fields, 5))
        for node in _pick(fields, 1):
            yield from _list_node_tensors(list(_fields(node)))
        if any(number == 15 for number, _ in fields):
            raise GraphError("holds sparse weights; a network needs none")
    if any(number == 25 for number, _ in _fields(model)):
        raise GraphError("defines functions of its own; a network needs none")


def _list_node_tensors(node: Sequence[Field]) -> Iterator[_Tensor]:
    """The tensors among the attributes of an operator, which must be a known one without graphs of its own."""
    name, domain = (_text(_pick(node, number)) for number in (4, 7))
    if domain not in DOMAINS:
        raise GraphError(f"uses the operator '{name}' of '{domain}', which is not ONNX's own")
    for attribute in _pick(node, 5):
        fields = list(_fields(attribute))
        if any(number in (6, 11) for number, _ in fields):
            raise GraphError(f"holds a graph within the operator '{name}'; a network needs none")
        for number in (5, 10):
            yield from map(_read_tensor, _pick(fields, number))
    if name not in OPERATORS:
        raise GraphError(f"uses the operator '{name}', which is not on the list in retseg/models/graph.py")


def _read_tensor(message: memoryview) -> _Tensor:
    tensor = _Tensor()
    for number, value in _fields(message):
        if number == 1:
            tensor.shape += [value] if isinstance(value, int) else list(_varints(value))
        elif number == 2 and isinstance(value, int):
            tensor.kind = value
        elif number == 8 and isinstance(value, memoryview):
            tensor.name = bytes(value).decode()
        elif number in (4, 9, 10) and isinstance(value, memoryview):
            tensor.raw = value
        elif number == 13 and isinstance(value, memoryview):
            tensor.external[_text(_messages(value, 1))] = _text(_messages(value, 2))
    return tensor


def _check_tensor(tensor: _Tensor, folder: Path, files: Collection[str]) -> None:
    values: memoryview | bytes | None = tensor.raw
    if tensor.external:
        values = _read_external(tensor, folder, files)
    if values is None or tensor.kind not in BYTES_OF_KIND:
        return
    needed = math.prod(tensor.shape) * BYTES_OF_KIND[tensor.kind]
    if needed != len(values):
        raise GraphError(f"stores '{tensor.name}' in {len(values)} bytes, its shape {tensor.shape} needs {needed}")
    if tensor.kind in FLOATS and not np.isfinite(np.frombuffer(values, FLOATS[tensor.kind])).all():
        raise GraphError(f"has weights in '{tensor.name}' that are not finite")


def _read_external(tensor: _Tensor, folder: Path, files: Collection[str]) -> bytes:
    location = tensor.external.get("location", "")
    unknown = [key for key in tensor.external if key not in EXTERNAL_KEYS]
    if location not in files or unknown:
        found = f"the key '{unknown[0]}'" if unknown else f"'{location}'"
        raise GraphError(f"takes '{tensor.name}' from {found}, which the card does not list")
    offset, length = (int(tensor.external.get(key, "0")) for key in ("offset", "length"))
    size = (folder / location).stat().st_size
    if offset < 0 or length < 0 or offset + length > size:
        raise GraphError(
            f"takes '{tensor.name}' from byte {offset} to {offset + length} of {location}, which has {size}"
        )
    with (folder / location).open("rb") as stream:
        stream.seek(offset)
        return stream.read(length or size - offset)


def _messages(message: memoryview, wanted: int) -> Iterator[memoryview]:
    return _pick(_fields(message), wanted)


def _pick(fields: Iterable[Field], wanted: int) -> Iterator[memoryview]:
    for number, value in fields:
        if number == wanted and isinstance(value, memoryview):
            yield value


def _text(values: Iterator[memoryview]) -> str:
    return next((bytes(value).decode() for value in values), "")


def _fields(message: memoryview) -> Iterator[Field]:
    """The fields of one protobuf message: number, and an integer or the bytes of a field with a length.

    Raises:
        ValueError, IndexError: the bytes are no message.
    """
    position = 0
    while position < len(message):
        key = message[position]
        position += 1
        if key > 127:  # few keys have more than one byte
            key, position = _varint(message, position - 1)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire == 2:
            length, position = _varint(message, position)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire}")
        if position + length > len(message):
            raise IndexError
        yield number, message[position : position + length]
        position += length


def _varints(packed: memoryview) -> Iterator[int]:
    position = 0
    while position < len(packed):
        value, position = _varint(packed, position)
        yield value


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """A number of up to ten bytes, seven bits each, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = message[position]
        position += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position
    raise ValueError("a number of more than ten bytes")
