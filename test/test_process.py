"""`python process.py` as the platform starts it: exit status, last line on stderr, nothing left behind."""

import json
import os
import subprocess
import sys

import pytest


def _process(repository, *words, **environment):
    clean = {key: value for key, value in os.environ.items() if key != "RETSEG_CHALLENGE"}
    return subprocess.run(
        [sys.executable, "process.py", *map(str, words)],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=120,
        env={**clean, **environment},
        check=False,
    )


def _last_line(done):
    assert done.returncode not in (0, None)
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_missing_input_folder_is_one_sentence(repository, tmp_path):
    done = _process(repository, "--input", tmp_path / "nowhere", "--output", tmp_path / "output")
    assert "nowhere does not exist" in _last_line(done)
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_challenge_names_the_nearest_one(repository, tmp_path):
    done = _process(repository, "--challenge", "drve", "--input", tmp_path, "--output", tmp_path / "output")
    assert "did you mean 'drive'?" in _last_line(done)


def test_the_image_of_a_container_says_its_challenge_by_an_environment_variable(repository, tmp_path):
    done = _process(repository, "--input", tmp_path, "--output", tmp_path / "o", RETSEG_CHALLENGE="chasedb2")
    assert "did you mean 'chasedb1'?" in _last_line(done)
    done = _process(repository, "--input", tmp_path, "--output", tmp_path / "o", GRAND_CHALLENGE_CHALLENGE="chasedb2")
    assert "neither an inputs.json nor a readable image" in _last_line(done)


def test_a_word_that_is_no_option_is_refused(repository):
    assert "unrecognized arguments: --inptu" in _last_line(_process(repository, "--inptu", "x"))


@pytest.mark.parametrize("text", ["{", "[]", '[{"socket": {"slug": "age", "relative_path": "age.json"}}]'])
def test_an_inputs_json_that_cannot_be_served_leaves_no_output_folder(repository, tmp_path, text):
    (tmp_path / "input").mkdir()
    (tmp_path / "input/inputs.json").write_text(text)
    done = _process(repository, "--input", tmp_path / "input", "--output", tmp_path / "output")
    assert "inputs.json" in _last_line(done)
    assert not (tmp_path / "output").exists()


def test_a_missing_model_is_named_and_leaves_no_output(repository, tmp_path):
    """A black image suffices: the models are loaded before it is looked at."""
    (tmp_path / "input/images/x").mkdir(parents=True)
    (tmp_path / "models").mkdir()
    socket = {"slug": "color-fundus-image", "relative_path": "images/x"}
    (tmp_path / "input/inputs.json").write_text(json.dumps([{"socket": socket}]))
    header = "ObjectType = Image\nNDims = 2\nDimSize = 4 3\nElementNumberOfChannels = 3\nElementType = MET_UCHAR\n"
    (tmp_path / "input/images/x/a.mha").write_bytes(f"{header}ElementDataFile = LOCAL\n".encode() + bytes(36))
    folders = ("--input", tmp_path / "input", "--output", tmp_path / "output")
    done = _process(repository, *folders, "--models", tmp_path / "models")
    assert "there is no model 'vessel'" in _last_line(done)
    assert not [path for path in (tmp_path / "output").rglob("*") if path.is_file()]
