"""Cases as the platform hands them over, and a stand-in for the network that makes these tests quick."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg.challenge import Challenge, Interface, Socket, TaskModel
from retseg.image import Image
from retseg.predictor import Prediction

INPUT = Socket("color-fundus-image", "images/color-fundus", "image")
VESSELS = Socket("binary-vessel-segmentation", "images/binary-vessel-segmentation", "segmentation", "vessel")
LESIONS = Socket("lesions", "images/lesion-masks", "segmentation", "haemorrhage", (3, 7))
HEAT = Socket("vessel-heat-map", "images/heat", "heatmap", "vessel")


@pytest.fixture
def challenge() -> Challenge:
    """Two tasks; one interface asks for a mask, the other for two masks and a heat map."""
    second = Socket("second-image", "images/second", "image")
    return Challenge(
        name="example",
        title="An example",
        modality="cfp",
        source="drawn here",
        task=(TaskModel("vessel", "a"), TaskModel("haemorrhage", "b")),
        socket=(INPUT, second, VESSELS, LESIONS, HEAT),
        interface=(
            Interface((INPUT.slug,), (VESSELS.slug,)),
            Interface((second.slug,), (HEAT.slug, LESIONS.slug, VESSELS.slug)),
            Interface((second.slug, INPUT.slug), (VESSELS.slug,)),
        ),
    )


@pytest.fixture
def one_task(challenge: Challenge) -> Challenge:
    """A challenge with one task, as the old contract knows them."""
    interface = (Interface((INPUT.slug,), (VESSELS.slug,)),)
    return Challenge("one", "One", "cfp", "drawn here", challenge.task[:1], (INPUT, VESSELS), interface)


@pytest.fixture
def predict() -> Callable[[Image], Prediction]:
    """A predictor that finds vessels where green is above 100 and haemorrhages where red is above 200."""

    def run(image: Image) -> Prediction:
        red, green = image.pixels[..., 0], image.pixels[..., 1]
        masks = {"vessel": green > 100, "haemorrhage": red > 200}
        probabilities = {"vessel": np.float32(green / 255), "haemorrhage": np.float32(red / 255)}
        field_of_view = np.full(image.pixels.shape[:2], True)
        warnings = () if image.pixels.any() else (f"{image.name}: all black",)
        return Prediction(masks, probabilities, field_of_view, warnings)

    return run


@pytest.fixture
def draw() -> Callable[..., sitk.Image]:
    """Draws an RGB image, (W, H) = (50, 40) unless told, with a geometry that nobody has by chance."""

    def run(seed: int = 0, size: tuple[int, int] = (50, 40)) -> sitk.Image:
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        image = sitk.GetImageFromArray(pixels, isVector=True)
        image.SetSpacing((0.25, 0.5))
        image.SetOrigin((-3.0, 11.0))
        image.SetDirection((0.0, 1.0, 1.0, 0.0))
        return image

    return run


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[..., Path]:
    """Writes an input folder: `inputs.json` with the given keys for {slug: relative path}, and empty image folders."""

    def run(paths: dict[str, str] | None = None, keys: tuple[str, ...] = ("socket", "interface")) -> Path:
        paths = paths or {INPUT.slug: "images/some-folder"}
        folder = tmp_path / "input"
        items = []
        for slug, relative in paths.items():
            (folder / relative).mkdir(parents=True, exist_ok=True)
            described = {"slug": slug, "relative_path": relative, "kind": "Image", "super_kind": "Image"}
            items.append({"value": None, "image": {"name": "x.jpg"}, **dict.fromkeys(keys, described)})
        (folder / "inputs.json").write_text(json.dumps(items))
        return folder

    return run


@pytest.fixture
def unused_port() -> int:
    """A TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
