"""U-Net's arguments do what they say."""

import pytest
import torch
from torch.nn import functional as F

from retseg.networks import build_network
from retseg.networks.blocks import TransposedDouble

torch.set_num_threads(1)


def test_the_softmax_head_returns_the_difference_of_its_two_scores() -> None:
    torch.manual_seed(0)
    network = build_network("unet", {"widths": [4, 6], "head": "softmax", "tasks": 2}).eval()
    x = torch.rand(1, 3, 8, 8)
    scores = network.head(network.decode(x)[-1])  # type: ignore[operator]
    vessel = torch.softmax(scores[:, 2:4], 1)[:, 1]
    torch.testing.assert_close(network(x)[:, 1].sigmoid(), vessel)


def test_on_an_even_image_rounding_up_changes_nothing() -> None:
    """16 pixels are halved exactly, so the stages work at 4, 8 and 16."""
    torch.manual_seed(0)
    network = build_network("unet", {"widths": [4, 6, 8], "convolutions": 1}).eval()
    x = torch.rand(1, 3, 16, 16)
    assert [tuple(features.shape[-2:]) for features in network.decode(x)] == [(4, 4), (8, 8), (16, 16)]  # type: ignore[operator]


@pytest.mark.parametrize("size", [(3, 5), (1, 1)])
def test_a_map_is_doubled_alike_in_either_layout_of_memory_and_so_are_the_gradients(size: tuple[int, int]) -> None:
    """Asked of torch's own transposed convolution; channels-last takes the way of one linear map."""
    torch.manual_seed(0)
    double = TransposedDouble(6, 4)
    x = torch.rand(2, 6, *size)
    truth = F.conv_transpose2d(x, double.weight, double.bias, stride=2)
    expected = torch.autograd.grad((truth**2).sum(), [double.weight, double.bias])
    for layout in (torch.contiguous_format, torch.channels_last):
        found = double(x.contiguous(memory_format=layout))
        torch.testing.assert_close(found, truth)
        gradients = torch.autograd.grad((found**2).sum(), [double.weight, double.bias])
        torch.testing.assert_close(gradients, expected)


def test_dropout_changes_training_and_not_evaluation() -> None:
    torch.manual_seed(0)
    network = build_network("unet", {"widths": [4, 64], "dropout": 0.5, "normalisation": "none"})
    x = torch.rand(1, 3, 16, 16)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "silu"])
def test_activations_differ(activation: str) -> None:
    torch.manual_seed(0)
    network = build_network("unet", {"widths": [4], "convolutions": 1, "activation": activation}).eval()
    negative = network.bottleneck[0][2](torch.tensor([-1.0]))  # type: ignore[index]
    assert negative.item() == pytest.approx({"relu": 0.0, "leaky_relu": -0.01, "silu": -0.26894}[activation], abs=1e-5)


def test_a_mean_of_members_is_the_ensembles_logit() -> None:
    torch.manual_seed(0)
    arguments = {"architecture": "unet", "arguments": {"widths": [4, 6]}, "members": 3}
    network = build_network("ensemble", arguments).eval()
    x = torch.rand(1, 3, 8, 9)
    alone = [member(x) for member in network.members]  # type: ignore[union-attr, operator]
    torch.testing.assert_close(network(x), (alone[0] + alone[1] + alone[2]) / 3)
    assert {key.split(".")[1] for key in network.state_dict()} == {"0", "1", "2"}
