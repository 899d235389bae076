"""Wrong checkpoints end in one sentence that names the remedy, and none becomes a model."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import helper

from retseg.adopt.adopting import Trial
from retseg.adopt.error import AdoptError
from retseg.adopt.opening import Wanted, open_source
from retseg.adopt.readout import check_scores, choose_readout, parse_tasks

RIGHT: dict[str, Any] = {"normalise": "field_of_view"}


def test_a_sigmoid_inside_is_seen_by_its_range(
    tmp_path: Path, adopt: Callable[..., Trial], write_green: Callable[..., Path]
) -> None:
    with pytest.raises(AdoptError, match="a sigmoid or softmax is inside it: add --probabilities"):
        adopt(write_green(tmp_path / "net.onnx", end="Sigmoid"), tasks={"thing": ()})


def test_logits_are_no_probabilities(
    tmp_path: Path, adopt: Callable[..., Trial], write_green: Callable[..., Path]
) -> None:
    with pytest.raises(AdoptError, match="leave --probabilities out"):
        adopt(write_green(tmp_path / "net.onnx"), tasks={"thing": ()}, inside=True)


def test_a_network_of_one_channel_gets_no_colours(tmp_path: Path, adopt: Callable[..., Trial]) -> None:
    torch.save(torch.nn.Conv2d(1, 1, 1).state_dict(), tmp_path / "grey.pth")
    scripted = torch.jit.trace(torch.nn.Conv2d(1, 1, 1), torch.rand(1, 1, 8, 8))
    scripted.save(tmp_path / "grey.pt")
    with pytest.raises(AdoptError, match=r"takes 1 channels.*give --channels green or --channels grey"):
        adopt(tmp_path / "grey.pt")


def test_a_softmax_is_not_read_as_sigmoids() -> None:
    with pytest.raises(AdoptError, match="--activation softmax"):
        choose_readout(parse_tasks(["optic_disc", "optic_cup"]), 3, "sigmoid", False)
    scores = np.random.default_rng(0).normal(size=(3, 40, 40)).astype(np.float32)
    soft = np.exp(scores) / np.exp(scores).sum(axis=0)
    three = choose_readout(parse_tasks(["a=0", "b=1", "c=2"]), 3, "sigmoid", True)
    with pytest.raises(AdoptError, match="add up to 1, so they are a softmax"):
        check_scores([soft], three)


def test_competing_logits_are_not_read_as_sigmoids() -> None:
    score = np.random.default_rng(0).normal(size=(40, 40)).astype(np.float32)
    two = choose_readout(parse_tasks(["a", "b"]), 2, "sigmoid", False)
    with pytest.raises(AdoptError, match="as if the classes competed"):
        check_scores([np.stack([score, -score])], two)


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"channels": "bgr"}, "give --channels rgb"),
        ({"normalise": "unit"}, "give --normalise (field_of_view|image)"),
        ({"normalise": "imagenet"}, "give --normalise (field_of_view|image)"),
        ({"diameter": 268}, "give --diameter 536"),
        ({"diameter": 1072}, "give --diameter 536"),
    ],
    ids=["BGR", "0 to 1", "ImageNet", "half the scale", "twice the scale"],
)
def test_drawn_vessels_tell_what_is_declared_wrongly(
    vessels: Path, changes: dict[str, Any], remedy: str, adopt: Callable[..., Trial]
) -> None:
    with pytest.raises(AdoptError, match=remedy):
        adopt(vessels, **(RIGHT | {"diameter": 536} | changes))


def test_a_mask_of_the_whole_field_of_view_is_refused(
    tmp_path: Path, adopt: Callable[..., Trial], write_green: Callable[..., Path]
) -> None:
    with pytest.raises(AdoptError, match=r"finds thing in 100% of the field of view.*another output"):
        adopt(write_green(tmp_path / "net.onnx", bias=40.0), tasks={"thing": ()})


def test_a_constant_output_is_refused(
    tmp_path: Path, adopt: Callable[..., Trial], write_green: Callable[..., Path]
) -> None:
    with pytest.raises(AdoptError, match=r"says .* for thing everywhere"):
        adopt(write_green(tmp_path / "net.onnx", weight=1e-6, bias=-9.0), tasks={"thing": ()})


def test_one_size_must_be_declared(
    tmp_path: Path, adopt: Callable[..., Trial], write_green: Callable[..., Path]
) -> None:
    path = write_green(tmp_path / "net.onnx", size=(256, 320))
    with pytest.raises(AdoptError, match="320 x 256 pixels only: give --size 320,256"):
        adopt(path, tasks={"thing": ()})
    assert adopt(path, tasks={"thing": ()}, size=(320, 256)).declared.framing.size == (320, 256)


def test_a_smaller_map_is_refused(tmp_path: Path, adopt: Callable[..., Trial], write_onnx: Callable[..., Path]) -> None:
    nodes = [helper.make_node("AveragePool", ["image"], ["small"], kernel_shape=[2, 2], strides=[2, 2])]
    nodes.append(helper.make_node("Conv", ["small", "kernel"], ["map"]))
    path = write_onnx(tmp_path / "net.onnx", nodes, {"kernel": np.ones((1, 3, 1, 1))})
    with pytest.raises(AdoptError, match="let it enlarge its map"):
        adopt(path, tasks={"thing": ()})


class Mischief:
    """A pickle that would write a file when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("mischief.txt", "w"))


def test_a_pickle_with_code_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {"weight": torch.zeros(1)}, "epoch": Mischief()}, "new.pth")
    Path("old.pth").write_bytes(pickle.dumps(Mischief()))
    for name in ("new.pth", "old.pth"):
        with pytest.raises(AdoptError, match=r"without running code.*save its state_dict alone"):
            open_source((Path(name),), Wanted(3, (1,)))
    assert not Path("mischief.txt").exists()


@pytest.mark.parametrize("kind", ["pth", "onnx", "safetensors", "pt2"])
def test_a_truncated_file_is_called_that(
    tmp_path: Path, vessels: Path, kind: str, write_green: Callable[..., Path]
) -> None:
    whole = tmp_path / f"whole.{kind}"
    if kind == "onnx":
        write_green(whole)
    elif kind == "safetensors":
        whole = vessels.with_name("model.safetensors")
    elif kind == "pt2":
        torch.export.save(torch.export.export(torch.nn.Conv2d(3, 1, 1), (torch.rand(1, 3, 8, 8),)), whole)
    else:
        torch.save(torch.nn.Conv2d(3, 1, 1).state_dict(), whole)
    cut = tmp_path / f"cut.{kind}"
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(AdoptError, match=r"truncated|is not a safetensors file"):
        open_source((cut,), Wanted(3, (1,)))


def test_a_program_with_a_pickle_in_it_is_refused(tmp_path: Path) -> None:
    import zipfile

    torch.export.save(torch.export.export(torch.nn.Conv2d(3, 1, 1), (torch.rand(1, 3, 8, 8),)), tmp_path / "good.pt2")
    with zipfile.ZipFile(tmp_path / "good.pt2") as good, zipfile.ZipFile(tmp_path / "bad.pt2", "w") as bad:
        for name in good.namelist():
            swapped = name.endswith("sample_inputs/model.pt")
            bad.writestr(name, pickle.dumps(Mischief()) if swapped else good.read(name))
    with pytest.raises(AdoptError, match="without running code in it: export the network again"):
        open_source((tmp_path / "bad.pt2",), Wanted(3, (1,)))


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.full((1, 3, 1, 1), float("nan"))}, tmp_path / "net.pth")
    with pytest.raises(AdoptError, match="not finite: take a checkpoint of an earlier step"):
        open_source((tmp_path / "net.pth",), Wanted(3, (1,)))


def test_weights_without_a_network_need_its_name(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones((1, 3, 1, 1))}, tmp_path / "net.pth")
    with pytest.raises(AdoptError, match="--network smp:Unet"):
        open_source((tmp_path / "net.pth",), Wanted(3, (1,)))


def test_a_task_needs_an_output() -> None:
    with pytest.raises(AdoptError, match="there are 0 to 2: give others"):
        choose_readout(parse_tasks(["optic_disc=3"]), 3, "softmax", False)
    with pytest.raises(AdoptError, match=r"gives 5 outputs.*as --task optic_disc=1,2"):
        choose_readout(parse_tasks(["vessel"]), 5, None, False)
