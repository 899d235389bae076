"""Which model does which task: the challenge's, a named one, or the only one; and which tasks are known."""

import dataclasses

import pytest

from retseg import cli
from retseg.challenge import TaskModel, load_challenge
from retseg.commands.choosing import choose_models, list_declared_tasks
from retseg.commands.options import RequestError


def test_the_challenges_tasks_and_models_are_used_unless_others_are_named(models):
    challenge = dataclasses.replace(load_challenge("drive"), task=(TaskModel("vessel", "one"),))
    assert choose_models(challenge, [models], [], []) == {"vessel": "one"}
    assert choose_models(challenge, [models], [], ["two"]) == {"vessel": "two"}
    assert choose_models(challenge, [models], ["hard_exudate"], []) == {"hard_exudate": "lesions"}
    assert choose_models(challenge, [models], ["hard_exudate", "vessel"], []) == {
        "hard_exudate": "lesions",
        "vessel": "one",
    }
    assert choose_models(challenge, [models], [], ["lesions", "two"]) == {
        "haemorrhage": "lesions",
        "hard_exudate": "lesions",
        "vessel": "two",
    }


def test_what_no_model_or_more_than_one_can_do_is_refused(models):
    challenge = dataclasses.replace(load_challenge("drive"), task=(TaskModel("vessel", "other"),))
    with pytest.raises(RequestError, match="did you mean 'vessel'"):
        choose_models(challenge, [models], ["vesel"], [])
    with pytest.raises(RequestError, match=r"none of the models .* segments 'soft_exudate'"):
        choose_models(challenge, [models], ["soft_exudate"], [])
    with pytest.raises(RequestError, match="one, two all segment 'vessel'"):
        choose_models(challenge, [models], [], ["one", "two"])
    named = dataclasses.replace(challenge, task=(TaskModel("vessel", "one"),))
    with pytest.raises(RequestError, match="two, one all segment 'vessel'"):
        choose_models(named, [models], [], ["two", "one"])


@pytest.fixture
def optic_discs(tmp_path):
    """A folder with a challenge of a task that this package never heard of, and one that is wrong."""
    folder = tmp_path / "challenges"
    folder.mkdir()
    (folder / "discs.toml").write_text(
        'title = "Discs"\nmodality = "slo"\nfield_of_view = "frame"\nsource = "mine"\nsocket = []\ninterface = []\n'
        '[[task]]\nname = "optic_disc"\nmodel = "discs"\n'
    )
    (folder / "wrong.toml").write_text("title = 1\n")
    return folder


def test_a_task_that_another_challenge_declares_is_known_and_its_model_found(optic_discs, add_card, models):
    drive, where = load_challenge("drive"), [optic_discs]
    with pytest.raises(RequestError, match="no task 'optic_disc'"):
        choose_models(drive, [models], ["optic_disc"], [])
    with pytest.raises(RequestError, match="segments 'optic_disc': the challenge that has it names 'discs'"):
        choose_models(drive, [models], ["optic_disc"], [], where)
    add_card("discs", ["optic_disc"], "cfp")
    assert choose_models(drive, [models], ["optic_disc"], [], where) == {"optic_disc": "discs"}
    assert choose_models(drive, [models], ["optic_disc"], []) == {"optic_disc": "discs"}, "a model alone is enough"
    with pytest.raises(RequestError, match="did you mean 'optic_disc'"):
        choose_models(drive, [models], ["optic_disk"], [], where)


def test_of_two_models_for_a_task_the_one_that_a_challenge_names_is_taken(optic_discs, add_card, models):
    add_card("discs", ["optic_disc"], "cfp")
    add_card("others", ["optic_disc"], "cfp")
    assert choose_models(load_challenge("drive"), [models], ["optic_disc"], [], [optic_discs]) == {
        "optic_disc": "discs"
    }
    with pytest.raises(RequestError, match="discs, others all segment 'optic_disc'"):
        choose_models(load_challenge("drive"), [models], ["optic_disc"], [])


def test_declared_tasks_are_those_of_every_challenge_whose_file_is_right(optic_discs):
    declared = list_declared_tasks([optic_discs])
    assert declared["optic_disc"] == ("discs",)
    assert {"vessel", "vessel-drive"} <= set(declared["vessel"])


def test_info_lists_the_tasks_that_challenges_declare(optic_discs, add_card, tmp_path, capsys):
    add_card("discs", ["optic_disc"], "cfp")
    assert cli.main(["info", "--challenges", str(optic_discs), "--models", str(tmp_path / "models")]) == 0
    assert "  optic_disc           discs" in capsys.readouterr().out.splitlines()
