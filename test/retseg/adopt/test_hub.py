"""Models are added from a file, a folder or an address, pinned, listed and removed; nothing is fetched unasked."""

import json
import shutil
import tarfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from retseg.adopt import hub
from retseg.adopt.error import AdoptError
from retseg.adopt.hub import add_models, is_intact, read_pins, remove_model, unpack
from retseg.cli import main
from retseg.models import ModelError, hash_file, load_card


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, write_green: Callable[..., Path]) -> Path:
    """A `.tar.gz` with an adopted model 'green'; its folder lies beside it."""
    folder = tmp_path_factory.mktemp("packed")
    path = str(write_green(folder / "green.onnx"))
    given = ["--task", "bright", "--normalise", "unit", "--diameter", "0", "--licence", "CC0", "--models", str(folder)]
    assert main(["adopt", path, "--name", "green", *given]) == 0
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        for file in sorted((folder / "green").iterdir()):
            archive.add(file, f"green/{file.name}")
    return folder / "model.tar.gz"


def test_an_archive_and_a_folder_are_added_listed_and_removed(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for source in (packed, packed.parent / "green"):
        assert main(["models", "add", str(source), "--models", str(tmp_path)]) == 0
        assert is_intact(tmp_path, "green")
        capsys.readouterr()
        assert main(["models", "list", "--json", "--models", str(tmp_path)]) == 0
        (listed,) = json.loads(capsys.readouterr().out)
        assert (listed["model"], listed["state"], listed["source"]) == ("green", "as it was added", str(source))
        assert main(["models", "remove", "green", "--models", str(tmp_path)]) == 0
        assert not (tmp_path / "green").exists()
        assert read_pins(tmp_path) == {}


def test_an_altered_model_is_called_that(packed: Path, tmp_path: Path) -> None:
    add_models(str(packed), "", tmp_path, False)
    with (tmp_path / "green" / "card.toml").open("a") as stream:
        stream.write("# changed\n")
    assert not is_intact(tmp_path, "green")


def test_an_address_is_fetched_once_and_only_with_its_hash(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answer(address: str, timeout: float) -> object:
        asked.append(address)
        return packed.open("rb")

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    address, digest = "https://models.invalid/green.tar.gz", hash_file(packed)
    with pytest.raises(AdoptError, match="is not pinned: give the SHA-256"):
        add_models(address, "", tmp_path, False)
    with pytest.raises(AdoptError, match="begins with https://"):
        add_models("http://models.invalid/green.tar.gz", digest, tmp_path, False)
    assert asked == []
    with pytest.raises(AdoptError, match="it was altered or is another version"):
        add_models(address, "0" * 64, tmp_path, False)
    assert not (tmp_path / "green").exists()
    for _ in range(2):
        (card,) = add_models(address, digest, tmp_path, False)
        assert card.directory == tmp_path / "green"
    assert len(asked) == 2  # the one with the wrong hash, and one more


def test_a_model_that_is_there_is_kept(packed: Path, tmp_path: Path) -> None:
    add_models(str(packed), "", tmp_path, False)
    with pytest.raises(AdoptError, match="exists: remove it first, or give --replace"):
        add_models(str(packed), "", tmp_path, False)
    assert add_models(str(packed), "", tmp_path, True)


def test_a_wrong_card_is_refused(packed: Path, tmp_path: Path) -> None:
    shutil.copytree(packed.parent / "green", tmp_path / "green")
    path = tmp_path / "green" / "card.toml"
    path.write_text(path.read_text().replace("modality =", "modalty ="))
    with pytest.raises(ModelError, match="did you mean 'modality'"):
        add_models(str(tmp_path / "green"), "", tmp_path / "models", False)


@pytest.mark.parametrize("name", ["../evil", "green/sub/file", "/green/card.toml", "green/.hidden"])
def test_an_archive_with_other_paths_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
        information = archive.gettarinfo(tmp_path / "file", name)
        information.name = name
        with (tmp_path / "file").open("rb") as content:
            archive.addfile(information, content)
    (tmp_path / "out").mkdir()
    with pytest.raises(AdoptError, match="wanted plain files as MODEL/FILE"):
        unpack(tmp_path / "bad.tar.gz", tmp_path / "out")
    assert not any((tmp_path / "out").iterdir())


def test_an_archive_with_a_link_or_of_too_many_bytes_is_refused(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with tarfile.open(tmp_path / "bad.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "link", "green/card.toml")
    with pytest.raises(AdoptError, match="wanted plain files"):
        unpack(tmp_path / "bad.tar.gz", tmp_path)
    (tmp_path / "cut.tar.gz").write_bytes(packed.read_bytes()[:200])
    with pytest.raises(AdoptError, match=r"is no whole \.tar\.gz"):
        unpack(tmp_path / "cut.tar.gz", tmp_path)
    monkeypatch.setattr(hub, "LIMIT", 100)
    with pytest.raises(AdoptError, match="GB in all"):
        unpack(packed, tmp_path)


def test_an_unknown_model_is_not_removed(packed: Path, tmp_path: Path) -> None:
    add_models(str(packed), "", tmp_path, False)
    for name in ("gren", "../green"):
        with pytest.raises(AdoptError, match="there are: green"):
            remove_model(name, tmp_path)
    assert load_card(tmp_path / "green").name == "green"
