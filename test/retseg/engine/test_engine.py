"""Two rooms for one network: the same logits in both, and no weights that the card does not know."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from retseg.engine import open_engine
from retseg.engine.openvino import OpenVinoEngine
from retseg.engine.torch import TorchEngine
from retseg.models import CARD_FORMAT, Card, Inference, ModelError, Network, Task, Training, hash_file
from retseg.networks import build_network
from retseg.networks.onnx import export_onnx
from retseg.preprocessing import Preprocessing

NETWORK = Network("unet", {"widths": [4, 8], "tasks": 2})
FILES = ("model.onnx", "model.safetensors")


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    """A tiny U-Net with two outputs, as a model folder."""
    directory = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    network = build_network(NETWORK.architecture, NETWORK.arguments)
    save_file(network.state_dict(), directory / "model.safetensors")
    export_onnx(network, 3, directory / "model.onnx")
    return Card(
        CARD_FORMAT,
        "tiny",
        "0",
        "cfp",
        {"vessel": Task(0.5), "haemorrhage": Task(0.5)},
        NETWORK,
        Preprocessing(),
        Inference(),
        Training("none", "none", 0, "phantom: nothing", "", {}),
        {name: hash_file(directory / name) for name in FILES},
        directory=directory,
    )


@pytest.mark.parametrize("shape", [(1, 3, 64, 96), (3, 3, 32, 32), (2, 3, 33, 47)])
def test_onnx_in_openvino_equals_the_safetensors_in_torch(card: Card, shape: tuple[int, ...]) -> None:
    tiles = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    network = TorchEngine.load(card)._network.float()
    with torch.inference_mode():
        by_torch = network(torch.from_numpy(tiles)).numpy()
    by_openvino = OpenVinoEngine(card.directory / "model.onnx", precision="f32")(tiles)
    assert by_openvino.shape == (shape[0], 2, *shape[2:]) and by_openvino.dtype == np.float32
    np.testing.assert_allclose(by_openvino, by_torch, atol=1e-4)


@pytest.mark.parametrize("kind", ["openvino", "torch"])
def test_the_precision_of_each_engine_costs_little(card: Card, kind: Any) -> None:
    tiles = np.random.default_rng(2).normal(size=(2, 3, 64, 64)).astype(np.float32)
    exact = OpenVinoEngine(card.directory / "model.onnx", precision="f32")(tiles)
    assert np.abs(open_engine(kind, card)(tiles) - exact).max() < 0.05 * np.abs(exact).max()


def test_what_an_engine_returns_stays_as_it_is_when_it_runs_again(card: Card) -> None:
    engine = open_engine("openvino", card)
    first = engine(np.zeros((1, 3, 32, 32), np.float32))
    kept = first.copy()
    engine(np.ones((1, 3, 32, 32), np.float32))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(("kind", "name"), [("openvino", "model.onnx"), ("torch", "model.safetensors")])
def test_altered_weights_are_never_loaded(card: Card, tmp_path: Path, kind: Any, name: str) -> None:
    for file in FILES:
        (tmp_path / file).write_bytes((card.directory / file).read_bytes())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1] + b"!")
    altered = Card(**{**vars(card), "directory": tmp_path})
    with pytest.raises(ModelError, match=f"{name} is not the file that its card describes"):
        open_engine(kind, altered)


def test_an_engine_that_is_not_installed_is_answered_with_what_to_install(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"'torch' is not installed: install requirements-gpu\.txt"):
        open_engine("torch", card)
