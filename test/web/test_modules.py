"""The JavaScript of web/page gives what the Python of retseg gives: field of view, preprocessing, tiles, levels."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from retseg.image import read_image, view_image
from retseg.image.limits import DEFAULT_LIMITS
from retseg.models import Inference
from retseg.phantom import draw_fundus
from retseg.predictor import predict_maps
from retseg.preprocessing import Framing, Preprocessing, frame_image, measure_brightness, normalise
from retseg.tiling import Tiling, plan_tiles
from retseg.view.levels import find_cut, quantise
from web.build import copy_page

Ask = Callable[..., Any]
ROOT = Path(__file__).resolve().parent.parent.parent
PHOTOGRAPHS = [
    ROOT / "docs" / "images" / "retina.jpg",
    *sorted((ROOT / "test" / "cases").glob("*/*/input/images/color-fundus/*.mha")),
]


@pytest.fixture(scope="module")
def ask(tmp_path_factory) -> Ask:
    """Asks a module of the page a question, see modules.mjs; arrays are handed over as files."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node, which runs the modules of the page: on Debian, apt-get install nodejs")
    folder = tmp_path_factory.mktemp("modules")
    copy_page(folder)

    def run(question: str, **words: Any) -> Any:
        for name, value in words.items():
            if isinstance(value, np.ndarray):
                value.tofile(folder / f"{name}.raw")
                words[name] = str(folder / f"{name}.raw")
        asked = folder / "question.json"
        asked.write_text(json.dumps({"question": question, "output": str(folder / "output.raw"), **words}))
        command = [node, str(Path(__file__).with_name("modules.mjs")), str(folder), str(asked)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), folder / "output.raw"

    return run


def describe_size(pixels: np.ndarray) -> dict[str, int]:
    return {"width": pixels.shape[1], "height": pixels.shape[0]}


@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: f"{path.parts[-5]}-{path.stem[:8]}")
def test_the_field_of_view_is_that_of_python(ask: Ask, path: Path) -> None:
    pixels = read_image(path, DEFAULT_LIMITS).pixels
    known = view_image(pixels, "round").mask
    told, output = ask("view", pixels=pixels, **describe_size(pixels))
    found = np.fromfile(output, np.uint8).reshape(known.shape).astype(bool)
    assert told["field"] == found.sum() and told["seen"]
    assert (found & known).sum() / (found | known).sum() > 0.985


def test_an_image_without_a_dark_surround_is_seen_whole_and_a_black_one_not_at_all(ask: Ask) -> None:
    noise = np.random.default_rng(3).integers(90, 160, (120, 150, 3), np.uint8)
    assert ask("view", pixels=noise, **describe_size(noise))[0]["field"] == 120 * 150
    speck = np.zeros((120, 150, 3), np.uint8)
    speck[50:60, 50:60] = 200
    assert not ask("view", pixels=speck, **describe_size(speck))[0]["seen"]


@pytest.mark.parametrize("diameter", [0, 90, 300])
@pytest.mark.parametrize(
    ("channels", "rule"),
    [("rgb", "field_of_view"), ("green", "unit"), ("bgr", "caffe"), ("rgb", "imagenet"), ("grey", "none")],
)
def test_a_network_gets_the_same_numbers(ask: Ask, diameter: int, channels: Any, rule: Any) -> None:
    phantom = draw_fundus(4, (160, 200))
    preprocessing = Preprocessing(channels, rule, diameter)
    working = frame_image(phantom.pixels, phantom.field_of_view, Framing(), preprocessing)
    brightness = measure_brightness(working, preprocessing)
    wanted = normalise(working.pixels, working.region, brightness)
    told, output = ask(
        "frame",
        pixels=phantom.pixels,
        region=phantom.field_of_view,
        diameter=diameter,
        preprocessing=asdict(preprocessing),
        **describe_size(phantom.pixels),
    )
    assert (told["height"], told["width"]) == wanted.shape[1:]
    found = np.fromfile(output, np.float32).reshape(wanted.shape)
    step = 1 / brightness[1].min()
    assert np.abs(found - wanted).max() < 1.5 * step, "more than one grey level apart"
    assert np.abs(found - wanted).mean() < 0.15 * step, "OpenCV enlarges by fixed points, so some are rounded otherwise"


def test_tiles_are_cut_where_python_cuts_them(ask: Ask) -> None:
    tiling, memory = Tiling(size=256, margin=40, multiple=32, memory=100), 100 * 300 * 300
    shapes = [(90, 100), (300, 290), (700, 1000), (1500, 320), (64, 3000)]
    words = {"shapes": [{"height": height, "width": width} for height, width in shapes]}
    told, _ = ask("tiles", tiling=asdict(tiling), memory=memory, **words)
    for shape, found in zip(shapes, told, strict=True):
        plan = plan_tiles(shape, tiling, memory)
        assert (found["tile"]["height"], found["tile"]["width"]) == plan.tile
        for which, known in (("window", plan.windows), ("kept", plan.kept or plan.windows)):
            parts = [each[which] for each in found["tiles"]]
            cut = [(p["top"], p["top"] + p["height"], p["left"], p["left"] + p["width"]) for p in parts]
            assert cut == [(rows.start, rows.stop, columns.start, columns.stop) for rows, columns in known]


@pytest.mark.parametrize("threshold", [0.3, 0.42, 0.5, 0.96])
def test_levels_are_those_of_the_local_page(ask: Ask, threshold: float) -> None:
    probabilities = np.concatenate([np.linspace(0, 1, 801), threshold + np.linspace(-0.003, 0.003, 61)]).astype(
        np.float32
    )
    probabilities = probabilities[np.abs(probabilities - threshold) > 1e-6]
    told, _ = ask("levels", probabilities=probabilities.tolist(), threshold=threshold, cut=find_cut(threshold))
    assert told == quantise(probabilities, threshold).tolist()


@pytest.mark.parametrize("flips", ["none", "horizontal", "mirror"])
@pytest.mark.parametrize("memory", [10**9, 100 * 150 * 150])
def test_a_photograph_goes_the_same_way_to_its_levels(ask: Ask, flips: Any, memory: int) -> None:
    """By a network whose logits are twice its first plane, whole and in tiles, at two scales."""
    phantom = draw_fundus(6, (300, 320))
    tiling = Tiling(size=256, margin=16, multiple=32, memory=100)
    inference = Inference(flips, tiling, (0.8, 1.1), 0.5)
    preprocessing = Preprocessing(diameter=220)

    class Doubled:
        memory = 10**9

        def __call__(self, tiles: np.ndarray) -> np.ndarray:
            return 2 * tiles[:, :1]

    region = view_image(phantom.pixels, "round").mask
    maps = predict_maps(phantom.pixels, region, Framing(), preprocessing, inference, Doubled())
    wanted = quantise(maps.enlarge(0, region), 0.4).astype(int)
    model = {
        "tasks": [{"name": "vessel", "threshold": 0.4, "cut": find_cut(0.4), "minimum": 30}],
        "preprocessing": asdict(preprocessing),
        "inference": asdict(replace(inference)),
    }
    told, output = ask(
        "segment", pixels=phantom.pixels, model=model, gain=2, memory=memory, **describe_size(phantom.pixels)
    )
    found = np.fromfile(output, np.uint8).reshape(wanted.shape)
    inner = cv2.erode(region.astype(np.uint8), np.ones((9, 9))) > 0
    assert np.abs(found - wanted)[inner].mean() < 3
    assert ((found >= find_cut(0.4)) == (wanted >= find_cut(0.4)))[inner].mean() > 0.98
    assert 30 < told["smallest"] < 80
