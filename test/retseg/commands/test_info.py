"""`retseg info`: what a user must know of a model before using it."""

import dataclasses
import json

from retseg import cli
from retseg.models import HeldOut, load_card, write_card


def test_a_model_trained_on_drawn_images_is_told_from_one_that_saw_eyes(add_card, tmp_path, capsys):
    add_card("drawn", data="phantom: 100 drawn photographs")
    add_card("seen", data="DRIVE")
    arguments = ["info", "--models", str(tmp_path / "models")]
    assert cli.main([*arguments, "--json"]) == 0
    warnings = {model["name"]: model["warnings"] for model in json.loads(capsys.readouterr().out)["models"]}
    caution = "the model 'drawn' was trained on drawn phantoms only: its masks are for testing, not for eyes"
    assert (warnings["drawn"], warnings["seen"]) == ([caution], [])
    assert cli.main(arguments) == 0
    marked = [line.split()[0] for line in capsys.readouterr().out.splitlines() if "trained on drawings" in line]
    assert "drawn" in marked and "seen" not in marked
    assert cli.main([*arguments, "drawn"]) == 0
    assert [line.strip() for line in capsys.readouterr().out.splitlines() if "'drawn'" in line] == [
        f"warning: {caution}"
    ]


def test_what_a_model_does_on_images_it_never_saw_is_one_line_for_each_group_of_them(add_card, tmp_path, capsys):
    add_card("judged", data="DRIVE")
    card = load_card(tmp_path / "models" / "judged")
    rows = [
        HeldOut("vessel", "data set left out", "HRF", 30, *row) for row in (("f1", 0.78, 0.7, 0.8), ("ece", 0.02, 0, 1))
    ]
    rows.append(HeldOut("any", "healthy eyes", "HRF, DRIVE", 27, "false_lesions", 0.2, 0.0, 0.4))
    write_card(dataclasses.replace(card, held_out=tuple(rows)))
    assert cli.main(["info", "judged", "--models", str(tmp_path / "models")]) == 0
    judged = capsys.readouterr().out
    assert [line.strip() for line in judged.splitlines() if "held out" in line] == [
        "held out, data set left out, HRF (30): vessel f1 0.780, ece 0.020",
        "held out, healthy eyes, HRF, DRIVE (27): any false_lesions 0.200",
    ]


def test_a_challenge_with_a_mistake_is_listed_with_its_error_beside_the_others(tmp_path, capsys):
    (tmp_path / "mine.toml").write_text('title = "Mine"\ntittle = 1\n')
    assert cli.main(["info", "--challenges", str(tmp_path), "--json"]) == 0
    challenges = {item["name"]: item["fault"] for item in json.loads(capsys.readouterr().out)["challenges"]}
    assert "did you mean 'title'" in challenges.pop("mine")
    assert "drive" in challenges and not any(challenges.values())
    assert cli.main(["info", "--challenges", str(tmp_path)]) == 0
    assert "mine                 NOT USABLE: " in capsys.readouterr().out
