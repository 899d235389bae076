"""The models of predictions are known by the `run.json` beside them."""

import dataclasses

import pytest

from retseg.evaluation.inputs.records import find_records, match_cards
from retseg.models import find_card
from retseg.models.record import RecordError, record_run, write_record
from retseg.models.store import PACKAGED_MODELS


def _record(name="vessel-drive"):
    return record_run({"command": "predict"}, "drive", [(find_card(name, [PACKAGED_MODELS]), ("vessel",))])


@pytest.mark.parametrize(
    ("place", "predictions"),
    [("p/run.json", "p"), ("p/run.json", "p/vessel"), ("p/vessel/run.json", "p"), ("p.run.json", "p.zip")],
)
def test_the_record_of_a_folder_of_its_task_and_of_an_archive_is_found(tmp_path, place, predictions):
    (tmp_path / "p/vessel").mkdir(parents=True)
    (tmp_path / "p.zip").touch()
    write_record(tmp_path / place, _record())
    ((path, record),) = find_records(tmp_path / predictions)
    assert path == tmp_path / place
    cards, sentences = match_cards([(path, record)], [PACKAGED_MODELS])
    assert [card.name for card in cards] == ["vessel-drive"]
    assert sentences == ()


def test_a_folder_without_a_record_and_one_that_is_no_task_of_the_record_above_have_none(tmp_path):
    (tmp_path / "p/other").mkdir(parents=True)
    assert find_records(tmp_path / "p") == ()
    write_record(tmp_path / "p/run.json", _record())
    assert find_records(tmp_path / "p/other") == ()


def test_one_task_of_two_models_in_two_folders_is_refused(tmp_path):
    write_record(tmp_path / "a/run.json", _record())
    write_record(tmp_path / "b/run.json", _record("vessel"))
    with pytest.raises(RecordError, match=r"'vessel' is of two models.*a/run\.json.*b/run\.json"):
        find_records(tmp_path)


def test_a_model_that_is_not_here_and_one_with_other_weights_are_said(tmp_path):
    record = _record()
    (model,) = record.models
    for changed, sentence in (({"name": "gone"}, "is not here"), ({"files": {}}, "with other weights")):
        altered = dataclasses.replace(record, models=(dataclasses.replace(model, **changed),))
        cards, (said,) = match_cards([(tmp_path / "run.json", altered)], [PACKAGED_MODELS])
        assert cards == ()
        assert sentence in said
        assert "--models" in said
