"""What an ONNX file names is read before native code parses it: files, operators, numbers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from retseg.models import PACKAGED_MODELS
from retseg.models.graph import GraphError, check_graph

Change = Callable[[onnx.ModelProto], object]


def write_graph(path: Path, change: Change = lambda _: None) -> None:
    """A convolution of 1 x 1 with its two weights, and what `change` makes of it."""
    free = ["batch", 3, "height", "width"]
    weight = onnx.numpy_helper.from_array(np.array([0, 40, 0], np.float32).reshape(1, 3, 1, 1), "weight")
    bias = onnx.numpy_helper.from_array(np.array([-16], np.float32), "bias")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["image", "weight", "bias"], ["logits"])],
        "green",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, free)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1, "height", "width"])],
        [weight, bias],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    change(model)
    path.write_bytes(model.SerializeToString())


def point(location: str, offset: int = 0, length: int = 12) -> Change:
    """Let the weight lie in another file."""

    def change(model: onnx.ModelProto) -> None:
        weight = model.graph.initializer[0]
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", offset), ("length", length)):
            weight.external_data.add(key=key, value=str(value))

    return change


def add_loop(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["count"], ["x"], body=body))


def fill(values: list[float]) -> Change:
    def change(model: onnx.ModelProto) -> None:
        model.graph.initializer[0].raw_data = np.array(values, np.float32).tobytes()

    return change


def name_values(model: onnx.ModelProto) -> None:
    bias = model.graph.initializer[1]
    bias.ClearField("raw_data")
    bias.float_data.extend([float("inf")])


def test_a_graph_with_its_weights_inside_or_in_a_file_of_the_card_is_accepted(tmp_path: Path) -> None:
    write_graph(tmp_path / "model.onnx")
    check_graph(tmp_path / "model.onnx", ())
    (tmp_path / "model.safetensors").write_bytes(bytes(20))
    write_graph(tmp_path / "model.onnx", point("model.safetensors", 8))
    check_graph(tmp_path / "model.onnx", ("model.safetensors",))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (point("weights.bin"), "takes 'weight' from 'weights.bin', which the card does not list"),
        (point("../model.safetensors"), "which the card does not list"),
        (point("/etc/passwd"), "takes 'weight' from '/etc/passwd'"),
        (point("model.safetensors", 12), "from byte 12 to 24 of model.safetensors, which has 20"),
        (point("model.safetensors", -4), "from byte -4"),
        (point("model.safetensors", 0, 8), r"stores 'weight' in 8 bytes, its shape \[1, 3, 1, 1\] needs 12"),
        (add_loop, "holds a graph within the operator 'Loop'"),
        (lambda model: setattr(model.graph.node[0], "domain", "org.evil"), "'Conv' of 'org.evil'"),
        (
            lambda model: setattr(model.graph.node[0], "op_type", "RandomNormal"),
            "'RandomNormal', which is not on the list",
        ),
        (fill([0, float("nan"), 0]), "has weights in 'weight' that are not finite"),
        (name_values, "has weights in 'bias' that are not finite"),
        (fill([0, 1]), "in 8 bytes"),
    ],
    ids=[
        "unlisted",
        "above",
        "absolute",
        "behind",
        "before",
        "short",
        "loop",
        "domain",
        "operator",
        "nan",
        "inf",
        "shape",
    ],
)
def test_a_graph_that_names_what_it_must_not_is_refused(tmp_path: Path, change: Change, complaint: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(20))
    (tmp_path / "weights.bin").write_bytes(bytes(20))
    write_graph(tmp_path / "model.onnx", change)
    with pytest.raises(GraphError, match=complaint):
        check_graph(tmp_path / "model.onnx", ("model.safetensors",))


def test_bytes_that_are_no_graph_are_refused_and_never_crash(tmp_path: Path) -> None:
    write_graph(tmp_path / "model.onnx")
    good = (tmp_path / "model.onnx").read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(300):
        mutated = bytearray(good)
        for place in rng.integers(0, len(good), 3):
            mutated[place] = rng.integers(0, 256)
        (tmp_path / "model.onnx").write_bytes(mutated[: rng.integers(1, len(good) + 1)])
        try:
            check_graph(tmp_path / "model.onnx", ())
        except GraphError:
            refused += 1
    assert refused > 150


@pytest.mark.parametrize("folder", sorted(PACKAGED_MODELS.glob("*/model.onnx")), ids=lambda path: path.parent.name)
def test_every_shipped_graph_is_accepted(folder: Path) -> None:
    check_graph(folder, ("model.safetensors",))
