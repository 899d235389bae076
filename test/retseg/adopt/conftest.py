"""Foreign checkpoints: small ones that are made here, and the real ones beside the data sets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from retseg.adopt.adopting import Trial, try_source
from retseg.adopt.declared import Declared, make_standard
from retseg.adopt.opening import Wanted, open_source
from retseg.adopt.readout import choose_readout
from retseg.adopt.source import Source
from retseg.models import Inference
from retseg.preprocessing import Framing


@pytest.fixture(scope="session")
def foreign(data_root: Path) -> Path:
    """The folder of checkpoints that others trained, beside the data sets."""
    folder = data_root.parent / "models"
    if not folder.is_dir():
        pytest.skip("there is no folder models/ with checkpoints of others beside RETSEG_DATA")
    return folder


def declare_network(source: Source, **changes: object) -> Declared:
    """A network for vessels, RGB from 0 to 1, cropped to the field of view, at its own scale."""
    said = {"channels": "rgb", "normalise": "unit", "tasks": {"vessel": ()}, "activation": None, "inside": False}
    said |= {"region": "field_of_view", "diameter": 0, "size": (), **changes}
    readout = choose_readout(said["tasks"], source.classes, said["activation"], said["inside"] or source.inside)
    standard = make_standard(said["normalise"], said["channels"])
    region = "frame" if said["size"] else said["region"]
    return Declared(said["channels"], standard, readout, said["diameter"], Framing(region, said["size"]), Inference())


def try_file(path: Path, wanted: Wanted | None = None, **changes: object) -> Trial:
    """Open a checkpoint and try it as declared; all but the writing of the model."""
    source = open_source((path,), wanted or Wanted(3, (1, 2)))
    return try_source(source, declare_network(source, **changes))


@pytest.fixture(scope="session")
def vessels(repository: Path) -> Path:
    """A trained network for vessels as a plain ONNX file: it standardises by the field of view itself."""
    return repository / "model_weights" / "vessel-drive" / "model.onnx"


def write_network(path: Path, nodes: list[Any], constants: dict[str, Any], outputs: int = 1, size: Any = None) -> Path:
    """A small ONNX file from `image` (N, 3, H, W) to `map`."""
    height, width = size or ("height", "width")
    given = [("image", ["batch", 3, height, width]), ("map", ["batch", outputs, height, width])]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in given]
    weights = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "net", values[:1], values[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def write_green_network(
    path: Path, weight: float = 40.0, bias: float = -16.0, end: str = "Identity", **more: Any
) -> Path:
    """A network of one pixel, whose score rises with green; `end` is its last operator."""
    kernel = np.array([0, weight, 0]).reshape(1, 3, 1, 1)
    nodes = [
        helper.make_node("Conv", ["image", "kernel", "bias"], ["score"]),
        helper.make_node(end, ["score"], ["map"]),
    ]
    return write_network(path, nodes, {"kernel": kernel, "bias": np.array([bias])}, **more)


@pytest.fixture(scope="session")
def declare() -> Callable[..., Declared]:
    """Says what a source is, see `declare_network`."""
    return declare_network


@pytest.fixture(scope="session")
def adopt() -> Callable[..., Trial]:
    """Tries a file, see `try_file`."""
    return try_file


@pytest.fixture(scope="session")
def write_onnx() -> Callable[..., Path]:
    """Writes a file, see `write_network`."""
    return write_network


@pytest.fixture(scope="session")
def write_green() -> Callable[..., Path]:
    """Writes a file, see `write_green_network`."""
    return write_green_network
