"""Which models are used, and which challenge, when the command line leaves it open."""

import argparse

import pytest

import retseg.engine
from retseg.challenge.challenge import PACKAGED_CHALLENGES
from retseg.commands.options import (
    RequestError,
    add_challenge,
    load_when_needed,
    locate_models,
    open_challenge,
    tell_passages,
    warn_of_models,
)
from retseg.engine import EngineChoice
from retseg.models import PACKAGED_MODELS, find_card, hash_file, match_models
from retseg.predictor import Prediction, Predictor
from retseg.toml_schema import SchemaError


@pytest.fixture
def platform(tmp_path):
    """The platform's model folder, empty as it is without a tarball."""
    (tmp_path / "platform").mkdir()
    return tmp_path / "platform"


def add_model(folder):
    (folder / "vessel").mkdir(parents=True)
    (folder / "vessel/card.toml").touch()


def test_the_platforms_folder_is_not_used_while_it_is_empty_or_missing(platform, tmp_path, capsys):
    assert locate_models(None, platform) == locate_models(None, tmp_path / "missing") == (PACKAGED_MODELS,)
    assert capsys.readouterr().err == ""


def test_an_uploaded_model_goes_before_the_packaged_ones(platform):
    add_model(platform)
    assert locate_models(None, platform) == (platform, PACKAGED_MODELS)


def test_a_tarball_packed_with_its_top_folder_is_accepted(platform):
    add_model(platform / "model_weights")
    assert locate_models(None, platform) == (platform / "model_weights", PACKAGED_MODELS)


def test_files_that_are_no_model_are_warned_about_and_passed_over(platform, capsys):
    (platform / "weights.bin").touch()
    assert locate_models(None, platform) == (PACKAGED_MODELS,)
    assert capsys.readouterr().err.startswith("warning: ")


def test_a_named_folder_goes_before_all_and_must_hold_a_model(platform, tmp_path):
    add_model(platform)
    with pytest.raises(RequestError, match="own holds no model"):
        locate_models(tmp_path / "own", platform)
    add_model(tmp_path / "own")
    assert locate_models(tmp_path / "own", platform) == (tmp_path / "own", PACKAGED_MODELS)


def test_a_model_that_the_own_folder_lacks_is_said_to_be_the_packages(add_card, tmp_path, capsys):
    cards = [add_card("seen"), find_card("vessel-drive", [PACKAGED_MODELS])]
    warn_of_models(cards, (tmp_path / "models", PACKAGED_MODELS))
    origin, warning = capsys.readouterr().err.splitlines()
    digest = hash_file(tmp_path / "models/seen/card.toml")
    assert (
        origin == f"the model 'seen', version 1, is that of {tmp_path / 'models/seen'} (SHA-256 of its card {digest})"
    )
    assert warning == f"warning: {tmp_path / 'models'} holds no model 'vessel-drive', so the one of the package is used"


def test_a_challenge_is_found_by_name_in_an_own_folder_then_in_the_package_or_by_the_path_of_its_file(tmp_path):
    parser = argparse.ArgumentParser()
    add_challenge(parser)
    text = (PACKAGED_CHALLENGES / "drive.toml").read_text()
    for name in ("drive", "mine"):
        (tmp_path / f"{name}.toml").write_text(text.replace("title = ", 'title = "Mine" # ', 1))
    own = ["--challenges", str(tmp_path), "--challenge"]
    for words, title in (([*own, "drive"], "Mine"), ([*own, "mine"], "Mine")):
        assert open_challenge(parser.parse_args(words)).title == title
    assert open_challenge(parser.parse_args([*own, "idrid"])).name == "idrid"
    assert open_challenge(parser.parse_args(["--challenge", str(tmp_path / "mine.toml")])).name == "mine"
    with pytest.raises(SchemaError, match="no challenge 'mine'"):
        open_challenge(parser.parse_args(["--challenge", "mine"]))
    with pytest.raises(SchemaError, match="no folder of challenges"):
        open_challenge(parser.parse_args(["--challenges", str(tmp_path / "none"), "--challenge", "drive"]))


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
    load_when_needed(tasks, [tmp_path / "models"], "cfp", "auto")
    assert capsys.readouterr().err.splitlines() == [
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

    chosen = EngineChoice("openvino", warning=reason)
    monkeypatch.setattr(Predictor, "load", Opened)
    monkeypatch.setattr(retseg.engine, "choose_engine", lambda _: chosen)
    add_card("seen")
    predict = load_when_needed({"vessel": "seen"}, [tmp_path / "models"], "cfp", "auto")
    assert capsys.readouterr().err == ""
    assert [predict(image) for image in (1, 2)] == [1, 2]
    assert capsys.readouterr().err.splitlines() == lines
    assert opened == [(match_models({"vessel": "seen"}, [tmp_path / "models"], "cfp"), chosen, None)]


def test_the_memory_that_is_given_in_gigabytes_reaches_the_engine_in_bytes(add_card, tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(Predictor, "load", lambda _, _engine, memory: given.append(memory) or Predictor(()))
    monkeypatch.setattr(Predictor, "predict", lambda _, image: image)
    add_card("seen")
    load_when_needed({"vessel": "seen"}, [tmp_path / "models"], "cfp", "openvino", 1.5)(None)
    assert given == [1_500_000_000]


@pytest.mark.parametrize(("verbose", "lines"), [(False, []), (True, ["seen: whole", "seen: in tiles"])])
def test_the_way_through_the_networks_is_said_when_it_is_asked_for(verbose, lines):
    found = Prediction({}, {}, None, passages=("seen: whole", "seen: in tiles"))
    said = []
    assert tell_passages(lambda _: found, verbose, said.append)(None) is found
    assert said == lines


@pytest.mark.parametrize("memory", [0.0, -1.0, float("nan")])
def test_no_memory_at_all_is_refused(add_card, tmp_path, memory):
    add_card("seen")
    with pytest.raises(RequestError, match="leaves a network nothing: give GB"):
        load_when_needed({"vessel": "seen"}, [tmp_path / "models"], "cfp", "openvino", memory)
