"""Fold batch normalisation into the convolutions before it.

OpenVINO folds it too, but it computes the new kernels slowly. With this module the models start as fast as with folded
weights. The objects of OpenVINO have no types, so they are `Any` here.
"""

from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

Array = NDArray[np.float32]


def fold_batch_norm(model: Any) -> int:
    """Replace every convolution, bias and batch normalisation in a row by a convolution and a bias, in place.

    A row is left as it is if another node reads one of the values inside it.

    Args:
        model: an `openvino.Model`.

    Returns:
        How many were folded.
    """
    return sum(_fold(node) for node in model.get_ops() if node.get_type_name() == "BatchNormInference")


def _fold(norm: Any) -> bool:
    bias: Array | None = np.zeros(1, np.float32)
    before = norm.input_value(0).get_node()
    chain = [before]
    if before.get_type_name() == "Add":
        bias = _read_constant(before.input_value(1).get_node())
        before = before.input_value(0).get_node()
        chain.append(before)
    if before.get_type_name() != "Convolution" or any(_count_readers(node) != 1 for node in chain):
        return False
    kernel = _read_constant(before.input_value(1).get_node())
    gamma, beta, mean, variance = (_read_constant(norm.input_value(k).get_node()) for k in range(1, 5))
    if kernel is None or bias is None or gamma is None or beta is None or mean is None or variance is None:
        return False
    scale = gamma / np.sqrt(variance + np.float32(norm.get_attributes()["epsilon"]))
    folded = kernel * scale[:, None, None, None]
    shift = ((bias.reshape(-1) - mean) * scale + beta).reshape(1, -1, 1, 1)
    constant, add = openvino.opset13.constant, openvino.opset13.add
    before.input(1).replace_source_output(constant(folded, shared_memory=True).output(0))
    norm.output(0).replace(add(before.output(0), constant(shift.astype(np.float32))).output(0))
    return True


def _count_readers(node: Any) -> int:
    """How many nodes read the values of a node. Nodes that read only its shape, as a bias does, do not count."""
    readers = (each.get_node().get_type_name() for each in node.output(0).get_target_inputs())
    return sum(name != "ShapeOf" for name in readers)


def _read_constant(node: Any) -> Array | None:
    """The float32 values of a constant, after casts and reshapes; None if the node is not a constant."""
    while node.get_type_name() in ("Convert", "Reshape"):
        node = node.input_value(0).get_node()
    return np.asarray(node.data, np.float32) if node.get_type_name() == "Constant" else None
