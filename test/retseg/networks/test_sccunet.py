"""SCCU-Net: what its convolution and its gate compute, and how they differ."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from retseg.networks import NetworkError, build_network
from retseg.networks.sccunet import GatedBottleneck, SelfCalibratedConvolution

torch.set_num_threads(1)


def test_a_self_calibrated_convolution_has_the_weights_of_one_convolution() -> None:
    block = SelfCalibratedConvolution(16, 16)
    assert sum(p.numel() for p in block.parameters() if p.dim() == 4) == 9 * 16**2


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (2, 9), (5, 7)])
def test_on_a_map_smaller_than_its_mean_it_works_with_a_smaller_mean(size: tuple[int, int]) -> None:
    assert SelfCalibratedConvolution(4, 4).eval()(torch.rand(1, 4, *size)).shape == (1, 4, *size)


@pytest.mark.parametrize("upsample", ["bilinear", "nearest"])
def test_with_identity_kernels_it_is_what_the_equations_say(upsample: str) -> None:
    """Kernels that copy and norms that do nothing leave relu(x1 sigmoid(x1 + up(mean(x1)))) and relu(x2)."""
    block = SelfCalibratedConvolution(4, 4, 4, upsample).eval()  # type: ignore[arg-type]
    for convolution, norm in (block.k1, block.k2, block.k3, block.k4):
        nn.init.dirac_(convolution.weight)
        norm.eps = 1e-12
    x = torch.randn(1, 4, 8, 12)
    first, second = x[:, :2], x[:, 2:]
    corners = False if upsample == "bilinear" else None
    around = F.interpolate(F.avg_pool2d(first, 4), size=(8, 12), mode=upsample, align_corners=corners)
    expected = torch.cat([F.relu(first * torch.sigmoid(first + around)), F.relu(second)], 1)
    torch.testing.assert_close(block(x), expected)


def test_the_gates_look_at_and_scale_different_maps() -> None:
    torch.manual_seed(0)
    x, convolution = torch.randn(1, 3, 9, 9), nn.Conv2d(3, 5, 3, padding=1)
    gates = {kind: GatedBottleneck(convolution, nn.Identity(), kind) for kind in ("sam", "isam", "before")}  # type: ignore[arg-type]
    seen = gates["sam"].gate
    for block in gates.values():
        block.gate = seen
    y = convolution(x)
    torch.testing.assert_close(gates["sam"](x), y * seen(y))
    torch.testing.assert_close(gates["isam"](x), y * seen(x))
    torch.testing.assert_close(gates["before"](x), convolution(x * seen(x)))


def test_the_spatial_gate_has_98_weights() -> None:
    gate = GatedBottleneck(nn.Identity(), nn.Identity(), "sam").gate
    assert sum(p.numel() for p in gate.parameters()) == 98


def test_48_pixel_patches_pass_four_poolings() -> None:
    network = build_network("sccunet", {"widths": [4, 4, 4, 4, 4]})
    assert network(torch.rand(2, 3, 48, 48)).shape == (2, 1, 48, 48)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": [3, 4]}, "equal, even channels"),
        ({"gate": "iasm"}, "did you mean 'isam'"),
        ({"convolution": "sc"}, "did you mean 'scc'"),
        ({"bottleneck_convolutions": 3}, "1 or 2"),
        ({"r": 0}, "r at least 1"),
    ],
)
def test_a_value_out_of_range_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        build_network("sccunet", arguments)
