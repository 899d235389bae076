"""What every architecture promises, asked of each of them at a small width."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
import torch
from safetensors.torch import load_file

from retseg.networks import ARCHITECTURES, build_network
from retseg.networks.network import Network
from retseg.networks.onnx import export_onnx
from retseg.networks.weights import save_weights

torch.set_num_threads(1)

SMALL: dict[str, dict[str, Any]] = {
    "attention_unet": {"widths": [4, 6, 8]},
    "danet": {"width": 2, "blocks": [1, 1, 1, 2]},
    "deeplabv3plus": {"encoder": "resnet18", "decoder_channels": 8},
    "ensemble": {"architecture": "unet", "arguments": {"widths": [2, 4]}, "members": 2},
    "fcn": {"widths": [4, 6, 8, 10]},
    "fcrn": {"width": 2, "blocks": [1, 1, 1, 2]},
    "hed": {"widths": [4, 4, 6, 6, 8]},
    "lwenet": {"narrow": 4},
    "nnunet_style": {"widths": [4, 6, 8, 10]},
    "r2unet": {"widths": [4, 6, 8]},
    "redseg": {"widths": [4, 4, 6, 6, 8]},
    "sam_adapter": {"variant": "tiny"},
    "saunet": {"widths": [4, 6, 8]},
    "sccunet": {"widths": [4, 6, 8, 10]},
    "segnet": {"widths": [4, 4, 6, 6, 8]},
    "senet_unet": {"widths": [4, 6, 8], "reduction": 2},
    "unet": {"widths": [4, 6, 8, 10, 12], "activation": "silu", "up": "upsample_conv"},
    "unetpp": {"widths": [4, 6, 8, 10], "attention": True, "deep_supervision": True},
    "wnet": {"widths": [2, 4, 6]},
}


def build(name: str, **more: Any) -> Network:
    torch.manual_seed(0)
    return build_network(name, SMALL[name] | more)


def settle(network: Network) -> Network:
    """Statistics and weights away from their start, so that a lost one shows and none is zero."""
    for value in network.state_dict().values():
        if value.is_floating_point():
            constant = value.numel() == 1 or value.std() == 0
            value.add_(0.1 * torch.rand(value.shape) if constant else 0.1 * value.std() * torch.randn(value.shape))
    return network.eval()


def test_every_architecture_is_asked() -> None:
    assert set(SMALL) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [(65, 84), (100, 96), (64, 64)])
def test_the_logits_have_the_size_of_the_image(name: str, size: tuple[int, int]) -> None:
    network = settle(build(name, tasks=2, in_channels=4))
    with torch.no_grad():
        assert network(torch.rand(1, 4, *size)).shape == (1, 2, *size)


@pytest.mark.parametrize("name", SMALL)
def test_gradients_reach_every_trained_parameter(name: str) -> None:
    network = settle(build(name, tasks=2)).train()
    dim_to_bright = torch.tensor([0.1, 1.0, 4.0]).reshape(3, 1, 1, 1)
    outputs = network.forward_all(dim_to_bright * torch.randn(3, 3, 67, 90))
    assert all(output.shape == (3, 2, 67, 90) for output in outputs)
    torch.stack([output.square().sum() for output in outputs]).sum().backward()
    silent = [key for key, p in network.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert not silent


@pytest.mark.parametrize("name", SMALL)
def test_only_its_task_modules_change_with_the_number_of_tasks(name: str) -> None:
    one, two = build(name, tasks=1), build(name, tasks=2)
    heads = tuple(f"{head}." for head in two.task_modules)
    bodies = [
        {key: value.shape for key, value in network.state_dict().items() if not key.startswith(heads)}
        for network in (one, two)
    ]
    assert bodies[0] == bodies[1]
    assert len(bodies[1]) < len(two.state_dict())


@pytest.mark.parametrize("name", SMALL)
def test_in_evaluation_the_first_of_all_outputs_is_the_forward(name: str) -> None:
    network = settle(build(name))
    image = torch.rand(1, 3, 65, 70)
    with torch.no_grad():
        torch.testing.assert_close(network.forward_all(image)[0], network(image))


@pytest.mark.parametrize("name", SMALL)
def test_weights_saved_and_loaded_give_the_same_logits_up_to_half_precision(name: str, tmp_path: Path) -> None:
    network = settle(build(name))
    save_weights(network.state_dict(), tmp_path / "model.safetensors")
    torch.manual_seed(1)
    other = build_network(name, SMALL[name]).eval()
    other.load_state_dict(load_file(tmp_path / "model.safetensors"), strict=True)
    image = torch.rand(1, 3, 64, 72)
    with torch.no_grad():
        logits = network(image)
        torch.testing.assert_close(other(image), logits, rtol=0, atol=0.02 * max(1, float(logits.abs().max())))
    save_weights(other.state_dict(), tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "model.safetensors").read_bytes()


@pytest.mark.parametrize("name", SMALL)
def test_onnx_run_by_openvino_gives_the_logits_of_torch_at_any_size(name: str, tmp_path: Path) -> None:
    network = settle(build(name))
    weights = tmp_path / "model.safetensors"
    save_weights(network.state_dict(), weights)
    network.load_state_dict(load_file(weights))
    export_onnx(network, 3, tmp_path / "model.onnx", weights)
    core = openvino.Core()
    model = core.compile_model(
        core.read_model(tmp_path / "model.onnx"),
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1},
    )
    for shape in ((1, 3, 128, 128), (1, 3, 65, 84), (2, 3, 100, 96)):
        image = torch.rand(shape)
        with torch.no_grad():
            expected = network(image).numpy()
        np.testing.assert_allclose(model(image.numpy())[0], expected, atol=1e-4 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("name", SMALL)
def test_evaluation_does_not_change_the_network(name: str) -> None:
    network = settle(build(name))
    before = copy.deepcopy(network.state_dict())
    with torch.no_grad():
        network(torch.rand(1, 3, 64, 64))
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
