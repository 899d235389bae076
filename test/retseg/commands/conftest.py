"""Cards without weights: enough for every question that is asked before a network runs."""

from pathlib import Path

import pytest

from retseg.models import Card, Inference, MaskRule, NetworkSpec, Training, write_card
from retseg.preprocessing import Preprocessing


@pytest.fixture
def add_card(tmp_path):
    """Write the card of a model that does some tasks: `tmp_path/models/<name>/card.toml`; gives the card."""

    def add(name, tasks=("vessel",), modality="cfp", data="DRIVE"):
        card = Card(
            format=1,
            name=name,
            version="1",
            modality=modality,
            tasks={task: MaskRule(0.5) for task in tasks},
            network=NetworkSpec("unet"),
            preprocessing=Preprocessing(),
            inference=Inference(),
            training=Training("none", "none", 0, data, "free", {"drawn": "0"}, phantom=data.startswith("phantom")),
            files={"model.onnx": "0"},
            directory=Path(tmp_path / "models" / name),
        )
        card.directory.mkdir(parents=True)
        write_card(card)
        return card

    return add


@pytest.fixture
def models(add_card, tmp_path):
    """A folder with the cards of two models for vessels, one for two lesions, and one for another kind of image."""
    add_card("one")
    add_card("two")
    add_card("lesions", ["haemorrhage", "hard_exudate"])
    add_card("octa", ["irma"], "octa")
    return tmp_path / "models"
