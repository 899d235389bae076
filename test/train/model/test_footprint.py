"""The margin and the memory of a network are measured, so that its tiles can be planned."""

from pathlib import Path

import torch

from retseg.networks import build_network
from retseg.networks.onnx import export_onnx
from retseg.networks.weights import save_weights
from train.model.footprint import measure_margin, measure_memory


def test_the_margin_of_a_convolution_is_its_radius_rounded_up() -> None:
    torch.manual_seed(0)
    assert measure_margin(torch.nn.Conv2d(3, 1, 11, padding=5), 3, 1, 128) == 5
    assert measure_margin(torch.nn.Conv2d(3, 1, 11, padding=5), 3, 8, 128) == 8


def test_the_margin_of_a_u_net_grows_with_its_depth() -> None:
    torch.manual_seed(0)
    shallow, deep = (build_network("unet", {"widths": [4] * depth}).eval() for depth in (2, 4))
    assert 0 < measure_margin(shallow, 3, 8, 384) < measure_margin(deep, 3, 8, 384)


def test_a_network_that_weighs_its_channels_by_the_whole_image_has_no_margin() -> None:
    torch.manual_seed(0)
    assert measure_margin(build_network("senet_unet", {"widths": [4, 4]}).eval(), 3, 8, 128) == 0


def test_twice_the_channels_need_more_memory(tmp_path: Path) -> None:
    found = []
    for width in (8, 32):
        network = build_network("unet", {"widths": [width, width]}).eval()
        save_weights(network.state_dict(), tmp_path / "model.safetensors")
        export_onnx(network, 3, tmp_path / "model.onnx", tmp_path / "model.safetensors")
        found.append(measure_memory(tmp_path / "model.onnx", 3))
    assert 4 * 8 < found[0] < found[1] < 4 * 32 * 20
