"""`retseg info`: what a user must know of a model before using it."""

import json

from retseg import cli


def test_a_model_trained_on_drawn_images_is_told_from_one_that_saw_eyes(add_card, tmp_path, capsys):
    add_card("drawn", data="phantom: 100 drawn photographs")
    add_card("seen", data="DRIVE")
    arguments = ["info", "--models", str(tmp_path / "models")]
    assert cli.main([*arguments, "--json"]) == 0
    warnings = {model["name"]: model["warnings"] for model in json.loads(capsys.readouterr().out)["models"]}
    caution = "the model 'drawn' was trained on drawn phantoms only: its masks are for testing, not for eyes"
    assert warnings == {"drawn": [caution], "seen": []}
    assert cli.main(arguments) == 0
    assert [line.strip() for line in capsys.readouterr().out.splitlines() if "phantoms only" in line] == [
        f"warning: {caution}"
    ]
