"""`retseg new`: a challenge begins with files that all other commands accept."""

import json
from pathlib import Path

import numpy as np
import pytest

from retseg import cli
from retseg.challenge import load_challenge
from retseg.commands import new
from retseg.container.check.output import judge_output
from retseg.evaluation.inputs.truth import find_truth
from retseg.image import Geometry, read_image, read_mask, write_mask
from train.config.loader import load_recipe
from train.data.cases import gather_cases

DISCS = ("--modality", "slo", "--field-of-view", "threshold", "--task", "optic_disc", "--task", "optic_cup")


def begin(folder: Path, *arguments: object) -> int:
    return cli.main(["new", *map(str, arguments), "--output", str(folder)])


@pytest.mark.parametrize("form", ["masks", "label_map", "stack", "heatmaps"])
def test_a_new_challenge_has_a_file_a_recipe_and_a_case_that_the_rules_accept(tmp_path: Path, form: str) -> None:
    assert begin(tmp_path, "challenge", "discs", *DISCS, "--form", form) == 0
    challenge = load_challenge(tmp_path / "challenges" / "discs.toml")
    assert (challenge.tasks, challenge.modality, challenge.view_rule) == (
        ("optic_disc", "optic_cup"),
        "slo",
        "threshold",
    )
    truth = find_truth(challenge, tmp_path / "cases" / "discs")
    assert [set(case.masks) for case in truth.cases] == [{"optic_disc", "optic_cup"}]
    if form != "heatmaps":  # in place of probabilities the truth has masks
        outputs = [socket for socket in challenge.socket if socket.is_output]
        findings = judge_output(tmp_path / "cases" / "discs" / "01" / "expected", outputs, None)
        assert not [finding for finding in findings if finding.verdict == "fail"]


def test_a_training_finds_the_drawn_images_by_the_recipe(tmp_path: Path) -> None:
    assert begin(tmp_path, "challenge", "discs", *DISCS) == 0
    challenge = tmp_path / "challenges" / "discs.toml"
    assert begin(tmp_path / "data" / "discs", "images", "--challenge", challenge, "--count", 3, "--size", "96,80") == 0
    recipe = load_recipe(str(tmp_path / "recipes" / "discs.toml"), ["width=quick"])
    cases = gather_cases(recipe, tmp_path / "data")
    assert [case.name for case in cases] == ["01", "02", "03"]
    assert all(case.field_of_view and all(case.truth.values()) for case in cases)
    assert read_image(cases[0].image).pixels.shape == (80, 96, 3)
    assert recipe.view_rule == "threshold" and recipe.network.arguments["tasks"] == 2


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert begin(tmp_path, "challenge", "discs", *DISCS) == 0
    (tmp_path / "challenges" / "discs.toml").unlink()
    assert begin(tmp_path, "challenge", "discs", *DISCS) == 1
    assert "recipes/discs.toml exists" in capsys.readouterr().err
    assert not (tmp_path / "challenges" / "discs.toml").exists()


def test_sockets_of_the_platform_become_those_of_the_challenge(tmp_path: Path) -> None:
    image = {"slug": "slo-image", "kind": "Image", "relative_path": "images/slo"}
    side = {"slug": "laterality", "kind": "String", "relative_path": "laterality.json"}
    segments = [{"name": name, "voxel_value": value} for name, value in (("Disc", 1), ("Cup", 2))]
    labels = {"slug": "labels", "kind": "Segmentation", "relative_path": "images/labels", "overlay_segments": segments}
    ratio = {"slug": "ratio", "kind": "Float", "relative_path": "ratio.json"}
    phase = {"inputs": [image, side], "outputs": [labels, ratio]}
    (tmp_path / "phase.json").write_text(json.dumps(phase))
    words = ("--modality", "slo", "--field-of-view", "frame", "--compute", "ratio=height_ratio")
    assert begin(tmp_path, "challenge", "glaucoma", "--sockets", tmp_path / "phase.json", *words) == 0
    challenge = load_challenge(tmp_path / "challenges" / "glaucoma.toml")
    assert challenge.interface[0].inputs == ("slo-image", "laterality")
    assert challenge.find_socket("labels").labels == {"disc": (1,), "cup": (2,)}
    compute = challenge.find_socket("ratio").compute
    assert compute is not None and (compute.function, compute.tasks) == ("height_ratio", ("disc", "cup"))
    case = tmp_path / "cases" / "glaucoma" / "01"
    assert json.loads((case / "input" / "laterality.json").read_text()) == ""
    assert json.loads((case / "expected" / "ratio.json").read_text()) > 0


def test_the_files_beside_an_inputs_json_become_a_case_without_truth(repository: Path, tmp_path: Path) -> None:
    given = repository / "test" / "cases" / "drive" / "01" / "input"
    words = ("--modality", "cfp", "--task", "vessel")
    assert begin(tmp_path, "challenge", "mine", "--sockets", given / "inputs.json", *words) == 0
    case = tmp_path / "cases" / "mine" / "given-1"
    assert sorted(path.relative_to(case / "input") for path in (case / "input").rglob("*") if path.is_file()) == sorted(
        path.relative_to(given) for path in given.rglob("*") if path.is_file()
    )
    assert not (case / "expected").exists()
    assert load_challenge(tmp_path / "challenges" / "mine.toml").interface[0].inputs == ("color-fundus-image",)


def test_an_output_value_has_the_first_tasks_and_its_function(tmp_path: Path) -> None:
    assert begin(tmp_path, "challenge", "discs", *DISCS, "--compute", "ratio=height_ratio", "--compute", "n=count") == 0
    challenge = load_challenge(tmp_path / "challenges" / "discs.toml")
    computed = {socket.slug: socket.compute.tasks for socket in challenge.socket if socket.compute}
    assert computed == {"ratio": ("optic_disc", "optic_cup"), "n": ("optic_disc",)}
    assert json.loads((tmp_path / "cases" / "discs" / "01" / "expected" / "n.json").read_text()) >= 1


def test_a_function_of_ones_own_that_is_not_there_leaves_no_file_and_one_that_is_computes(
    tmp_path: Path, capsys
) -> None:
    own = ("challenge", "discs", *DISCS, "--compute", "grade=mine.grade")
    assert begin(tmp_path, *own) == 1
    assert "put mine.py beside the challenge's file" in capsys.readouterr().err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    (tmp_path / "challenges" / "mine.py").write_text("def grade(found):\n    return 3\n")
    assert begin(tmp_path, *own) == 0
    assert json.loads((tmp_path / "cases" / "discs" / "01" / "expected" / "grade.json").read_text()) == 3


def test_an_input_beside_the_image_has_choices_and_the_drawn_case_the_first_of_them(tmp_path: Path, capsys) -> None:
    beside = ("--value", "laterality=left,right", "--value", "metadata")
    assert begin(tmp_path, "challenge", "discs", *DISCS, *beside) == 0
    path = tmp_path / "challenges" / "discs.toml"
    challenge = load_challenge(path)
    assert challenge.interface[0].inputs == ("slo-image", "laterality", "metadata")
    assert challenge.find_socket("laterality").choices == ("left", "right")
    drawn = tmp_path / "cases" / "discs" / "01" / "input"
    assert json.loads((drawn / "laterality.json").read_text()) == "left"
    (image,) = drawn.rglob("*.mha")
    given = ("case", "--challenge", path, "--image", image, "--value", 'metadata={"age": 70}')
    assert begin(tmp_path / "cases", *given, "--value", "laterality=up") == 1
    assert "wanted one of left, right" in capsys.readouterr().err
    assert begin(tmp_path / "cases", *given, "--value", "laterality=right") == 0
    inputs = json.loads((tmp_path / "cases" / "discs" / "02" / "input" / "inputs.json").read_text())
    assert [item["value"] for item in inputs] == [None, "right", {"age": 70}]


def test_what_options_do_not_say_is_asked_on_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"kind of image": "endoscopy", "field of view": "threshold", "tasks": "polyp, instrument", "form": ""}

    def answer(question: str, default: str) -> str:
        return next((given for words, given in answers.items() if question.startswith(words)), "") or default

    monkeypatch.setattr(new, "ask", answer)
    assert begin(tmp_path, "challenge", "polyps") == 0
    challenge = load_challenge(tmp_path / "challenges" / "polyps.toml")
    assert (challenge.modality, challenge.tasks, challenge.title) == ("endoscopy", ("polyp", "instrument"), "Polyps")
    assert [socket.kind for socket in challenge.socket] == ["image", "segmentation", "segmentation"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--modality", "slo", "--field-of-view", "frame"), "name the tasks, as --task optic_disc"),
        (("--modality", "S L O", "--field-of-view", "frame", "--task", "a"), "is no word of small letters"),
        (("--modality", "cfp", "--task", "Optic Disc"), "'Optic Disc' is no name for a task"),
    ],
)
def test_what_cannot_be_a_challenge_is_refused_in_one_sentence(tmp_path, capsys, arguments, message) -> None:
    assert begin(tmp_path, "challenge", "discs", *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not list(tmp_path.iterdir())


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """A new challenge with one label map, and four drawn images in `data/`."""
    begin(tmp_path, "challenge", "discs", *DISCS, "--form", "label_map")
    begin(tmp_path / "data", "images", "--challenge", tmp_path / "challenges/discs.toml", "--count", 2, "--seed", 9)
    return tmp_path


def test_an_image_and_its_masks_become_a_test_case(drawn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    masks = [f"--mask={task}={drawn}/data/masks/{task}/01.png" for task in ("optic_disc", "optic_cup")]
    options = ("--challenge", drawn / "challenges/discs.toml", "--image", drawn / "data/images/01.png")
    assert begin(drawn / "cases", "case", *options, *masks, "--minimum", "optic_cup=0.3") == 0
    case = drawn / "cases" / "discs" / "02"
    assert f"wrote {case}" in capsys.readouterr().out
    (image,) = (case / "input").rglob("*.mha")
    assert (read_image(image).pixels == read_image(drawn / "data/images/01.png").pixels).all()
    (labels,) = (case / "expected").rglob("*.mha")
    assert ((read_mask(labels) == 2) == (read_mask(drawn / "data/masks/optic_cup/01.png") > 0)).all()
    assert json.loads((case / "expected" / "minimum.json").read_text()) == {"optic_cup": 0.3}
    inputs = json.loads((case / "input" / "inputs.json").read_text())
    assert inputs[0]["image"]["name"] == "01.png"


def test_a_label_map_stands_for_all_masks_and_an_absent_mask_is_empty(drawn: Path, capsys) -> None:
    options = ("--challenge", drawn / "challenges/discs.toml", "--image", drawn / "data/images/02.png")
    labels = np.zeros((256, 256), np.uint8)
    labels[100:120, 100:120], labels[30:40, 30:40] = 1, 2
    write_mask(drawn / "labels.png", labels, Geometry((256, 256)))
    assert begin(drawn / "cases", "case", *options, "--label-map", drawn / "labels.png", "--name", "mapped") == 0
    assert begin(drawn / "cases", "case", *options, "--name", "empty") == 0
    assert "it expects nothing for optic_disc, optic_cup" in capsys.readouterr().out
    found = {
        name: read_mask(next((drawn / "cases/discs" / name / "expected").rglob("*.mha")))
        for name in ("mapped", "empty")
    }
    assert (found["mapped"] == labels).all() and not found["empty"].any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mask", "optic_disk=x.png"), "x.png does not exist"),
        (("--mask", "optic_disc"), "is not of the form --mask TASK=FILE"),
        (("--value", "laterality=left"), "has no input value 'laterality'"),
        (("--minimum", "optic_cap=0.5"), "has no task 'optic_cap'; did you mean 'optic_cup'"),
        (("--minimum", "optic_cup=half"), "'half' is no number"),
        (("--name", "01"), "cases/discs/01 exists"),
    ],
)
def test_a_case_that_does_not_fit_its_challenge_is_refused(drawn: Path, capsys, arguments, message) -> None:
    options = ("--challenge", drawn / "challenges/discs.toml", "--image", drawn / "data/images/02.png")
    assert begin(drawn / "cases", "case", *options, *arguments) == 1
    assert message in capsys.readouterr().err
    assert [path.name for path in (drawn / "cases" / "discs").iterdir()] == ["01"]
