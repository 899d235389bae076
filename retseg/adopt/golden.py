"""The golden test of a model: a drawn image, and the probabilities that the model gave for it when it was made."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.adopt.error import AdoptError
from retseg.engine import Engine
from retseg.engine.openvino import OpenVinoEngine
from retseg.files import replacing
from retseg.models import Card, check_graph_file, verify_files
from retseg.predictor import predict_probabilities

GOLDEN_NAME = "golden.npz"
TOLERANCE = 2e-3
"""Of a probability in single precision; processors round differently."""
SIDE = 64
"""Pixels: the stored probabilities are a thinned grid."""


def write_golden(path: Path, card: Card, engine: Engine, pixels: NDArray[np.uint8], view: NDArray[np.bool_]) -> None:
    """Write the golden test of a model.

    Args:
        path: of the file.
        card: says how the model is used.
        engine: runs it in single precision.
        pixels: uint8 (H, W, 3), as drawn.
        view: bool (H, W), its field of view.

    Raises:
        OutputError: the folder cannot be written.
    """
    small = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(view.view(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_NEAREST).view(np.bool_)
    found = _predict(card, engine, np.asarray(small, np.uint8), seen)
    with replacing(path) as beside:
        np.savez_compressed(beside, pixels=small, field_of_view=seen, probabilities=found)


def run_golden(card: Card) -> float:
    """Run the golden test of a model in a folder; the largest difference of a probability.

    Raises:
        ModelError: a file of the model is missing or altered, or its graph names what it must not.
        AdoptError: the model has no golden test, or gives other probabilities here.
    """
    verify_files(card)
    check_graph_file(card)
    path = card.directory / GOLDEN_NAME
    if GOLDEN_NAME not in card.files:
        raise AdoptError(f"the model '{card.name}' has no golden test ({GOLDEN_NAME}): adopt its checkpoint again")
    try:
        with np.load(path, allow_pickle=False) as stored:
            pixels, view, wanted = (stored[name] for name in ("pixels", "field_of_view", "probabilities"))
    except (OSError, ValueError, KeyError) as error:
        raise AdoptError(f"{path} is no golden test that can be read: adopt the checkpoint again") from error
    engine = OpenVinoEngine(card.directory / "model.onnx", precision="f32")
    found = _predict(card, engine, pixels, view)
    if found.shape != wanted.shape:
        raise AdoptError(f"the model '{card.name}' fails its golden test: other shapes; adopt its checkpoint again")
    difference = float(np.abs(found - wanted).max())
    if difference > TOLERANCE:
        raise AdoptError(
            f"the model '{card.name}' fails its golden test: a probability differs by {difference:.3g} from the one "
            "where it was made; take it again, or adopt its checkpoint on this machine"
        )
    return difference


def _predict(card: Card, engine: Engine, pixels: NDArray[np.uint8], view: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The probabilities on a thinned grid, float32 (tasks, h, w), in single precision and without a limit of memory."""
    tiling = replace(card.inference.tiling, memory=0)
    inference = replace(card.inference, tiling=tiling)
    planes = predict_probabilities(pixels, view, card.framing, card.preprocessing, inference, engine)
    step = max(1, max(planes.shape[1:]) // SIDE)
    return np.ascontiguousarray(planes[:, ::step, ::step])
