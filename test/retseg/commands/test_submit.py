"""`retseg submit` segments the images in the order that the archive wants, and packs them."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

import retseg.commands.submit
from retseg.cli import main
from retseg.image import Image
from retseg.models.record import read_record
from retseg.predictor import Prediction


def predict_brightness(image: Image) -> Prediction:
    """A stand-in for a model: the brightness is the probability, and half of it the threshold."""
    probability = (image.pixels[..., 0] / 255).astype(np.float32)
    return Prediction({"vessel": probability > 0.5}, {"vessel": probability}, np.ones(probability.shape, bool))


def test_images_are_segmented_and_packed_under_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(retseg.commands.submit, "load_when_needed", lambda *_: predict_brightness)
    pixels = {name: np.full((32, 40), grey, np.uint8) for name, grey in (("2_test", 200), ("10_test", 20))}
    (tmp_path / "images").mkdir()
    for name, values in pixels.items():
        assert cv2.imwrite(str(tmp_path / "images" / f"{name}.tif"), values)
    arguments = [
        "submit",
        "--challenge",
        "drive",
        "--images",
        str(tmp_path / "images"),
        "--output",
        str(tmp_path / "s.zip"),
    ]
    assert main([*arguments, "--any-number", "--names", "{case}.png"]) == 0
    with zipfile.ZipFile(tmp_path / "s.zip") as archive:
        assert archive.namelist() == ["2_test.png", "10_test.png"]
        found = [
            cv2.imdecode(np.frombuffer(archive.read(n), np.uint8), cv2.IMREAD_UNCHANGED) for n in archive.namelist()
        ]
    assert (found[0] == 255).all()
    assert (found[1] == 0).all()
    (model,) = read_record(tmp_path / "s.run.json").models
    assert model.name == "vessel-drive", "the record lies beside the archive, which holds what its organisers accept"
    printed, complained = capsys.readouterr()
    assert "(2 images)" in printed
    assert "warning: 2_test.tif is a greyscale image" in complained
    assert "note: drive.grand-challenge.org states neither names nor format" in printed


def test_an_image_without_prediction_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("1", "2"):
        (tmp_path / "images").mkdir(exist_ok=True)
        assert cv2.imwrite(str(tmp_path / "images" / f"{name}.png"), np.zeros((8, 8), np.uint8))
    (tmp_path / "masks").mkdir()
    assert cv2.imwrite(str(tmp_path / "masks" / "1.png"), np.zeros((8, 8), np.uint8))
    arguments = ["--images", str(tmp_path / "images"), "--predictions", str(tmp_path / "masks"), "--any-number"]
    assert main(["submit", "--challenge", "drive", *arguments, "--output", str(tmp_path / "s.zip")]) == 1
    assert "the case '2' has no mask of 'vessel'" in capsys.readouterr().err
    assert not (tmp_path / "s.zip").exists()
