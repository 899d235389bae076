"""Turn what was read into a graph: an ONNX file as it is, torch modules and programs by torch's exporters."""

import io
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from retseg.adopt.error import AdoptError
from retseg.adopt.reading import AGAIN
from retseg.adopt.source import Reference, Source
from retseg.networks.onnx import trace

PROGRAM_OPSET = 18
ORACLE_SIDE = 64
"""Pixels: onnx's own interpreter is slow, so it runs a small tile."""


def run_module(module: Any) -> Reference:
    """Runs a torch module in single precision."""

    @torch.inference_mode()
    def run(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(module(torch.from_numpy(tiles)).float().numpy())

    return run


def trace_module(module: Any, kind: str, channels: int, size: tuple[int, int] | None = None) -> Source:
    """The graph of a torch module.

    Args:
        module: in evaluation mode; gives one tensor (N, classes, H, W).
        kind: what it was read from.
        channels: of its input.
        size: (height, width), the only one that it takes; None where they are free.

    Raises:
        AdoptError: it does not take such an image, gives no such tensor, or cannot be exported.
    """
    classes = _count_classes(module, kind, channels, size or (128, 128))
    try:
        graph = onnx.load_from_string(trace(module, channels, size or (128, 128)))
    except Exception as error:  # the exporter raises many kinds
        reason = str(error).strip().split("\n")[0]
        raise AdoptError(
            f"{kind} cannot be written as ONNX ({reason}): export it by the program that made it, and adopt that"
        ) from error
    return Source(kind, graph, run_module(module), channels, classes, size)


def _count_classes(module: Any, kind: str, channels: int, size: tuple[int, int]) -> int:
    try:
        with torch.inference_mode():
            given = module(torch.rand(1, channels, *size))
    except Exception as error:  # as many kinds as there are networks
        reason = str(error).strip().split("\n")[0]
        raise AdoptError(
            f"{kind} does not take an image of {channels} channels and {size[1]} x {size[0]} pixels ({reason}): give "
            "the --channels that it was trained with, or adopt an ONNX file with free height and width"
        ) from error
    if not isinstance(given, torch.Tensor) or given.ndim != 4:
        found = f"a tensor of {given.ndim} axes" if isinstance(given, torch.Tensor) else f"a {type(given).__name__}"
        raise AdoptError(f"{kind} gives {found}, wanted one tensor (N, classes, H, W): wrap it so that it gives that")
    return int(given.shape[1])


def trace_program(program: torch.export.ExportedProgram, channels: int) -> Source:
    """The graph of an exported program; its height and width are free only if they were free when it was exported.

    Raises:
        AdoptError: it cannot be written as ONNX.
    """
    kind = "torch.export program"
    example = program.example_inputs[0][0] if program.example_inputs else torch.rand(1, channels, 128, 128)
    if example.ndim != 4:
        raise AdoptError(f"{kind} takes a tensor of {example.ndim} axes, wanted (N, C, H, W): export it for images")
    size = int(example.shape[2]), int(example.shape[3])
    module = program.module()
    classes = _count_classes(module, kind, int(example.shape[1]), size)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = torch.onnx.export(program, dynamo=True, verbose=False, opset_version=PROGRAM_OPSET)
            assert made is not None
            graph, fixed = made.model_proto, _find_fixed(made.model_proto.graph.input[0])
        except Exception:  # symbolic sizes that the exporter does not know
            graph, fixed = _trace_fixed(module, example), size
    return Source(kind, graph, run_module(module), int(example.shape[1]), classes, fixed)


def _trace_fixed(module: Any, example: torch.Tensor) -> Any:
    """The graph of a module for the size of one image only."""
    stream = io.BytesIO()
    try:
        scripted = torch.jit.trace(module, example, check_trace=False)  # type: ignore[no-untyped-call]
        torch.onnx.export(scripted, (example,), stream, opset_version=17, dynamo=False)  # type: ignore[arg-type]
    except Exception as error:  # the exporter raises many kinds
        raise AdoptError("the exported program cannot be written as ONNX: adopt an ONNX file of it instead") from error
    return onnx.load_from_string(stream.getvalue())


def read_onnx(path: Path) -> Source:
    """The network of an ONNX file.

    Raises:
        AdoptError: it is damaged, or has not one image as input and one map as output, in single precision.
    """
    try:
        graph = onnx.load(path)
        onnx.checker.check_model(graph)
    except Exception as error:  # protobuf, and onnx's own kinds
        raise AdoptError(f"{path} is no ONNX file that can be read, it is truncated or damaged: {AGAIN}") from error
    weights = {tensor.name for tensor in graph.graph.initializer}
    inputs = [value for value in graph.graph.input if value.name not in weights]
    outputs = list(graph.graph.output)
    if len(inputs) != 1 or len(outputs) != 1:
        raise AdoptError(
            f"{path} has {len(inputs)} inputs and {len(outputs)} outputs, wanted one image and one map: export the "
            "network so that it gives its final map alone"
        )
    for value in (*inputs, *outputs):
        if value.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
            raise AdoptError(f"'{value.name}' of {path} is not of type float32: export the network in single precision")
    shape = _read_shape(inputs[0])
    if len(shape) != 4 or not shape[1]:
        raise AdoptError(f"the input of {path} has the shape {shape}, wanted (N, C, H, W): export it for images")
    size = _find_fixed(inputs[0])
    evaluator = _make_oracle(graph, inputs[0].name)
    side = size or (ORACLE_SIDE, ORACLE_SIDE)
    classes = _read_shape(outputs[0])[1:2]
    count = classes[0] if classes and classes[0] else _count_by(evaluator, shape[1], side)
    reach = max(size) if size else ORACLE_SIDE
    return Source("ONNX", graph, evaluator, shape[1], count, size, reach)


def _make_oracle(graph: Any, name: str) -> Reference:
    """Runs a graph by onnx's own interpreter, which shares no code with OpenVINO."""
    from onnx.reference import ReferenceEvaluator

    def run(tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(ReferenceEvaluator(graph).run(None, {name: tiles})[0], np.float32)  # type: ignore[index]

    return run


def _count_by(run: Reference, channels: int, size: tuple[int, int]) -> int:
    try:
        given = run(np.zeros((1, channels, *size), np.float32))
    except Exception as error:  # as many kinds as there are operators
        raise AdoptError(
            f"the ONNX file does not run on an image of {channels} x {size[0]} x {size[1]}: export it with free height "
            "and width"
        ) from error
    if given.ndim != 4:
        raise AdoptError(f"the ONNX file gives {given.ndim} axes, wanted (N, classes, H, W): export its final map")
    return int(given.shape[1])


def _read_shape(value: Any) -> tuple[int, ...]:
    """The axes of an ONNX value; 0 for those that are free."""
    return tuple(axis.dim_value for axis in value.type.tensor_type.shape.dim)


def _find_fixed(value: Any) -> tuple[int, int] | None:
    shape = _read_shape(value)
    return (shape[2], shape[3]) if len(shape) == 4 and shape[2] and shape[3] else None
