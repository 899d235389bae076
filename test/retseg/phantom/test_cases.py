"""The committed cases are what their command writes, in the platform's own form."""

import json
import uuid
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from retseg.challenge import load_challenge
from retseg.phantom.cases import CASES, LESIONS, TRUTH, Case, main, write_case

identify = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.challenge}-{case.name}")


def read(path: Path) -> SimpleITK.Image:
    return SimpleITK.ReadImage(str(path))


@identify
def test_the_committed_case_is_what_the_command_writes(case: Case, repository: Path, tmp_path: Path) -> None:
    write_case(case, tmp_path)
    committed = repository / "test" / "cases" / case.challenge / case.name
    written = tmp_path / case.challenge / case.name
    names = sorted(str(p.relative_to(written)) for p in written.rglob("*") if p.is_file())
    assert names == sorted(str(p.relative_to(committed)) for p in committed.rglob("*") if p.is_file())
    for name in names:
        if name.endswith(".json"):
            assert (committed / name).read_text() == (written / name).read_text()
        else:
            ours, theirs = read(written / name), read(committed / name)
            assert np.array_equal(SimpleITK.GetArrayFromImage(ours), SimpleITK.GetArrayFromImage(theirs)), name
            assert ours.GetSpacing() == theirs.GetSpacing()


@identify
def test_a_case_has_one_compressed_colour_image_where_its_socket_says(case: Case, repository: Path) -> None:
    folder = repository / "test" / "cases" / case.challenge / case.name / "input"
    (entry,) = json.loads((folder / "inputs.json").read_text())
    (path,) = (folder / (entry.get("socket") or entry["interface"])["relative_path"]).iterdir()
    assert str(uuid.UUID(path.stem)) == entry["image"]["pk"]
    assert b"CompressedData = True" in path.read_bytes()[:2000]
    image = read(path)
    channels, kind = (1, SimpleITK.sitkUInt8) if case.challenge == "drac22" else (3, SimpleITK.sitkVectorUInt8)
    assert (image.GetDimension(), image.GetNumberOfComponentsPerPixel(), image.GetPixelID()) == (2, channels, kind)


@identify
def test_the_truth_has_the_geometry_of_its_image_and_values_of_the_socket(case: Case, repository: Path) -> None:
    folder = repository / "test" / "cases" / case.challenge / case.name
    (image,) = (read(path) for path in (folder / "input" / "images").rglob("*.mha"))
    paths = sorted((folder / "expected" / "images").rglob("*.mha"))
    assert len(paths) == len(TRUTH[case.challenge])
    healthy = ("01", "02") if case.challenge == "fundus" else ()
    assert tuple(TRUTH[case.challenge]) == load_challenge(case.challenge).tasks
    for task, path in TRUTH[case.challenge].items():
        (mask,) = (read(found) for found in (folder / "expected" / path).iterdir())
        assert mask.GetSize() == image.GetSize()
        assert mask.GetSpacing() == image.GetSpacing()
        assert set(np.unique(SimpleITK.GetArrayFromImage(mask))) == (
            {0} if task in LESIONS and case.name in healthy else {0, 1}
        )


def test_the_cases_show_all_three_forms_of_inputs_json(repository: Path) -> None:
    forms = set()
    for path in (repository / "test" / "cases").rglob("inputs.json"):
        (entry,) = json.loads(path.read_text())
        forms.add(frozenset(entry) & {"socket", "interface"})
        assert [entry["value"], entry["file"]] == [None, None]
    assert forms == {frozenset({"socket"}), frozenset({"interface"}), frozenset({"socket", "interface"})}


def test_the_cases_stay_small(repository: Path) -> None:
    assert sum(p.stat().st_size for p in (repository / "test" / "cases").rglob("*") if p.is_file()) < 6e6


def test_the_command_writes_where_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retseg.phantom.cases.CASES", CASES[2:3])
    assert main([str(tmp_path / "new")]) == 0
    assert len(list((tmp_path / "new").rglob("*.mha"))) == 1 + len(TRUTH["fundus"])
