"""The sockets of a phase are read from every form in which the platform describes them."""

import json
from pathlib import Path

import pytest

from retseg.drafts.error import DraftError
from retseg.drafts.sockets import SocketDraft, name_task, read_sockets

IMAGE = {"slug": "slo-image", "kind": "Image", "super_kind": "Image", "relative_path": "images/slo"}
SIDE = {"slug": "laterality", "kind": "String", "super_kind": "Value", "relative_path": "laterality.json"}
MAP = {
    "slug": "disc-and-cup",
    "kind": "Segmentation",
    "relative_path": "images/disc-and-cup",
    "overlay_segments": [
        {"name": "Background", "visible": True, "voxel_value": 0},
        {"name": "Optic disc", "visible": True, "voxel_value": 1},
        {"name": "Optic cup", "visible": True, "voxel_value": 2},
    ],
}
RATIO = {"slug": "ratio", "kind": "Float", "super_kind": "Value", "relative_path": "ratio.json"}
INPUTS = (SocketDraft("slo-image", "images/slo", "image"), SocketDraft("laterality", "laterality.json", "value"))
OUTPUTS = (
    SocketDraft("disc-and-cup", "images/disc-and-cup", "label_map", {"optic_disc": 1, "optic_cup": 2}, is_output=True),
    SocketDraft("ratio", "ratio.json", "value", function="score", is_output=True),
)


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize("key", ["socket", "interface"])
def test_inputs_of_a_case_under_the_new_key_and_the_old_one(tmp_path: Path, key: str) -> None:
    items = [{key: table, "value": None, "file": None, "image": None} for table in (IMAGE, SIDE)]
    assert read_sockets(write(tmp_path / "inputs.json", items)) == INPUTS


def test_jobs_of_an_evaluation_give_inputs_and_outputs_once(tmp_path: Path) -> None:
    job = {"inputs": [{"socket": IMAGE}, {"socket": SIDE}], "outputs": [{"socket": MAP}, {"socket": RATIO}]}
    assert read_sockets(write(tmp_path / "predictions.json", [job, job])) == (*INPUTS, *OUTPUTS)


def test_the_interfaces_of_a_phase_as_organisers_keep_them(tmp_path: Path) -> None:
    pack = {"challenge": {"phases": [{"algorithm_interfaces": [{"inputs": [IMAGE, SIDE], "outputs": [MAP, RATIO]}]}]}}
    assert read_sockets(write(tmp_path / "pack.json", pack)) == (*INPUTS, *OUTPUTS)


def test_one_segment_is_a_mask_with_its_value_and_a_heat_map_has_none(tmp_path: Path) -> None:
    mask = {**MAP, "slug": "binary-fovea-segmentation", "overlay_segments": [{"name": "Fovea", "voxel_value": 3}]}
    heat = {**MAP, "slug": "fovea-heatmap", "kind": "Heat Map", "relative_path": "images/heat", "overlay_segments": []}
    found = read_sockets(write(tmp_path / "pack.json", {"outputs": [mask, heat]}))
    assert [(each.kind, dict(each.labels)) for each in found] == [
        ("segmentation", {"fovea": 3}),
        ("heatmap", {"fovea": 1}),
    ]


@pytest.mark.parametrize(
    ("words", "task"),
    [
        ("binary-vessel-segmentation", "vessel"),
        ("Optic disc", "optic_disc"),
        ("hard-exudates-probability", "hard_exudates"),
        ("segmentation", "segmentation"),
        ("1st layer", "task_1st_layer"),
    ],
)
def test_a_task_is_named_by_what_a_slug_says(words: str, task: str) -> None:
    assert name_task(words) == task


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({**RATIO, "kind": "Anything"}, "say which function computes it, as --compute ratio=count"),
        ({**RATIO, "relative_path": "table.csv", "kind": "CSV"}, "'ratio' is a file, table.csv"),
        ({**RATIO, "relative_path": "../ratio.json"}, "no relative_path inside its folder"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_by_its_slug(tmp_path: Path, table: object, message: str) -> None:
    with pytest.raises(DraftError, match=message):
        read_sockets(write(tmp_path / "pack.json", {"outputs": [table]}))


def test_a_function_that_is_named_computes_any_value(tmp_path: Path) -> None:
    path = write(tmp_path / "pack.json", {"outputs": [{**RATIO, "kind": "Anything"}]})
    assert read_sockets(path, {"ratio": "mine.ratio"})[0].function == "mine.ratio"


def test_a_file_without_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match="describes no socket"):
        read_sockets(write(tmp_path / "other.json", {"a": [1, {"b": 2}]}))
