"""Every shipped model still finds what it found: probabilities of one image, on a grid of 8 x 8, beside stored ones.

The image is the photograph of `docs/images`, or a drawn angiogram. After a model was trained anew,
`python test/retseg/test_shipped_models.py` writes the stored values again.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg.engine import choose_engine
from retseg.image import Geometry, Image, read_image
from retseg.models import Card, load_card
from retseg.phantom.octa import draw_octa
from retseg.predictor import Predictor

REPOSITORY = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "shipped_models.json"
MODELS = sorted(path.parent.name for path in (REPOSITORY / "model_weights").glob("*/card.toml"))
TOLERANCE = 0.004
"""Of the mean probability of a cell; processors with and without bfloat16 differ by less."""


def load_image(card: Card) -> Image:
    """The image that a model is tried on."""
    if card.modality == "octa":
        pixels = draw_octa(11).pixels
        return Image(pixels, Geometry((pixels.shape[1], pixels.shape[0])), "angiogram")
    return read_image(REPOSITORY / "docs" / "images" / "retina.jpg")


def describe_maps(name: str) -> dict[str, list[list[float]]]:
    """The mean probability of each task of a model, in cells of an 8 x 8 grid."""
    card = load_card(REPOSITORY / "model_weights" / name)
    predictor = Predictor.load(((card, tuple(card.tasks)),), choose_engine("openvino"))
    found = predictor.predict(load_image(card)).probabilities
    return {
        task: np.round(cv2.resize(plane, (8, 8), interpolation=cv2.INTER_AREA), 4).tolist()
        for task, plane in found.items()
    }


@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_model_finds_what_it_found(name: str) -> None:
    stored = json.loads(GOLDEN.read_text())
    assert name in stored, f"{name} is new: run `python test/retseg/test_shipped_models.py`"
    for task, grid in describe_maps(name).items():
        np.testing.assert_allclose(grid, stored[name][task], atol=TOLERANCE, err_msg=f"{name}, {task}")


def test_only_shipped_models_have_stored_values() -> None:
    assert sorted(json.loads(GOLDEN.read_text())) == MODELS


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: describe_maps(name) for name in MODELS}, indent=None) + "\n")
