"""A challenge's models as a folder and as the archive that is uploaded."""

import dataclasses
import io
import tarfile

import pytest

from retseg.challenge import load_challenge
from retseg.container.weights import choose_models, copy_models, pack_models
from retseg.files import OutputError
from retseg.models import ModelError, load_card
from retseg.models.card import CARD_FORMAT, Card, Inference, MaskRule, NetworkSpec, Training, write_card
from retseg.models.store import hash_file
from retseg.preprocessing import Preprocessing


@pytest.fixture
def models(tmp_path):
    """The models of two challenges, with weights of a few bytes: packing does not look inside."""
    for name in ("vessel-drive", "vessel-other"):
        folder = tmp_path / "all" / name
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(name.encode() * 100)
        card = Card(
            format=CARD_FORMAT,
            name=name,
            version="1",
            modality="cfp",
            tasks={"vessel": MaskRule(0.5)},
            network=NetworkSpec("unet"),
            preprocessing=Preprocessing(),
            inference=Inference(),
            training=Training("r", "c", 0, "drawn", "none", {"a.png": "0"}),
            files={"model.onnx": hash_file(folder / "model.onnx")},
            directory=folder,
        )
        write_card(card)
    return tmp_path / "all"


@pytest.fixture
def drive():
    return dataclasses.replace(load_challenge("drive"))


def pack(cards):
    stream = io.BytesIO()
    pack_models(cards, stream)
    return stream.getvalue()


def test_only_the_models_that_the_challenge_names_are_chosen(models, drive):
    assert [card.name for card in choose_models(drive, [models])] == ["vessel-drive"]


def test_an_altered_file_is_found_before_it_is_packed(models, drive):
    (models / "vessel-drive" / "model.onnx").write_bytes(b"other")

    with pytest.raises(ModelError, match="SHA-256 differs"):
        choose_models(drive, [models])


def test_a_model_for_another_kind_of_image_is_not_packed(models, drive):
    with pytest.raises(ModelError, match="is for images of the kind 'cfp', wanted one for 'octa'"):
        choose_models(dataclasses.replace(drive, modality="octa"), [models])


def test_a_copy_can_be_used_as_the_original(models, drive, tmp_path):
    (models / "vessel-drive" / "notes.txt").write_text("not listed in the card")

    copy_models(choose_models(drive, [models]), tmp_path / "copy")

    assert load_card(tmp_path / "copy" / "vessel-drive").files == load_card(models / "vessel-drive").files
    assert sorted(p.name for p in (tmp_path / "copy" / "vessel-drive").iterdir()) == ["card.toml", "model.onnx"]


def test_the_archive_has_no_folder_around_the_models_and_unpacks_by_the_platform_s_filter(models, drive, tmp_path):
    with tarfile.open(fileobj=io.BytesIO(pack(choose_models(drive, [models])))) as archive:
        assert archive.getnames() == ["vessel-drive", "vessel-drive/card.toml", "vessel-drive/model.onnx"]
        archive.extractall(tmp_path / "unpacked", filter="data")

    assert choose_models(drive, [tmp_path / "unpacked"])[0].name == "vessel-drive"


def test_the_same_models_give_the_same_bytes_whenever_and_wherever_they_lie(models, drive, tmp_path):
    copy_models(choose_models(drive, [models]), tmp_path / "elsewhere")
    for path in (tmp_path / "elsewhere").rglob("*"):
        path.chmod(0o700)

    assert pack(choose_models(drive, [models])) == pack(choose_models(drive, [tmp_path / "elsewhere"]))


def test_on_a_full_disk_no_model_is_copied_by_half(models, drive, tmp_path, full_disk):
    with full_disk(600), pytest.raises(OutputError, match="cannot be written"):
        copy_models(choose_models(drive, [models]), tmp_path / "copy")

    assert list((tmp_path / "copy").iterdir()) == []
