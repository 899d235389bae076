"""A model that has seen a scored image in training does not get a test result."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from retseg.evaluation.checking import ScorableCase
from retseg.evaluation.provenance import compare_with_training
from retseg.models import hash_file


def test_training_images_are_recognised_by_their_hashes_whatever_their_names(tmp_path: Path) -> None:
    for name in ("seen", "new"):
        (tmp_path / f"{name}.tif").write_bytes(name.encode())
    card = SimpleNamespace(training=SimpleNamespace(images={"21_training.tif": hash_file(tmp_path / "seen.tif")}))
    base = ScorableCase("", {}, None, None)
    cases = [
        replace(base, name="seen", image=tmp_path / "seen.tif"),
        replace(base, name="new", image=tmp_path / "new.tif"),
        replace(base, name="elsewhere"),
    ]
    found = compare_with_training(cases, [card])  # type: ignore[list-item]
    assert found.trained_on == ("seen",)
    assert found.unknown == ("elsewhere",)
    first, second = found.describe("vessel-drive", 3)
    assert first.startswith(
        "Not a test result: the model 'vessel-drive' was trained on 1 of the 3 scored images (seen)"
    )
    assert second.startswith("1 of 3 photographs are not beside the truth")
    assert compare_with_training(cases[1:2], [card]).describe("vessel-drive", 1) == ()  # type: ignore[list-item]
