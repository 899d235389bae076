"""Which model does which task, and what is said of one that cannot."""

from pathlib import Path

import pytest

from retseg.models import (
    CARD_FORMAT,
    Card,
    Inference,
    MaskRule,
    ModelError,
    NetworkSpec,
    Training,
    find_card,
    find_models,
    list_cautions,
    match_models,
    write_card,
)
from retseg.preprocessing import Preprocessing
from retseg.vocabulary import Modality


def add_card(folder: Path, name: str, modality: Modality, tasks: tuple[str, ...], data: str = "DRIVE") -> None:
    training = Training("none", "none", 0, data, "free", {}, phantom=data.startswith("phantom"))
    rules = {task: MaskRule(0.5) for task in tasks}
    (folder / name).mkdir()
    write_card(
        Card(
            *(CARD_FORMAT, name, "1", modality, rules, NetworkSpec("unet"), Preprocessing(), Inference(), training, {}),
            directory=folder / name,
        )
    )


@pytest.fixture
def models(tmp_path: Path) -> Path:
    add_card(tmp_path, "lesions", "cfp", ("haemorrhage", "hard_exudate", "soft_exudate"))
    add_card(tmp_path, "vessel", "cfp", ("vessel",), "phantom: drawn")
    add_card(tmp_path, "angiogram", "octa", ("irma",))
    return tmp_path


def test_each_model_is_read_once_and_keeps_only_the_tasks_it_is_named_for(models: Path) -> None:
    named = {"soft_exudate": "lesions", "vessel": "vessel", "haemorrhage": "lesions"}
    matched = match_models(named, [models], "cfp")
    assert [(card.name, tasks) for card, tasks in matched] == [
        ("lesions", ("soft_exudate", "haemorrhage")),
        ("vessel", ("vessel",)),
    ]
    assert match_models({"irma": "angiogram"}, [models], None)[0][0].modality == "octa"


@pytest.mark.parametrize(
    ("named", "modality", "complaint"),
    [
        ({"vessel": "lesions"}, "cfp", "the model 'lesions' does not segment 'vessel', only haemorrhage, hard_exudate"),
        ({"irma": "angiogram"}, "cfp", "'angiogram' is for images of the kind 'octa', wanted one for 'cfp'"),
        ({"vessel": "vessel", "irma": "angiogram"}, None, "'angiogram' is for images of the kind 'octa', wanted"),
        ({"vessel": "vesel"}, "cfp", "there is no model 'vesel' in .*; did you mean 'vessel'"),
    ],
)
def test_a_model_that_cannot_do_what_it_is_named_for_is_refused(
    models: Path, named: dict[str, str], modality: Modality | None, complaint: str
) -> None:
    with pytest.raises(ModelError, match=complaint):
        match_models(named, [models], modality)


def test_only_a_model_of_phantoms_comes_with_a_caution(models: Path) -> None:
    matched = match_models({"vessel": "vessel", "haemorrhage": "lesions"}, [models], "cfp")
    assert {card.name: bool(list_cautions(card)) for card, _ in matched} == {"vessel": True, "lesions": False}


def test_a_model_is_taken_from_the_first_folder_that_holds_it(models: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    add_card(own, "vessel", "cfp", ("vessel",))
    assert find_card("vessel", [own, models]).directory == own / "vessel"
    assert find_card("lesions", [own, models]).directory == models / "lesions"
    assert [card.directory.parent for card in find_models([own, models])] == [models, models, own]
    with pytest.raises(ModelError, match=f"no model 'vesel' in {own} or {models}; did you mean 'vessel'"):
        find_card("vesel", [own, models])
