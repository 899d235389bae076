"""Batch normalisation folded into convolutions: the same logits, and nothing folded that something else reads."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
import torch
from torch import Tensor, nn

from retseg.engine.folding import fold_batch_norm
from retseg.engine.signal_stack import keeping_signal_stack
from retseg.networks.onnx import export_onnx
from retseg.networks.weights import save_weights

torch.set_num_threads(1)


class ReadTwice(nn.Module):
    """A convolution whose output goes into batch normalisation and past it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)
        return self.norm(x) + x


def row(bias: bool) -> list[nn.Module]:
    return [nn.Conv2d(3, 4, 3, padding=1, bias=bias), nn.BatchNorm2d(4), nn.ReLU()]


def read(network: nn.Module, folder: Path) -> Any:
    torch.manual_seed(0)
    for value in (*network.parameters(), *network.buffers()):
        if value.is_floating_point():
            nn.init.uniform_(value, 0.2, 1)
    save_weights(network.state_dict(), folder / "model.safetensors")
    export_onnx(network, 3, folder / "model.onnx", folder / "model.safetensors")
    return openvino.Core().read_model(folder / "model.onnx")


def run(model: Any, image: np.ndarray) -> np.ndarray:
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    with keeping_signal_stack():
        return np.asarray(openvino.Core().compile_model(model, "CPU", settings)(image)[0])


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (nn.Sequential(*row(True), nn.Conv2d(4, 3, 1), *row(False)), 2),
        (nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 2, 1)), 0),
        (nn.Sequential(nn.Conv2d(3, 3, 3, groups=3), nn.BatchNorm2d(3)), 0),
        (ReadTwice(), 0),
    ],
    ids=["rows", "norm first", "grouped", "read twice"],
)
def test_what_is_folded_gives_the_same_logits(network: nn.Module, count: int, tmp_path: Path) -> None:
    model = read(network, tmp_path)
    image = np.random.default_rng(0).random((1, 3, 16, 20), np.float32)
    before = run(model, image)
    assert fold_batch_norm(model) == count
    names = [node.get_type_name() for node in model.get_ops()]
    assert count == 0 or "BatchNormInference" not in names
    np.testing.assert_allclose(run(model, image), before, rtol=1e-4, atol=1e-4)
