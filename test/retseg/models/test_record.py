"""`run.json` says what made the files of a folder, and one folder is of one model."""

import dataclasses
import json
import platform
from pathlib import Path

import pytest

from retseg import __version__
from retseg.models import find_card, hash_file
from retseg.models.record import RecordError, join_record, name_beside, read_record, record_run
from retseg.models.store import PACKAGED_MODELS

OPTIONS = {"command": "predict", "images": [Path("/clinic/Jane Doe.jpg")], "engine": "auto", "memory": None}


def _record(name="vessel-drive", tasks=("vessel",), **changes):
    record = record_run(OPTIONS, "drive", [(find_card(name, [PACKAGED_MODELS]), tasks)])
    (model,) = record.models
    return dataclasses.replace(record, models=(dataclasses.replace(model, **changes),))


def test_a_record_holds_command_version_model_hashes_options_and_machine_but_no_path_of_an_image(tmp_path):
    join_record(tmp_path / "run.json", _record())
    record = read_record(tmp_path / "run.json")
    assert (record.command, record.version, record.challenge) == ("predict", __version__, "drive")
    (model,) = record.models
    assert model.card == hash_file(PACKAGED_MODELS / "vessel-drive/card.toml")
    assert model.files["model.onnx"] == hash_file(PACKAGED_MODELS / "vessel-drive/model.onnx")
    assert record.options == {"engine": "auto", "memory": None}
    text = (tmp_path / "run.json").read_text()
    assert "Jane" not in text
    assert platform.node() not in json.dumps(record.machine)


def test_a_second_run_of_one_model_and_another_task_of_another_model_are_joined(tmp_path):
    path = tmp_path / "run.json"
    for record in (_record(), _record(), _record("lesion", ("haemorrhage",))):
        join_record(path, record)
    assert [(model.name, model.tasks) for model in read_record(path).models] == [
        ("vessel-drive", ("vessel",)),
        ("lesion", ("haemorrhage",)),
    ]


def test_the_same_task_by_another_model_or_another_version_of_it_is_refused_and_nothing_is_changed(tmp_path):
    path = tmp_path / "run.json"
    join_record(path, _record())
    before = path.read_bytes()
    for other in (_record("vessel"), _record(card="0" * 64)):
        with pytest.raises(RecordError, match=r"'vessel' is of two models.*write into another folder"):
            join_record(path, other)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["", "[]", '{"format": 9}', '{"format": 1, "command": 3}', '{"format": 1}'])
def test_a_file_that_is_no_record_is_named_with_a_remedy(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(RecordError, match=r"run\.json.*move it away"):
        read_record(tmp_path / "run.json")


def test_the_record_of_an_archive_lies_beside_it():
    assert name_beside(Path("a/b.zip")) == Path("a/b.run.json")
