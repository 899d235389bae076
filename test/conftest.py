"""Fixtures that the whole suite shares."""

import json
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from retseg.models import Card, Inference, MaskRule, NetworkSpec, Training, hash_file, write_card
from retseg.preprocessing import Preprocessing


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of public data sets that `RETSEG_DATA` names; the test is skipped where there is none."""
    folder = os.environ.get("RETSEG_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("RETSEG_DATA does not name a folder of data sets: set it to run the tests on real images")
    return Path(folder)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def clients(repository: Path) -> Path:
    """The folder of Grand Challenge's own programs; the test is skipped where they are not installed."""
    folder = repository / ".venv-clients" / "bin"
    if not (folder / "sagemaker-shim").is_file():
        pytest.skip("the platform's own programs are not installed: `make clients`, which needs Python 3.12")
    return folder


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """A block in which no file can grow beyond some bytes, as on a full disk; the kernel refuses the rest."""

    @contextmanager
    def limit(size: int) -> Iterator[None]:
        earlier = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, earlier[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, earlier)

    return limit


@dataclass(frozen=True)
class GreenJob:
    """A case of DRIVE, and a model for it that finds vessels where green is above 102 of 255."""

    input: Path
    output: Path
    models: Path
    caution: str = (
        "warning: the model 'vessel-drive' was trained on drawn phantoms only: its masks are for testing, not for eyes"
    )
    """What the log says before all else of such a model."""

    @property
    def arguments(self) -> tuple[str | Path, ...]:
        """The command line of process.py and serve.py."""
        return "--challenge", "drive", "--input", self.input, "--output", self.output, "--models", self.models

    def list_written(self) -> list[str]:
        """All files of the output folder, relative to it."""
        return [path.relative_to(self.output).as_posix() for path in self.output.rglob("*") if path.is_file()]


@pytest.fixture
def green_job(tmp_path: Path) -> GreenJob:
    """A lit disc whose green is 40 on the left and 160 on the right, and the model of one pixel."""
    write_green_model(tmp_path / "models" / "vessel-drive")
    write_disc(tmp_path / "input")
    return GreenJob(tmp_path / "input", tmp_path / "output", tmp_path / "models")


def write_green_model(folder: Path) -> None:
    """A model whose `vessel` is a convolution of 1x1: its logit is 40 (green / 255 - 0.4), so cut at green 102."""
    import numpy as np
    import onnx

    folder.mkdir(parents=True)
    free = ["batch", 3, "height", "width"]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Conv", ["image", "weight", "bias"], ["logits"])],
        "green",
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, free)],
        [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["batch", 1, "height", "width"])],
        [
            onnx.numpy_helper.from_array(np.array([0, 40, 0], np.float32).reshape(1, 3, 1, 1), "weight"),
            onnx.numpy_helper.from_array(np.array([-16], np.float32), "bias"),
        ],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    card = Card(
        format=1,
        name="vessel-drive",
        version="1",
        modality="cfp",
        tasks={"vessel": MaskRule(0.5)},
        network=NetworkSpec("unet"),
        preprocessing=Preprocessing(normalise="unit"),
        inference=Inference(),
        training=Training("none", "none", 0, "phantom", "free", {"drawn": "0"}, phantom=True),
        files={"model.onnx": hash_file(folder / "model.onnx")},
        directory=folder,
    )
    write_card(card)


def write_disc(folder: Path) -> None:
    """An input folder of the platform with `images/x/disc.mha`."""
    import numpy as np
    import SimpleITK

    (folder / "images/x").mkdir(parents=True)
    listed = {"slug": "color-fundus-image", "relative_path": "images/x"}
    (folder / "inputs.json").write_text(json.dumps([{"socket": listed}]))
    y, x = np.mgrid[-1:1:300j, -1:1:400j]
    pixels = np.stack([np.full(x.shape, 200), np.where(x < 0, 40, 160), np.full(x.shape, 30)], -1)
    pixels[x**2 + y**2 > 0.9] = 0
    image = SimpleITK.GetImageFromArray(pixels.astype(np.uint8), isVector=True)
    image.SetSpacing((0.5, 0.25))
    SimpleITK.WriteImage(image, str(folder / "images/x/disc.mha"))


@dataclass(frozen=True)
class Unfit:
    """A word of a card, another in its place, and what is said of a model with that."""

    right: str
    wrong: str
    complaint: str


@pytest.fixture(
    params=[
        Unfit('modality = "cfp"', 'modality = "octa"', "is for images of the kind 'octa', wanted one for 'cfp'"),
        Unfit("[tasks.vessel]", "[tasks.irma]", "does not segment 'vessel', only irma"),
    ],
    ids=["modality", "tasks"],
)
def unfit(request: pytest.FixtureRequest) -> Unfit:
    """What makes a model useless for the challenge that names it."""
    return request.param  # type: ignore[no-any-return]
