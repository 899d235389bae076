"""Write a network as an ONNX graph whose weights are in the `model.safetensors` beside it.

Each weight is stored once, and both engines read the same bytes. OpenVINO maps the file into memory.
"""

import io
import json
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx import helper
from torch import nn

from retseg.files import replacing
from retseg.networks import NetworkError

OPSET = 17

INLINE_LIMIT = 1024
"""A constant of more bytes must be one of the weights. A smaller one, such as a shape, may be in the graph."""


def export_onnx(network: nn.Module, in_channels: int, path: Path, weights: Path) -> None:
    """Write `network` in evaluation mode as an ONNX graph for any batch, height and width.

    The input is named `image` (N, in_channels, H, W), the output `logits` (N, tasks, H, W), both float32. A weight
    stored in half precision is followed by a cast to single precision. Batch normalisation stays as it is in torch;
    OpenVINO folds it into the convolution when it compiles.

    Args:
        network: its mode, training or evaluation, is not changed.
        in_channels: channels of the input.
        path: of the graph; an older file is replaced.
        weights: the network's weights, as `weights.save_weights` wrote them into the same folder.

    Raises:
        NetworkError: the graph holds a constant over `INLINE_LIMIT` that is not in the file of weights, or the file
            stores a weight in another shape.
        OutputError: the folder cannot be written.
    """
    graph = onnx.load_from_string(trace(network, in_channels))
    _refer_to_weights(graph.graph, weights)
    with replacing(path) as beside:
        beside.write_bytes(graph.SerializeToString())


def trace(network: nn.Module, in_channels: int, size: tuple[int, int] = (128, 128)) -> bytes:
    """The graph with its weights inside, their names and values untouched, traced at (height, width) pixels."""
    device = next((weight.device for weight in network.parameters()), torch.device("cpu"))
    example = torch.rand(1, in_channels, *size, device=device)
    free = {0: "batch", 2: "height", 3: "width"}
    training = network.training
    network.eval()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    stream = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (example,),
                stream,  # type: ignore[arg-type]  # streams are missing in the annotation
                input_names=["image"],
                output_names=["logits"],
                opset_version=OPSET,
                dynamic_axes={"image": free, "logits": free},
                dynamo=False,
                # With these two options no constant is computed from the weights: the graph has the weights of the
                # file.
                training=torch.onnx.TrainingMode.PRESERVE,
                do_constant_folding=False,
            )
    finally:
        network.train(training)
    return stream.getvalue()


def _refer_to_weights(graph: onnx.GraphProto, weights: Path) -> None:
    """Replace the values of the graph's weights by their positions in the file; cast those stored in half precision."""
    header, start = _read_header(weights)
    casts = []
    for tensor in graph.initializer:
        stored = header.get(tensor.name)
        if stored is None:
            if len(tensor.raw_data) > INLINE_LIMIT:
                raise NetworkError(
                    f"the graph holds '{tensor.name}', which is not in {weights}: export the same network"
                )
            continue
        if stored["shape"] != list(tensor.dims):
            raise NetworkError(
                f"{weights} stores '{tensor.name}' in the shape {stored['shape']}, the graph needs {list(tensor.dims)}"
            )
        if stored["dtype"] == "F16":
            casts.append(helper.make_node("Cast", [f"{tensor.name}.half"], [tensor.name], to=onnx.TensorProto.FLOAT))
            tensor.name = f"{tensor.name}.half"
            tensor.data_type = onnx.TensorProto.FLOAT16
        begin, end = stored["data_offsets"]
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", weights.name), ("offset", start + begin), ("length", end - begin)):
            tensor.external_data.add(key=key, value=str(value))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _read_header(path: Path) -> tuple[Mapping[str, Any], int]:
    """The table of a safetensors file, by the names of the tensors, and the position of the first tensor in bytes."""
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        return json.loads(stream.read(length)), 8 + length
