"""`retseg predict`: which images, which models, which files."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from retseg import cli
from retseg.colours import TASK_STYLES
from retseg.commands import predict as command
from retseg.commands.console import Console
from retseg.commands.options import RequestError
from retseg.commands.predict import (
    PredictionRequest,
    list_images,
    name_outputs,
    predict_all,
    refuse_collisions,
)
from retseg.models.record import read_record
from retseg.phantom.unfit import draw_unfit
from retseg.predictor import Prediction

REQUEST = PredictionRequest(("vessel",), Path("out"))
VESSELS = ("--challenge", "drive")


def _touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def test_a_folder_gives_its_images_in_order_but_not_those_of_folders_in_it(tmp_path):
    a, b, *_ = _touch(tmp_path / "a.JPG", tmp_path / "b.nii.gz", tmp_path / "notes.txt", tmp_path / "mask" / "a.png")
    assert list_images([tmp_path]) == (a, b)
    assert list_images([b, tmp_path, a]) == (b, a), "each once, in the order of the command line"


def test_a_missing_path_and_a_folder_without_images_are_named(tmp_path):
    with pytest.raises(RequestError, match="nowhere does not exist"):
        list_images([tmp_path / "nowhere"])
    with pytest.raises(RequestError, match="holds no image"):
        list_images([tmp_path])


@pytest.mark.parametrize(("name", "stem"), [("a.tif", "a"), ("a.nii.gz", "a"), ("1.2.PNG", "1.2"), ("a.JPEG", "a")])
def test_results_are_named_after_task_and_stem(name, stem):
    request = PredictionRequest(("vessel", "haemorrhage"), Path("out"), probabilities=True, overlay=True, measure=True)
    assert [path.as_posix() for path in name_outputs(Path("in") / name, request).paths] == [
        f"out/vessel/{stem}.png",
        f"out/haemorrhage/{stem}.png",
        f"out/vessel/{stem}_probability.png",
        f"out/haemorrhage/{stem}_probability.png",
        f"out/overlay/{stem}.png",
        f"out/measures/{stem}.csv",
    ]
    assert [path.as_posix() for path in name_outputs(Path("in") / name, REQUEST).paths] == [f"out/vessel/{stem}.png"]


@pytest.mark.parametrize("pair", [("left/a.tif", "right/a.tif"), ("a.tif", "a.png")])
def test_images_of_one_stem_are_refused_with_both_names(pair):
    with pytest.raises(RequestError, match=f"{pair[0]} and {pair[1]} would both be written to out/vessel/a.png"):
        refuse_collisions(map(Path, pair), REQUEST)
    refuse_collisions([Path("left/a.tif"), Path("right/b.tif")], REQUEST)


def test_an_image_named_like_the_probability_of_another_is_refused_only_if_probabilities_are_wanted():
    pair = [Path("a.png"), Path("a_probability.png")]
    refuse_collisions(pair, REQUEST)
    with pytest.raises(RequestError, match="would both"):
        refuse_collisions(pair, dataclasses.replace(REQUEST, probabilities=True))


def test_an_image_is_not_overwritten_by_its_own_mask_or_overlay(tmp_path):
    request = dataclasses.replace(REQUEST, output=tmp_path)
    with pytest.raises(RequestError, match="would be overwritten"):
        refuse_collisions([tmp_path / "vessel/a.png"], request)
    refuse_collisions([tmp_path / "overlay/a.png"], request)
    with pytest.raises(RequestError, match="would be overwritten"):
        refuse_collisions([tmp_path / "overlay/a.png"], dataclasses.replace(request, overlay=True))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--model", "one", "--model", "octa"], "the model 'octa' is for images of the kind 'octa', wanted one for"),
        (["--model", "one", "--model", "two"], "the models one, two all segment 'vessel'"),
        (["--model", "three"], "there is no model 'three' in"),
    ],
)
def test_models_that_cannot_do_what_is_asked_are_refused_before_the_first_image_is_read(
    models, tmp_path, capsys, arguments, complaint
):
    (tmp_path / "unread.png").touch()
    where = [*VESSELS, "--output", str(tmp_path / "out"), "--models", str(models)]
    assert cli.main(["predict", str(tmp_path / "unread.png"), *where, *arguments]) == 1
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert len(captured.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.fixture
def green_vessels(monkeypatch):
    """In place of the models: vessels where green is above 100."""

    def predict(image):
        green = image.pixels[..., 1]
        return Prediction({"vessel": green > 100}, {"vessel": np.float32(green / 255)}, np.full(green.shape, True))

    monkeypatch.setattr(command, "load_when_needed", lambda *_: predict)
    return predict


def test_masks_are_0_and_255_and_probabilities_16_bit_in_the_size_of_the_input(green_vessels, tmp_path, capsys):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in/a.png"), pixels)
    arguments = ["predict", str(tmp_path / "in"), "--output", str(tmp_path / "out"), *VESSELS, "--probabilities"]
    assert cli.main(arguments) == 0
    mask = cv2.imread(str(tmp_path / "out/vessel/a.png"), cv2.IMREAD_UNCHANGED)
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, np.where(pixels[..., 1] > 100, 255, 0))
    probability = cv2.imread(str(tmp_path / "out/vessel/a_probability.png"), cv2.IMREAD_UNCHANGED)
    assert probability.dtype == np.uint16
    np.testing.assert_array_equal(probability, np.round(pixels[..., 1] / np.float32(255) * 65535))
    assert capsys.readouterr().out.startswith("[1/1] ")


def test_an_overlay_is_the_image_with_its_masks_and_a_legend_below(green_vessels, tmp_path):
    pixels = np.full((200, 300, 3), 40, np.uint8)
    pixels[50:60, 20:280, 1] = 200
    cv2.imwrite(str(tmp_path / "a.png"), pixels)
    assert cli.main(["predict", str(tmp_path / "a.png"), "--output", str(tmp_path / "out"), *VESSELS, "--overlay"]) == 0
    drawn = cv2.imread(str(tmp_path / "out/overlay/a.png"))
    assert drawn.shape[0] > 200
    assert drawn.shape[1:] == (300, 3)
    np.testing.assert_array_equal(drawn[100:200], pixels[100:])
    beside, tone = drawn[45:50, 150].astype(int), TASK_STYLES["vessel"].colour[::-1]
    assert (np.abs(beside - tone).max(axis=1) < 12).any(), "a line in the tone of vessels lies beside them"
    np.testing.assert_array_equal(drawn[55, 150], pixels[55, 150])
    assert not (tmp_path / "out/measures").exists()


def test_an_unreadable_image_is_named_and_the_others_are_done(green_vessels, tmp_path, capsys):
    cv2.imwrite(str(tmp_path / "good.png"), np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "broken.png").write_bytes((tmp_path / "good.png").read_bytes()[:60])
    assert cli.main(["predict", str(tmp_path), "--output", str(tmp_path / "out"), *VESSELS]) == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert "broken.png" in lines[0]
    assert lines[-1].startswith("1 of 2 images could not be segmented")
    assert "Traceback" not in captured.err
    assert [path.name for path in (tmp_path / "out").rglob("*.png")] == ["good.png"]


def test_two_folders_with_one_stem_are_refused_before_the_first_image(green_vessels, tmp_path, capsys):
    _touch(tmp_path / "left/a.png", tmp_path / "right/a.jpg")
    arguments = [
        "predict",
        str(tmp_path / "left"),
        str(tmp_path / "right"),
        "--output",
        str(tmp_path / "out"),
        *VESSELS,
    ]
    assert cli.main(arguments) == 1
    complaint = capsys.readouterr().err
    assert "left/a.png" in complaint
    assert "right/a.jpg" in complaint
    assert not (tmp_path / "out").exists()


def test_a_fault_of_the_network_is_not_taken_for_a_bad_image(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40, 3), np.uint8))

    def broken(image):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        request = dataclasses.replace(REQUEST, output=tmp_path / "out")
        list(predict_all([tmp_path / "a.png"], request, broken, Console()))


def test_a_link_that_leaves_its_folder_is_refused_and_one_that_is_named_is_read(green_vessels, tmp_path, capsys):
    cv2.imwrite(str(tmp_path / "truth.png"), np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.png").symlink_to(tmp_path / "truth.png")
    where = ["--output", str(tmp_path / "out"), *VESSELS]
    assert cli.main(["predict", str(tmp_path / "in"), *where]) == 1
    assert "in/a.png is a link that leaves" in capsys.readouterr().err
    assert cli.main(["predict", str(tmp_path / "in/a.png"), *where]) == 0


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("scenery", "does not look like a retina"),
        ("stereo pair", "shows two discs"),
        ("montage", "montage"),
        ("angiogram", "fluorescein angiogram"),
        ("external eye", "shows a pupil"),
        ("writing", "no field of view was found"),
    ],
)
def test_what_is_no_photograph_of_one_retina_gets_a_mask_and_a_warning(green_job, tmp_path, capsys, kind, sentence):
    pixels = draw_unfit(0, kind)
    cv2.imwrite(str(tmp_path / "odd.png"), np.ascontiguousarray(pixels[..., ::-1]))
    words = (tmp_path / "odd.png", *VESSELS, "--models", green_job.models, "--output", tmp_path / "out")
    assert cli.main(["predict", *map(str, words)]) == 0
    printed = capsys.readouterr()
    assert sentence in printed.out + printed.err
    mask = cv2.imread(str(tmp_path / "out" / "vessel" / "odd.png"), cv2.IMREAD_UNCHANGED)
    assert mask.shape == pixels.shape[:2]
    assert set(np.unique(mask)) <= {0, 255}


def test_on_a_full_disk_predict_fails_with_one_sentence_and_no_file(green_job, tmp_path, full_disk, capsys):
    words = [green_job.input / "images/x/disc.mha", "--output", tmp_path / "out", "--models", green_job.models]
    with full_disk(200):
        assert cli.main(["predict", *map(str, words), *VESSELS, "--overlay"]) == 1
    assert "cannot be written" in capsys.readouterr().err.splitlines()[-1]
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_a_folder_of_masks_says_its_model_and_takes_no_masks_of_another(green_vessels, tmp_path, capsys):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((30, 40, 3), np.uint8))
    words = ["predict", str(tmp_path / "a.png"), "--output", str(tmp_path / "out"), *VESSELS]
    assert cli.main(words) == 0
    (model,) = read_record(tmp_path / "out/run.json").models
    assert (model.name, model.tasks) == ("vessel-drive", ("vessel",))
    assert cli.main(words) == 0, "the same model may go on"
    assert cli.main([*words, "--model", "vessel-chasedb1"]) == 1
    complaint = capsys.readouterr().err
    assert "'vessel' is of two models, 'vessel-drive'" in complaint
    assert "write into another folder" in complaint
