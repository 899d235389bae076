"""Two rooms for one network: the same logits in both, and no weights that the card does not know."""

import importlib.util
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from retseg.engine import EngineChoice, choice, choose_engine, open_engine
from retseg.engine.openvino import OpenVinoEngine
from retseg.engine.torch import TorchEngine, choose_precision, find_gpu_fault
from retseg.models import CARD_FORMAT, Card, Inference, MaskRule, ModelError, NetworkSpec, Training, hash_file
from retseg.networks import build_network
from retseg.networks.onnx import export_onnx
from retseg.networks.weights import save_weights
from retseg.preprocessing import Preprocessing

NETWORK = NetworkSpec("unet", {"widths": [4, 8], "tasks": 2})
FILES = ("model.onnx", "model.safetensors")


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    """A tiny U-Net with two outputs, as a model folder."""
    directory = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    network = build_network(NETWORK.architecture, NETWORK.arguments)
    save_weights(network.state_dict(), directory / "model.safetensors")
    network.load_state_dict(load_file(directory / "model.safetensors"))
    export_onnx(network, 3, directory / "model.onnx", directory / "model.safetensors")
    return Card(
        CARD_FORMAT,
        "tiny",
        "0",
        "cfp",
        {"vessel": MaskRule(0.5), "haemorrhage": MaskRule(0.5)},
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
    network = TorchEngine.load(card, uses_gpu=False)._network.float()
    with torch.inference_mode():
        by_torch = network(torch.from_numpy(tiles)).numpy()
    by_openvino = OpenVinoEngine(card.directory / "model.onnx", precision="f32")(tiles)
    assert by_openvino.shape == (shape[0], 2, *shape[2:]) and by_openvino.dtype == np.float32
    np.testing.assert_allclose(by_openvino, by_torch, atol=1e-4)


@pytest.mark.parametrize("kind", ["openvino", "torch"])
def test_the_precision_of_each_engine_costs_little(card: Card, kind: Any) -> None:
    tiles = np.random.default_rng(2).normal(size=(2, 3, 64, 64)).astype(np.float32)
    exact = OpenVinoEngine(card.directory / "model.onnx", precision="f32")(tiles)
    assert np.abs(open_engine(EngineChoice(kind), card)(tiles) - exact).max() < 0.05 * np.abs(exact).max()


def test_what_an_engine_returns_stays_as_it_is_when_it_runs_again(card: Card) -> None:
    engine = open_engine(EngineChoice("openvino"), card)
    first = engine(np.zeros((1, 3, 32, 32), np.float32))
    kept = first.copy()
    engine(np.ones((1, 3, 32, 32), np.float32))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    ("kind", "name"), [("openvino", "model.onnx"), ("openvino", "model.safetensors"), ("torch", "model.safetensors")]
)
def test_altered_weights_are_never_loaded(card: Card, tmp_path: Path, kind: Any, name: str) -> None:
    for file in FILES:
        (tmp_path / file).write_bytes((card.directory / file).read_bytes())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-1] + b"!")
    altered = Card(**{**vars(card), "directory": tmp_path})
    with pytest.raises(ModelError, match=f"{name} is not the file that its card describes"):
        open_engine(EngineChoice(kind), altered)


def test_an_engine_that_is_not_installed_is_answered_with_what_to_install(
    card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"'torch' is not installed: install requirements-gpu\.txt"):
        open_engine(choose_engine("torch"), card)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Let this machine look as if it had a GPU: the driver's device, and what torch says of it."""

    def pretend(capability: tuple[int, int] | None, kernel: str = "") -> None:
        def zeros(*_: Any, **__: Any) -> torch.Tensor:
            if kernel:
                raise RuntimeError(kernel)
            return torch.ones(1)

        (tmp_path / "nvidiactl").touch()
        monkeypatch.setattr(choice, "NVIDIA_DEVICE", tmp_path / "nvidiactl")
        monkeypatch.setattr(torch.cuda, "is_available", lambda: capability is not None)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda *_: capability)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda *_: "a GPU")
        monkeypatch.setattr(torch, "zeros", zeros)

    return pretend


@pytest.mark.parametrize("capability", [(7, 5), (8, 6), (9, 0)])
def test_auto_takes_torch_where_it_can_use_the_gpu_and_says_nothing(gpu: Any, capability: tuple[int, int]) -> None:
    gpu(capability)
    assert choose_engine("auto") == EngineChoice("torch", uses_gpu=True)


@pytest.mark.parametrize(
    ("capability", "kernel", "reason"),
    [
        (None, "", "torch finds none: start the container with --gpus"),
        ((7, 0), "", "compute capability 7.0, and at least 7.5 is needed"),
        ((13, 0), "CUDA error: no kernel image\nis available", "a GPU fails: CUDA error: no kernel image is available"),
    ],
)
def test_auto_falls_back_to_openvino_where_the_gpu_is_of_no_use_and_says_why_on_one_line(
    gpu: Any, capability: tuple[int, int] | None, kernel: str, reason: str
) -> None:
    gpu(capability, kernel)
    choice = choose_engine("auto")
    assert choice.engine == "openvino"
    assert choice.warning == f"no usable GPU ({reason}), so the models run on the CPU with OpenVINO"


def test_what_torch_says_of_an_unusable_driver_becomes_the_reason(gpu: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_available() -> bool:
        warnings.warn("CUDA initialization: the driver\nis too old (Triggered internally at a.cpp:1.)", stacklevel=1)
        return False

    gpu(None)
    monkeypatch.setattr(torch.cuda, "is_available", is_available)
    assert find_gpu_fault() == "torch finds none: CUDA initialization: the driver is too old"


def test_without_the_drivers_device_torch_is_not_even_imported(tmp_path: Path) -> None:
    ask = "import sys; from pathlib import Path; from retseg.engine import choice; "
    ask += f"choice.NVIDIA_DEVICE = Path({str(tmp_path / 'nothing')!r}); found = choice.choose_engine('auto'); "
    ask += "print(found.engine, found.warning.startswith('no usable GPU (there is no '), 'torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", ask], text=True).split() == ["openvino", "True", "False"]


def test_without_torch_the_cpu_is_what_everybody_expects_and_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else object())
    assert choose_engine("auto") == EngineChoice("openvino")


def test_an_engine_given_by_name_is_taken_and_torch_computes_on_the_gpu_only_where_it_can(gpu: Any) -> None:
    gpu((7, 0))
    assert choose_engine("torch") == EngineChoice("torch", uses_gpu=False)
    assert choose_engine("openvino") == EngineChoice("openvino")
    gpu((9, 0))
    assert choose_engine("torch") == EngineChoice("torch", uses_gpu=True)
    assert choose_engine("openvino") == EngineChoice("openvino")


def test_the_gpu_is_tested_once_however_many_models_are_loaded(card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    tests: list[int] = []

    def find_fault() -> str:
        tests.append(1)
        return "broken"

    monkeypatch.setattr("retseg.engine.torch.find_gpu_fault", find_fault)
    chosen = choose_engine("torch")
    for _ in range(3):
        open_engine(chosen, card)
    assert len(tests) == 1


@pytest.mark.parametrize(
    ("capability", "precision"),
    [((7, 5), torch.float16), ((8, 0), torch.bfloat16), ((9, 0), torch.bfloat16), (None, torch.bfloat16)],
)
def test_half_precision_below_compute_capability_8_and_bfloat16_from_there_on(
    gpu: Any, monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int] | None, precision: torch.dtype
) -> None:
    class Recorder(torch.nn.Conv2d):
        def forward(self, tiles: torch.Tensor) -> torch.Tensor:
            logits = super().forward(tiles)
            seen.append(logits.dtype)
            return logits

    seen: list[torch.dtype] = []
    tiles = np.zeros((1, 3, 8, 8), np.float32)
    assert choose_precision(capability) == precision
    gpu(capability)
    monkeypatch.setattr(torch.nn.Module, "to", lambda network, *_, **__: network)
    engine = TorchEngine(Recorder(3, 1, 1), torch.device("cuda" if capability else "cpu"), memory=0)
    engine._device = torch.device("cpu")  # the engine of a GPU, its work done here
    assert engine(tiles).dtype == np.float32
    assert seen == [precision]
