"""A desk whose models answer at once: the truth of a drawn eye as probabilities, under the cards of real models."""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

from retseg.image import Image, write_picture
from retseg.models import PACKAGED_MODELS, find_card
from retseg.phantom import FundusContent, LesionCounts, draw_fundus
from retseg.phantom.phantom import Phantom
from retseg.predictor import Prediction
from retseg.view import Desk, Step

SIZE = (420, 400)
WARNING = "drawn.png is a drawing."


class Eye(NamedTuple):
    """A drawn eye, its file, and what the models say of it: task to float32 (H, W)."""

    phantom: Phantom
    path: Path
    probabilities: dict[str, np.ndarray]


@pytest.fixture(scope="session")
def eye(tmp_path_factory) -> Eye:
    lesions = LesionCounts(microaneurysm=9, haemorrhage=4, hard_exudate=5, soft_exudate=0)
    phantom = draw_fundus(3, SIZE, FundusContent(lesions=lesions))
    path = tmp_path_factory.mktemp("eye") / "drawn.png"
    write_picture(path, phantom.pixels)
    shape = phantom.field_of_view.shape
    blurred = {
        task: cv2.GaussianBlur(phantom.masks.get(task, np.zeros(shape, bool)).astype(np.float32), (0, 0), 1.2)
        for task in ("vessel", "microaneurysm", "haemorrhage", "hard_exudate", "soft_exudate")
    }
    return Eye(phantom, path, blurred)


@pytest.fixture(scope="session")
def steps(eye: Eye) -> tuple[Step, ...]:
    def answer(*tasks: str):
        def predict(image: Image) -> Prediction:
            height, width = image.pixels.shape[:2]
            fitted = {task: cv2.resize(eye.probabilities[task], (width, height)) for task in tasks}
            masks = {task: plane >= 0.5 for task, plane in fitted.items()}
            return Prediction(masks, fitted, np.ones((height, width), bool), (WARNING,))

        return predict

    cards = [find_card(name, (PACKAGED_MODELS,)) for name in ("vessel", "lesion")]
    return tuple(Step(card, tuple(card.tasks), answer(*card.tasks)) for card in cards)


@pytest.fixture
def desk(steps) -> Desk:
    return Desk(steps)
