"""A card written is a card read, and nothing about a model can change unnoticed."""

import dataclasses
from pathlib import Path

import pytest

from retseg.models import (
    CARD_FORMAT,
    Card,
    HeldOut,
    Inference,
    MaskRule,
    ModelError,
    NetworkSpec,
    Score,
    Selection,
    Training,
    find_models,
    hash_file,
    load_card,
    verify_files,
    write_card,
)
from retseg.preprocessing import Framing, Preprocessing
from retseg.tiling import Tiling

MODELS = Path(__file__).parents[3] / "model_weights"


@pytest.fixture
def card(tmp_path: Path) -> Card:
    folder = tmp_path / "vessel-test"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"weights")
    written = Card(
        format=CARD_FORMAT,
        name="vessel-test",
        version="0.1.0",
        modality="cfp",
        tasks={"vessel": MaskRule(0.42, 5)},
        network=NetworkSpec("ensemble", {"architecture": "unet", "arguments": {"widths": [4, 8]}, "members": 2}),
        preprocessing=Preprocessing(diameter=512),
        inference=Inference("mirror", Tiling(512, 0.5)),
        training=Training("r", "abc", 1, 'DRIVE, "official"', "research", {"DRIVE/21 é.tif": "00"}, 10, 0.5, "x"),
        files={"model.onnx": hash_file(folder / "model.onnx")},
        selection={"vessel": Selection("pooled_dice", (0.1, 0.2), (0.5, 0.6))},
        score=(Score("vessel", "f1", 0.81, 0.8, 0.82, "out-of-fold"),),
        held_out=(HeldOut("vessel", "data set left out", "HRF", 30, "auc_roc", 0.97, 0.96, 0.98),),
        directory=folder,
    )
    write_card(written)
    return written


def test_a_card_is_replaced_as_a_whole(card: Card) -> None:
    """Who has opened the old card reads it to its end: the new one is another file."""
    path = card.directory / "card.toml"
    before = path.read_text(encoding="utf-8")
    with path.open(encoding="utf-8") as opened:
        write_card(dataclasses.replace(card, version="0.2.0"))
        assert opened.read() == before
    assert load_card(card.directory).version == "0.2.0"
    assert sorted(each.name for each in card.directory.iterdir()) == ["card.toml", "model.onnx"]


def test_a_card_reads_back_as_it_was_written(card: Card) -> None:
    assert load_card(card.directory) == card
    assert find_models([card.directory.parent]) == (card,)
    verify_files(card)


def test_a_framing_is_written_only_where_it_is_not_the_field_of_view(card: Card) -> None:
    assert "framing" not in (card.directory / "card.toml").read_text()
    for framing in (Framing("frame"), Framing("frame", (512, 384))):
        whole = dataclasses.replace(card, framing=framing)
        write_card(whole)
        assert load_card(card.directory) == whole


def test_the_size_of_the_training_images_is_written_only_where_they_share_one(card: Card) -> None:
    assert "size = [0" not in (card.directory / "card.toml").read_text()
    angiograms = dataclasses.replace(card, training=dataclasses.replace(card.training, size=(1024, 1024)))
    write_card(angiograms)
    assert load_card(card.directory) == angiograms


@pytest.mark.parametrize("directory", sorted(p.parent for p in MODELS.glob("*/card.toml")), ids=lambda p: p.name)
def test_a_shipped_card_written_again_is_the_same_file(directory: Path, tmp_path: Path) -> None:
    write_card(dataclasses.replace(load_card(directory), directory=tmp_path))
    assert (tmp_path / "card.toml").read_bytes() == (directory / "card.toml").read_bytes()


def test_only_a_model_trained_on_drawn_images_is_a_phantom(card: Card) -> None:
    drawn = dataclasses.replace(card.training, phantom=True)
    assert not card.is_phantom
    assert dataclasses.replace(card, training=drawn).is_phantom


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ('"model.onnx"', '"../../evil.txt"', "files lists '../../evil.txt', wanted are names of files beside the card"),
        ('"model.onnx"', '"/etc/passwd"', "files lists '/etc/passwd'"),
        ('"model.onnx"', '".."', "files lists '..'"),
        ('"model.onnx"', '"card.toml"', "files lists 'card.toml'"),
        ("threshold = 0.42", "threshold = nan", "a threshold is a probability above 0 and up to 1, found nan"),
        ("threshold = 0.42", "threshold = -0.5", "above 0 and up to 1, found -0.5"),
        ("threshold = 0.42", "threshold = 7", "found 7"),
        ("minimum_component_size = 5", "minimum_component_size = -5", "minimum_component_size is a number of pixels"),
        ("diameter = 512", "diameter = -512", "diameter is a number of pixels, or 0 to keep the scale; found -512"),
        ("clahe = 0.0", "clahe = nan", "clahe is a clip limit"),
        ("multiple = 32", "multiple = 0", "a tile of 512 px"),
        ('flips = "mirror"', 'flips = "mirror"\nscales = [1.0, inf]', "scales are rising positive factors"),
    ],
)
def test_a_card_with_names_or_numbers_that_cannot_be_is_refused(
    card: Card, right: str, wrong: str, complaint: str
) -> None:
    path = card.directory / "card.toml"
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(ModelError, match=complaint):
        load_card(card.directory)


def test_altered_missing_and_unlisted_files_are_each_named(card: Card) -> None:
    with pytest.raises(ModelError, match=r"does not list model\.safetensors"):
        verify_files(card, "model.safetensors")
    (card.directory / "model.onnx").write_bytes(b"weightz")
    with pytest.raises(ModelError, match=r"model.onnx is not the file that its card describes"):
        verify_files(card, "model.onnx")
    (card.directory / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model.onnx is missing"):
        verify_files(card)


def test_a_card_of_another_format_or_with_a_misspelt_key_is_refused(card: Card) -> None:
    path = card.directory / "card.toml"
    text = path.read_text()
    path.write_text(text.replace(f"format = {CARD_FORMAT}", "format = 99"))
    with pytest.raises(ModelError, match="format 99, this version reads 1"):
        load_card(card.directory)
    path.write_text(text.replace("threshold = ", "treshold = "))
    with pytest.raises(ModelError, match="did you mean 'threshold'"):
        load_card(card.directory)


def test_a_card_of_version_0_1_is_read_with_a_warning_of_its_old_keys(card: Card) -> None:
    drawn = dataclasses.replace(card, training=dataclasses.replace(card.training, data="phantom: drawn", phantom=True))
    write_card(drawn)
    path = card.directory / "card.toml"
    text = path.read_text().replace("minimum_component_size = 5", "minimum_area = 5").replace("phantom = true\n", "")
    path.write_text(text)
    with pytest.warns(FutureWarning, match="the key 'minimum_area' is now 'minimum_component_size'"):
        assert load_card(card.directory) == drawn


def test_an_absent_model_is_named_with_the_nearest_one(card: Card) -> None:
    with pytest.raises(ModelError, match="did you mean 'vessel-test'"):
        load_card(card.directory.parent / "vessel-tset")
    with pytest.raises(ModelError, match="there is no model at all"):
        load_card(card.directory / "nothing" / "vessel")
