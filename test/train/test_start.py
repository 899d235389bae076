"""A network may begin where a model of the same make ended; the card says so, and counts the images of both."""

import dataclasses
from pathlib import Path

import pytest
import torch

from retseg.declaration import DeclarationError
from retseg.models import Card, ModelError, load_card
from retseg.networks import build_network
from train.cases import gather_cases
from train.loop import Run, Trainer
from train.make import Places, describe_training, make_model
from train.recipe import Recipe
from train.start import find_start, load_start


@pytest.fixture
def model(recipe: Recipe, data: Path) -> Card:
    """One network for vessels."""
    folder = make_model(dataclasses.replace(recipe, refit=1.0), Places(data, data / "runs", data / "models"), 0, False)
    return load_card(folder)


@pytest.fixture
def started(recipe: Recipe, model: Card) -> Recipe:
    """The same network for two tasks, of other images."""
    network = dataclasses.replace(recipe.network, arguments={**recipe.network.arguments, "tasks": 2})
    tasks = ("haemorrhage", "hard_exudate")
    return dataclasses.replace(recipe, name="blots", tasks=tasks, network=network, start=str(model.directory))


def test_all_weights_but_the_heads_are_those_of_the_model(started: Recipe, model: Card) -> None:
    network = build_network(started.network.architecture, started.network.arguments)
    assert load_start(network, model) == ("head.weight", "head.bias")
    same = build_network(model.network.architecture, model.network.arguments)
    assert load_start(same, model) == ()
    for name, value in same.state_dict().items():
        assert name.startswith("head.") or torch.equal(value, network.state_dict()[name]), name


def test_a_training_begins_with_them(started: Recipe, model: Card, tmp_path: Path) -> None:
    from lightning.fabric import Fabric

    trainer = Trainer(started, Run(tmp_path, 1, 0), Fabric(accelerator="cpu"))
    same = build_network(model.network.architecture, model.network.arguments)
    load_start(same, model)
    weight = "encoder.0.0.0.weight"
    assert torch.equal(trainer.network.state_dict()[weight], same.state_dict()[weight])
    assert torch.equal(trainer.average.weights[weight], same.state_dict()[weight])


def test_the_images_of_the_model_count_as_trained_on_and_the_card_names_it(
    recipe: Recipe, started: Recipe, model: Card, data: Path
) -> None:
    (first, *_) = gather_cases(recipe, data)
    told = describe_training(started, [dataclasses.replace(first, data_set="other")], 0.0)
    assert set(told.images) == {*model.training.images, "other/eye0.png"}
    assert told.start == f"lines, SHA-256 {model.files['model.safetensors']}"
    assert describe_training(recipe, [first], 0.0).start == ""


def test_a_model_of_another_make_or_an_altered_one_is_refused(started: Recipe, model: Card) -> None:
    wider = dataclasses.replace(started.network, arguments={"widths": [4, 16], "tasks": 2})
    with pytest.raises(DeclarationError, match="only the number of tasks may differ"):
        find_start(dataclasses.replace(started, network=wider))
    with pytest.raises(ModelError, match="there is no model 'nothing'"):
        find_start(dataclasses.replace(started, start=str(model.directory.parent / "nothing")))
    with pytest.raises(DeclarationError, match="a start and an encoder"):
        dataclasses.replace(started, encoder="vgg16.pth")
    (model.directory / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        find_start(started)
