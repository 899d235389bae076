"""A network may begin where a model of the same make ended; the card says so, and counts the images of both."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch
from lightning.fabric import Fabric
from safetensors.torch import load_file

from retseg.models import Card, ModelError, load_card, write_card
from retseg.networks import NetworkError, build_network
from retseg.preprocessing import Preprocessing
from retseg.toml_schema import SchemaError
from train.config.recipe import Recipe
from train.data.cases import gather_cases
from train.data.images import load_training_images
from train.fit.checkpoint import load_checkpoint
from train.fit.initial import check_encoder, choose_initial_model, find_initial_model, load_initial_weights
from train.fit.loop import Trainer
from train.fit.run import Run, TrainingError
from train.model.make import Folders, describe_training, make_model
from train.model.networks import train_networks


@pytest.fixture
def model(recipe: Recipe, data: Path) -> Card:
    """One network for vessels."""
    folder = make_model(dataclasses.replace(recipe, refit=1.0), Folders(data, data / "runs", data / "models"), 0, False)
    return load_card(folder)


@pytest.fixture
def started(recipe: Recipe, model: Card) -> Recipe:
    """The same network for two tasks, of other images."""
    network = dataclasses.replace(recipe.network, arguments={**recipe.network.arguments, "tasks": 2})
    tasks = ("haemorrhage", "hard_exudate")
    return dataclasses.replace(
        recipe, name="blots", tasks=tasks, network=network, initial_models=(str(model.directory),)
    )


def test_all_weights_but_those_of_the_head_are_the_models(started: Recipe, model: Card) -> None:
    network = build_network(started.network.architecture, started.network.arguments)
    head = network.head.weight.clone()
    load_initial_weights(network, model)
    theirs = load_file(model.directory / "model.safetensors")
    for name, value in network.state_dict().items():
        assert (
            name.startswith("head.") or name.endswith("num_batches_tracked") or torch.equal(value, theirs[name].float())
        ), name
    assert torch.equal(network.head.weight, head)


def test_a_published_encoder_is_given_or_left_out_aloud(recipe: Recipe, started: Recipe, tmp_path: Path) -> None:
    quiet = dataclasses.replace(recipe, published_encoder="VGG16 trained on ImageNet")
    words = r"'lines' starts from VGG16 trained on ImageNet: give the file with encoder=FILE, or say encoder=none"
    with pytest.raises(SchemaError, match=words):
        Trainer(quiet, Run(tmp_path, 1, 0), Fabric(accelerator="cpu"))
    Trainer(dataclasses.replace(quiet, encoder="none"), Run(tmp_path, 1, 0), Fabric(accelerator="cpu"))
    check_encoder(dataclasses.replace(started, published_encoder="VGG16 trained on ImageNet"))
    with pytest.raises(NetworkError, match=r"there is no file of weights at .*absent.pth"):
        absent = dataclasses.replace(quiet, encoder=str(tmp_path / "absent.pth"))
        Trainer(absent, Run(tmp_path, 1, 0), Fabric(accelerator="cpu"))


def test_a_training_begins_with_them(started: Recipe, model: Card, tmp_path: Path) -> None:
    trainer = Trainer(started, Run(tmp_path, 1, 0), Fabric(accelerator="cpu"))
    weight = "encoder.0.0.0.weight"
    theirs = load_file(model.directory / "model.safetensors")[weight].float()
    assert torch.equal(trainer.network.state_dict()[weight], theirs)
    assert torch.equal(trainer.ema.weights[weight], theirs)


def test_the_images_of_the_model_count_as_trained_on_and_the_card_names_it(
    recipe: Recipe, started: Recipe, model: Card, data: Path
) -> None:
    (first, *_) = gather_cases(recipe, data)
    told = describe_training(started, [dataclasses.replace(first, data_set="other")], (0, 0), 0.0)
    assert set(told.images) == {*model.training.images, "other/eye0.png"}
    assert told.data.endswith("; initialised from lines: phantom: lines on discs") and told.terms == "none"
    assert told.start == f"lines, SHA-256 {model.files['model.safetensors']}"
    assert describe_training(recipe, [first], (0, 0), 0.0).start == ""


def test_a_model_for_other_images_with_another_network_or_altered_is_refused(started: Recipe, model: Card) -> None:
    wider = build_network("unet", {"widths": [4, 16], "tasks": 2})
    with pytest.raises(SchemaError, match=r"a UNet cannot be initialised from the model 'lines', .* has the shape"):
        load_initial_weights(wider, model)
    grey = dataclasses.replace(started, preprocessing=Preprocessing(channels="grey"))
    with pytest.raises(SchemaError, match="is for cfp images, grey, normalised by field_of_view, but"):
        find_initial_model(grey)
    with pytest.raises(ModelError, match="there is no model 'nothing'"):
        find_initial_model(dataclasses.replace(started, initial_models=(str(model.directory.parent / "nothing"),)))
    with pytest.raises(SchemaError, match="initial_models and an encoder"):
        dataclasses.replace(started, encoder="vgg16.pth")
    (model.directory / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        find_initial_model(started)


def test_a_start_that_has_seen_what_is_held_out_is_refused_before_the_first_step(
    recipe: Recipe, model: Card, data: Path
) -> None:
    again = dataclasses.replace(recipe, name="again", initial_models=(str(model.directory),))
    with pytest.raises(SchemaError, match=r"holds out eye\d, eye\d, which its initial model 'lines'"):
        train_networks(again, data, Run(data / "again", 0, 0, False))
    assert not (data / "again").exists()


def test_a_network_begins_as_the_first_model_that_saw_nothing_of_what_it_holds_out(
    recipe: Recipe, model: Card, data: Path
) -> None:
    other = data / "other-model"
    shutil.copytree(model.directory, other)
    card = load_card(other)
    write_card(dataclasses.replace(card, training=dataclasses.replace(card.training, images={"elsewhere/a.png": "0"})))
    several = dataclasses.replace(recipe, initial_models=(str(model.directory), str(other)), refit=1.0)
    seen = gather_cases(recipe, data)
    assert choose_initial_model(several, seen[:1]).initial_models == (str(other),)
    assert choose_initial_model(several, ()).initial_models == (str(model.directory),)
    assert choose_initial_model(recipe, seen).initial_models == ()
    with pytest.raises(SchemaError, match="several initial_models, which needs a refit"):
        dataclasses.replace(several, refit=0.0)


def test_a_training_does_not_go_on_from_another_start(started: Recipe, model: Card, tmp_path: Path) -> None:
    images = load_training_images(gather_cases(dataclasses.replace(started, tasks=("vessel",)), tmp_path), started)
    fabric = Fabric(accelerator="cpu", precision=started.precision)
    Trainer(started, Run(tmp_path, 1, 0), fabric).train(images, ())
    Trainer(started, Run(tmp_path, 1, 0, resume=True), fabric)
    state = load_checkpoint(tmp_path / "checkpoint.pt")
    assert state is not None
    torch.save({**state, "initial_model": "lines, SHA-256 0"}, tmp_path / "checkpoint.pt")
    with pytest.raises(TrainingError, match="was initialised from lines, SHA-256 0, which is now lines, SHA-256"):
        Trainer(started, Run(tmp_path, 1, 0, resume=True), fabric)
