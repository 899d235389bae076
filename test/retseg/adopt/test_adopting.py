"""What fits becomes a model folder: a graph, a golden test and a card, which every command can use."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import segmentation_models_pytorch as smp
import torch

from retseg.adopt.adopting import AGREEMENT, try_source
from retseg.adopt.declared import Declared, Readout, make_standard
from retseg.adopt.error import AdoptError
from retseg.adopt.golden import run_golden
from retseg.adopt.libraries import build
from retseg.adopt.opening import Wanted, open_source
from retseg.adopt.probe import draw_probes
from retseg.adopt.source import Source
from retseg.adopt.surgery import attach
from retseg.cli import main
from retseg.engine.openvino import OpenVinoEngine
from retseg.models import load_card


def make_unet(classes: int = 1) -> torch.nn.Module:
    """A random U-Net of segmentation_models.pytorch that says 'yes' of about half of the pixels."""
    torch.manual_seed(0)
    network = smp.Unet("resnet18", encoder_weights=None, classes=classes, decoder_channels=(16, 8, 8, 4, 4)).eval()
    with torch.inference_mode():
        scores = network(torch.rand(1, 3, 128, 128))
        network.segmentation_head[0].bias -= scores.mean((0, 2, 3))
    return network


WANTED = Wanted(3, (1, 2), "", "smp:Unet", {"encoder_name": "resnet18", "decoder_channels": [16, 8, 8, 4, 4]})


def test_the_state_dict_of_a_random_unet_agrees_with_its_graph(
    tmp_path: Path, declare: Callable[..., Declared]
) -> None:
    torch.save({"state_dict": {f"model.{k}": v for k, v in make_unet().state_dict().items()}}, tmp_path / "net.ckpt")
    source = open_source((tmp_path / "net.ckpt",), WANTED)
    trial = try_source(source, declare(source, normalise="imagenet", size=(256, 256)))
    assert source.kind == "state dict of smp:Unet"
    assert trial.agreement <= AGREEMENT
    assert trial.declared.inference.tiling.multiple == 32


DYNUNET = {"kernel_size": [3, 3, 3], "strides": [1, 2, 2], "upsample_kernel_size": [2, 2], "filters": [4, 6, 8]}


@pytest.mark.parametrize(
    ("network", "arguments"),
    [
        ("monai:DynUNet", DYNUNET),
        ("monai:UNet", {"channels": [4, 8, 16], "strides": [2, 2], "num_res_units": 1}),
        ("monai:SegResNet", {"init_filters": 8, "blocks_down": [1, 1], "blocks_up": [1]}),
    ],
)
def test_random_networks_of_monai_agree_with_their_graphs(
    tmp_path: Path, declare: Callable[..., Declared], network: str, arguments: dict[str, Any]
) -> None:
    """The weights come from MONAI itself, and the scores are stretched so that half of the pixels are found."""
    pytest.importorskip(network.partition(":")[0], reason="the library is a dependency of the development only")
    torch.manual_seed(0)
    made = build(network, arguments, 3, 1)
    torch.save(made.state_dict(), tmp_path / "net.pth")
    source = open_source((tmp_path / "net.pth",), Wanted(3, (1,), "", network, arguments))
    shifted = stretch(source)
    trial = try_source(shifted, declare(shifted, tasks={"thing": ()}, size=(128, 128)))
    assert source.kind == f"state dict of {network}"
    assert trial.agreement <= AGREEMENT


def stretch(source: Source) -> Source:
    """The same network with scores around 0 of deviation 1 in a drawn image: random ones may be the same everywhere."""
    from onnx import helper, numpy_helper

    pixels = draw_probes("cfp")[0].pixels[200:328, 200:328].transpose(2, 0, 1)[None].astype(np.float32) / 255
    scores = source.run(pixels)
    middle, spread = np.float32(np.median(scores)), np.float32(scores.std())
    graph = copy.deepcopy(source.graph)
    final = graph.graph.output[0].name
    for name, value in (("middle", middle), ("spread", spread)):
        graph.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    graph.graph.node.append(helper.make_node("Sub", [final, "middle"], ["shifted"]))
    graph.graph.node.append(helper.make_node("Div", ["shifted", "spread"], ["stretched"]))
    graph.graph.output[0].name = "stretched"
    return replace(source, graph=graph, run=lambda tiles: (source.run(tiles) - middle) / spread)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    torch.save(make_unet().state_dict(), tmp_path / "net.pth")
    other = Wanted(3, (1,), "", "smp:Unet", {"encoder_name": "resnet34"})
    with pytest.raises(AdoptError, match=r"does not hold the weights of smp:Unet: .*--argument KEY=VALUE"):
        open_source((tmp_path / "net.pth",), other)
    with pytest.raises(AdoptError, match="has no network 'Unte'; did you mean 'Unet'"):
        open_source((tmp_path / "net.pth",), Wanted(3, (1,), "", "smp:Unte"))


@pytest.mark.parametrize("kind", ["torchscript", "program"])
def test_programs_of_torch_become_graphs(tmp_path: Path, kind: str, declare: Callable[..., Declared]) -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv2d(4, 1, 1)).eval()
    example = torch.rand(1, 3, 64, 80)
    if kind == "torchscript":
        torch.jit.trace(network, example).save(tmp_path / "net.pt")
    else:
        free = {2: torch.export.Dim("height"), 3: torch.export.Dim("width")}
        torch.export.save(torch.export.export(network, (example,), dynamic_shapes=(free,)), tmp_path / "net.pt")
    source = open_source((tmp_path / "net.pt",), Wanted(3, (1,)))
    trial = try_source(source, declare(source, tasks={"thing": ()}, normalise="field_of_view"))
    assert trial.agreement <= AGREEMENT


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_the_readout_of_the_graph_is_that_of_numpy(tmp_path: Path, activation: str, inside: bool) -> None:
    """Three classes to two tasks, of which one has two of them; the answer of numpy is written independently."""
    import onnx
    from onnx import helper

    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 3, "h", "w"]) for name in ("a", "b")]
    graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "same", values[:1], values[1:])
    source = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    readout = Readout({"optic_disc": (1, 2), "optic_cup": (2,)}, activation, 3, inside)
    onnx.save(attach(source, make_standard("imagenet", "bgr"), readout), tmp_path / "model.onnx")
    scores = np.random.default_rng(0).normal(size=(1, 3, 5, 7)).astype(np.float32)
    if inside:
        scores = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    mean, deviation = np.array([0.406, 0.456, 0.485]), np.array([0.225, 0.224, 0.229])
    pixels = scores * deviation[:, None, None] + mean[:, None, None]
    logits = OpenVinoEngine(tmp_path / "model.onnx", precision="f32")(pixels.astype(np.float32))[0]
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), readout.to_probabilities(scores[0]), atol=1e-5)


@pytest.fixture
def adopted(tmp_path: Path, capsys: pytest.CaptureFixture[str], write_green: Callable[..., Path]) -> Path:
    """A folder with a model that was adopted by the command from a network of one pixel."""
    write_green(tmp_path / "green.onnx")
    given = ["--task", "bright", "--normalise", "unit", "--diameter", "0", "--licence", "CC0", "--models"]
    assert main(["adopt", str(tmp_path / "green.onnx"), "--name", "green", *given, str(tmp_path / "models")]) == 0
    said = capsys.readouterr()
    assert "threshold not chosen on data" in said.err
    return tmp_path / "models"


def test_the_card_has_origin_licence_hash_and_agreement(adopted: Path, tmp_path: Path) -> None:
    card = load_card(adopted / "green")
    assert card.origin is not None
    assert (card.origin.kind, card.origin.licence, list(card.origin.files)) == ("ONNX", "CC0", ["green.onnx"])
    assert 0 <= card.origin.agreement <= AGREEMENT
    assert any("threshold not chosen on data" in note for note in card.origin.notes)
    assert set(card.files) == {"model.onnx", "golden.npz"}


def test_every_use_says_that_the_threshold_was_not_chosen(
    adopted: Path, tmp_path: Path, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = str(repository / "docs" / "images" / "retina.jpg")
    given = ["--models", str(adopted)]
    assert main(["predict", image, "--model", "green", "--output", str(tmp_path / "found"), *given]) == 0
    assert "has a threshold not chosen on data (bright)" in capsys.readouterr().err
    assert (tmp_path / "found" / "bright" / "retina.png").is_file()
    assert main(["info", "green", "--json", *given]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["intact"]
    assert "not chosen on data" in model["warnings"][0]
    assert model["origin"]["licence"] == "CC0"


def test_an_adopted_model_is_packed_for_a_challenge_that_names_it(
    adopted: Path, tmp_path: Path, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (repository / "challenges" / "chasedb1.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(
        text.replace('"vessel-chasedb1"', '"green"').replace('"vessel"', '"bright"').replace("vessel =", "bright =")
    )
    output = tmp_path / "model.tar.gz"
    assert main(["pack", "--challenge", str(own), "--models", str(adopted), "--output", str(output)]) == 0
    assert "not chosen on data" in capsys.readouterr().err
    assert output.stat().st_size > 0


def test_the_golden_test_sees_another_graph(adopted: Path, tmp_path: Path) -> None:
    from retseg.models import hash_file, write_card

    card = load_card(adopted / "green")
    assert run_golden(card) < 1e-4
    graph = (adopted / "green" / "model.onnx").read_bytes()
    changed = graph.replace(np.float32(40).tobytes(), np.float32(44).tobytes())
    assert changed != graph
    (adopted / "green" / "model.onnx").write_bytes(changed)
    files = {name: hash_file(adopted / "green" / name) for name in card.files}
    write_card(replace(card, files=files))
    with pytest.raises(AdoptError, match="fails its golden test"):
        run_golden(load_card(adopted / "green"))


def test_nothing_is_written_of_a_checkpoint_that_does_not_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], write_green: Callable[..., Path]
) -> None:
    write_green(tmp_path / "green.onnx", end="Sigmoid")
    given = ["--task", "bright", "--normalise", "unit", "--diameter", "0", "--licence", "CC0", "--models"]
    assert main(["adopt", str(tmp_path / "green.onnx"), "--name", "green", *given, str(tmp_path / "models")]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "models" / "green").exists()


def test_the_scale_and_the_normalisation_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], write_green: Callable[..., Path]
) -> None:
    path = str(write_green(tmp_path / "green.onnx"))
    given = ["adopt", path, "--name", "green", "--task", "bright", "--licence", "CC0", "--models", str(tmp_path)]
    assert main([*given, "--normalise", "unit"]) == 1
    assert "give --size W,H" in capsys.readouterr().err
    assert main([*given, "--diameter", "0"]) == 1
    assert "give one of --normalise unit, none" in capsys.readouterr().err
    vessel = ["adopt", path, "--name", "vessel", "--task", "bright", "--licence", "CC0"]
    assert main([*vessel, "--normalise", "unit", "--diameter", "0"]) == 1
    assert "the package has a model 'vessel': give another --name" in capsys.readouterr().err


def test_little_wnet_finds_drawn_vessels_as_declared(foreign: Path, declare: Callable[..., Declared]) -> None:
    source = open_source((foreign / "lwnet_drive" / "wnet_drive.pth",), Wanted(3, (1,)))
    trial = try_source(source, declare(source, diameter=512))
    assert trial.agreement <= AGREEMENT
    with pytest.raises(AdoptError, match="better with --channels rgb"):
        try_source(source, declare(source, diameter=512, channels="bgr"))
