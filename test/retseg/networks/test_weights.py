"""Weights from a user's file: both formats, and every way in which the file can be wrong."""

import os
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from retseg.networks import NetworkError, build_network
from retseg.networks.resnet import ResNet
from retseg.networks.weights import copy_weights, read_weights, save_weights

torch.set_num_threads(1)


class Harmful:
    """Unpickled, it would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("wrapped", [None, "state_dict", "model"])
def test_a_torch_file_is_read_and_unwrapped(wrapped: str | None, tmp_path: Path) -> None:
    weights = {"a": torch.arange(3.0), "epoch": 4}
    torch.save({wrapped: weights, "optimiser": {}} if wrapped else weights, tmp_path / "w.pth")
    read = read_weights(tmp_path / "w.pth")
    assert list(read) == ["a"]
    assert torch.equal(read["a"], torch.arange(3.0))


def test_a_safetensors_file_is_read(tmp_path: Path) -> None:
    save_file({"a": torch.arange(3.0)}, tmp_path / "w.safetensors")
    assert torch.equal(read_weights(tmp_path / "w.safetensors")["a"], torch.arange(3.0))


def test_kernels_are_saved_in_half_precision_and_what_does_not_fit_there_as_it_is(tmp_path: Path) -> None:
    weights = {
        "kernel": torch.full((2, 3), 1 / 3),
        "large": torch.full((2, 3), 1e6),
        "bias": torch.full((3,), 1 / 3),
        "count": torch.tensor(7),
    }
    save_weights(weights, tmp_path / "w.safetensors")
    read = read_weights(tmp_path / "w.safetensors")
    assert read["kernel"].dtype == torch.float16 and torch.equal(read.pop("kernel"), weights["kernel"].half())
    assert all(torch.equal(read[name], weights[name]) for name in ("large", "bias", "count"))


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    torch.save({"a": Harmful(tmp_path / "harm")}, tmp_path / "w.pth")
    with pytest.raises(NetworkError, match="without running code"):
        read_weights(tmp_path / "w.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights at all"])
def test_a_broken_file_is_refused_by_its_name(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NetworkError, match=name):
        read_weights(tmp_path / name)


def test_a_missing_file_and_one_without_a_table_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="no file of weights"):
        read_weights(tmp_path / "none.pth")
    torch.save(torch.zeros(3), tmp_path / "w.pth")
    with pytest.raises(NetworkError, match="holds a Tensor, wanted a table"):
        read_weights(tmp_path / "w.pth")


def test_a_missing_weight_is_named_and_nothing_is_copied() -> None:
    module = nn.Linear(2, 2)
    before = module.weight.clone()
    with pytest.raises(NetworkError, match="no 'bias'"):
        copy_weights(module, {"weight": torch.zeros(2, 2)})
    assert torch.equal(module.weight, before)


def test_torchvisions_resnet_loads_and_computes_the_same() -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.resnet50(num_classes=1).eval()
    ours = ResNet().eval()
    copy_weights(ours, theirs.state_dict())
    assert sum(p.numel() for p in ours.parameters()) == 23_508_032
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        y = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(x))))
        expected = theirs.layer4(theirs.layer3(theirs.layer2(theirs.layer1(y))))
        torch.testing.assert_close(ours(x)[-1], expected)


def test_an_architecture_without_encoder_says_so() -> None:
    with pytest.raises(NetworkError, match="UNet takes no weights of an encoder"):
        build_network("unet", {"widths": [4]}).load_encoder({})
