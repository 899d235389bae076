"""Which models are used, and which challenge, when the command line leaves it open."""

import argparse

import pytest

import retseg.engine
from retseg.commands.options import add_challenge, load_when_needed, locate_models
from retseg.engine.choice import Choice
from retseg.models import match_models
from retseg.predictor import Predictor


@pytest.fixture
def folders(tmp_path):
    """The platform's model folder, empty as it is without a tarball, and the packaged one."""
    for name in ("platform", "packaged/vessel"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "packaged/vessel/card.toml").touch()
    return tmp_path / "platform", tmp_path / "packaged"


def test_the_platforms_folder_is_not_used_while_it_is_empty_or_missing(folders, tmp_path, capsys):
    assert locate_models(None, *folders) == folders[1]
    assert locate_models(None, tmp_path / "missing", folders[1]) == folders[1]
    assert capsys.readouterr().out == ""


def test_an_uploaded_model_goes_before_the_packaged_ones(folders):
    (folders[0] / "vessel").mkdir()
    (folders[0] / "vessel/card.toml").touch()
    assert locate_models(None, *folders) == folders[0]


def test_a_tarball_packed_with_its_top_folder_is_forgiven(folders):
    (folders[0] / "model_weights/vessel").mkdir(parents=True)
    (folders[0] / "model_weights/vessel/card.toml").touch()
    assert locate_models(None, *folders) == folders[0] / "model_weights"


def test_files_that_are_no_model_are_warned_about_and_passed_over(folders, capsys):
    (folders[0] / "weights.bin").touch()
    assert locate_models(None, *folders) == folders[1]
    assert capsys.readouterr().out.startswith("warning: ")


def test_a_named_folder_goes_before_all(folders, tmp_path):
    (folders[0] / "vessel").mkdir()
    (folders[0] / "vessel/card.toml").touch()
    assert locate_models(tmp_path, *folders) == tmp_path


@pytest.mark.parametrize(("arguments", "name"), [([], "drive"), (["--challenge", "chasedb1"], "chasedb1")])
def test_the_option_goes_before_the_environment_and_that_before_the_default(monkeypatch, arguments, name):
    monkeypatch.setenv("RETSEG_CHALLENGE", "drive")
    parser = argparse.ArgumentParser()
    add_challenge(parser)
    assert parser.parse_args(arguments).challenge == name
    monkeypatch.delenv("RETSEG_CHALLENGE")
    parser = argparse.ArgumentParser()
    add_challenge(parser)
    assert parser.parse_args([]).challenge == "fundus"


def test_a_model_of_phantoms_is_announced_once_before_any_image(add_card, tmp_path, capsys):
    add_card("drawn", ["haemorrhage", "hard_exudate"], data="phantom")
    add_card("seen")
    tasks = {"haemorrhage": "drawn", "hard_exudate": "drawn", "vessel": "seen"}
    load_when_needed(tasks, tmp_path / "models", "auto", "cfp")
    assert capsys.readouterr().out.splitlines() == [
        "warning: the model 'drawn' was trained on drawn phantoms only: its masks are for testing, not for eyes"
    ]


@pytest.mark.parametrize(("reason", "lines"), [("no usable GPU", ["warning: no usable GPU"]), ("", [])])
def test_an_engine_that_is_not_the_one_to_be_expected_is_announced_once_at_the_first_image(
    monkeypatch, add_card, tmp_path, capsys, reason, lines
):
    opened = []

    class Opened:
        def __init__(self, *given):
            opened.append(given)

        def predict(self, image):
            return image

    monkeypatch.setattr(Predictor, "load", Opened)
    monkeypatch.setattr(retseg.engine, "choose_engine", lambda _: Choice("openvino", reason))
    add_card("seen")
    predict = load_when_needed({"vessel": "seen"}, tmp_path / "models", "auto", "cfp")
    assert capsys.readouterr().out == ""
    assert [predict(image) for image in (1, 2)] == [1, 2]
    assert capsys.readouterr().out.splitlines() == lines
    assert opened == [(match_models({"vessel": "seen"}, tmp_path / "models", "cfp"), "openvino")]
