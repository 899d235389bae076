"""A model that has seen a scored image in training does not get a test result."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from retseg.evaluation.inputs.checking import ScorableCase
from retseg.evaluation.scoring.provenance import compare_with_training
from retseg.models import hash_file


def make_card(images: dict[str, str], is_phantom: bool = False) -> SimpleNamespace:
    return SimpleNamespace(name="vessel-drive", is_phantom=is_phantom, training=SimpleNamespace(images=images))


def test_training_images_are_recognised_by_their_hashes_whatever_their_names(tmp_path: Path) -> None:
    for name in ("seen", "new"):
        (tmp_path / f"{name}.tif").write_bytes(name.encode())
    card = make_card({"DRIVE/21_training.tif": hash_file(tmp_path / "seen.tif")})
    base = ScorableCase("", {}, None, None)
    cases = [
        replace(base, name="seen", image=tmp_path / "seen.tif"),
        replace(base, name="new", image=tmp_path / "new.tif"),
        replace(base, name="elsewhere"),
    ]
    found = compare_with_training(cases, [card])  # type: ignore[list-item]
    assert found.trained_on == ("seen",)
    assert found.unknown == ("elsewhere",)
    first, second = found.warnings
    assert found.seen_in_training == (first,)
    assert first.startswith(
        "Not a test result: the model 'vessel-drive' was trained on 1 of the 3 scored images (seen)"
    )
    assert second.startswith("1 of 3 photographs are not beside the truth")
    assert compare_with_training(cases[1:2], [card]).warnings == ()  # type: ignore[list-item]


def test_a_copy_at_another_size_is_recognised_by_its_name(tmp_path: Path) -> None:
    """Trained on IDRiD at a quarter of its scale, scored on the original: other bytes, the same photograph."""
    (tmp_path / "IDRiD_55.jpg").write_bytes(b"the original")
    cases = [ScorableCase("IDRiD_55", {}, None, tmp_path / "IDRiD_55.jpg"), ScorableCase("IDRiD_56", {}, None, None)]
    card = make_card({"IDRiD_quarter/IDRiD_55.png": "0" * 64, "IDRiD_quarter/IDRiD_56.png": "1" * 64})
    found = compare_with_training(cases, [card])  # type: ignore[list-item]
    assert (found.trained_on, found.same_name, found.unknown) == ((), ("IDRiD_55", "IDRiD_56"), ())
    (sentence,) = found.seen_in_training
    assert sentence.startswith("Not a test result: 2 of the 2 scored images (IDRiD_55, IDRiD_56) have the names of")


@pytest.mark.parametrize(("trained", "scored", "is_phantom"), [("021.png", "021", False), ("eye7.png", "eye7", True)])
def test_a_bare_number_or_the_name_of_a_phantom_proves_nothing(trained: str, scored: str, is_phantom: bool) -> None:
    card = make_card({f"set/{trained}": "0" * 64}, is_phantom)
    found = compare_with_training([ScorableCase(scored, {}, None, None)], [card])  # type: ignore[list-item]
    assert (found.same_name, found.unknown) == ((), (scored,))
