"""One image, two nested tasks, and every kind of output: written by a job, checked, and scored."""

import json

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg.challenge import load_challenge
from retseg.container import ContractError, Job, run_job
from retseg.container.check.verdict import judge_case
from retseg.evaluation.run import Request, check_predictions, choose_protocols, evaluate
from retseg.predictor import Prediction
from retseg.report.metrics_json import describe

REFUGE_LIKE = """
title = "Disc and cup"
modality = "slo"
field_of_view = "frame"
source = "drawn here"
default_protocol = "overlap"

[[task]]
name = "optic_disc"
model = "nerve"

[[task]]
name = "optic_cup"
model = "nerve"

[[socket]]
slug = "slo-image"
path = "images/slo"
kind = "image"

[[socket]]
slug = "laterality"
path = "laterality.json"
kind = "value"
choices = ["left", "right"]

[[socket]]
slug = "disc-and-cup"
path = "images/disc-and-cup"
kind = "label_map"
labels = { optic_disc = [128, 0], optic_cup = [0] }
background = 255

[[socket]]
slug = "overlap"
path = "images/overlap"
kind = "stack"
tasks = ["optic_disc", "optic_cup"]

[[socket]]
slug = "cup-heat"
path = "images/cup-heat"
kind = "heatmap"
task = "optic_cup"

[[socket]]
slug = "cup-to-disc"
path = "cup-to-disc.json"
kind = "value"
compute = { function = "height_ratio", tasks = ["optic_cup", "optic_disc"], tolerance = 0.05 }

[[socket]]
slug = "glaucoma-grade"
path = "glaucoma-grade.json"
kind = "value"
compute = { function = "height_ratio", tasks = ["optic_cup", "optic_disc"], limits = [0.3, 0.6] }

[[socket]]
slug = "discs"
path = "discs.json"
kind = "value"
compute = { function = "points", tasks = ["optic_disc"], tolerance = 2.0 }

[[socket]]
slug = "side"
path = "side.json"
kind = "value"
compute = { function = "nerve_code.name_side", tasks = ["optic_disc"] }

[[interface]]
inputs = ["slo-image", "laterality"]
outputs = ["disc-and-cup", "overlap", "cup-heat", "cup-to-disc", "glaucoma-grade", "discs", "side"]

[protocol.overlap]
title = "Dice of each image"
source = "drawn here"
region = "frame"
pooling = "per_image"
empty_truth = "leave_out"
headline = "dice"
metrics = ["dice"]
"""

OWN = """
def name_side(found):
    if not found.inputs:
        return "unknown"
    return {"eye": found.inputs["laterality"], "disc": int(found.masks["optic_disc"].sum())}
"""


@pytest.fixture
def refuge(tmp_path):
    (tmp_path / "challenges").mkdir()
    (tmp_path / "challenges/refuge.toml").write_text(REFUGE_LIKE)
    (tmp_path / "challenges/nerve_code.py").write_text(OWN)
    return load_challenge("refuge", tmp_path / "challenges")


def draw_masks(cup=10):
    """A disc of 30 pixels in height, a cup inside it: the ratio is cup / 30."""
    masks = {name: np.zeros((50, 60), bool) for name in ("optic_disc", "optic_cup")}
    masks["optic_disc"][10:40, 20:50] = True
    masks["optic_cup"][15 : 15 + cup, 25:35] = True
    return masks


def make_predict(masks):
    def predict(image):
        probabilities = {task: mask.astype(np.float32) * np.float32(0.75) for task, mask in masks.items()}
        return Prediction(masks, probabilities, np.ones((50, 60), bool))

    return predict


def make_case(folder, laterality='"left"'):
    (folder / "images/slo").mkdir(parents=True)
    image = sitk.GetImageFromArray(np.full((50, 60), 90, np.uint8))
    image.SetSpacing((0.5, 0.25))
    image.SetOrigin((3.0, -2.0))
    sitk.WriteImage(image, str(folder / "images/slo/eye_1.mha"))
    sockets = [("slo-image", "images/slo"), ("laterality", "laterality.json")]
    listed = [{"socket": {"slug": slug, "relative_path": path}} for slug, path in sockets]
    (folder / "inputs.json").write_text(json.dumps(listed))
    (folder / "laterality.json").write_text(laterality)


@pytest.fixture
def done(refuge, tmp_path):
    """A job that was done: its case, and the folder of what it wrote."""
    make_case(tmp_path / "case/input")
    written = run_job(Job(tmp_path / "case/input", tmp_path / "out/eye_1", refuge), make_predict(draw_masks()), print)
    return tmp_path / "case", tmp_path / "out/eye_1", written


def test_a_job_writes_every_kind_of_output(done):
    _, output, written = done
    assert [path.as_posix() for path in written] == [
        "images/disc-and-cup/eye_1.mha",
        "images/overlap/eye_1.mha",
        "images/cup-heat/eye_1.mha",
        "cup-to-disc.json",
        "glaucoma-grade.json",
        "discs.json",
        "side.json",
    ]
    masks = draw_masks()
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(output / written[0])))
    wanted = np.where(masks["optic_cup"], 0, np.where(masks["optic_disc"], 128, 255))
    np.testing.assert_array_equal(labels, wanted)
    stack = sitk.ReadImage(str(output / written[1]))
    assert (stack.GetSize(), stack.GetPixelID()) == ((60, 50, 1, 2), sitk.sitkUInt8)
    assert (stack.GetSpacing()[:2], stack.GetOrigin()[:2]) == ((0.5, 0.25), (3.0, -2.0))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(stack)[1, 0], masks["optic_cup"])
    heat = sitk.GetArrayFromImage(sitk.ReadImage(str(output / written[2])))
    assert (heat.dtype, heat.max()) == (np.float32, np.float32(0.75))
    values = [json.loads((output / path).read_text()) for path in written[3:]]
    assert values[:2] == [pytest.approx(1 / 3), 1]
    assert values[2]["type"] == "Multiple points"
    assert values[2]["points"] == [{"name": "optic_disc", "point": [3 + 0.5 * 34.5, -2 + 0.25 * 24.5, 0.0]}]
    assert values[3] == {"eye": "left", "disc": 900}


def test_it_passes_every_rule_and_its_own_truth(done, refuge):
    case, output, _ = done
    (case / "expected").symlink_to(output)
    findings = judge_case(output, case, refuge)
    assert {finding.verdict for finding in findings} == {"pass"}
    scored = [finding.sentence for finding in findings if finding.rule == "score.dice"]
    assert scored[0] == "Dice of 'optic_disc' in 'disc-and-cup' is 1.0000, at least 0.5" and len(scored) == 4


def spoil_labels(output):
    path = output / "images/disc-and-cup/eye_1.mha"
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    write(path, np.where(labels == 128, 100, labels).astype(np.uint8))


def spoil_stack(output):
    path = output / "images/overlap/eye_1.mha"
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((3, 1, 50, 60), np.uint8), isVector=False), str(path))


def write(path, values):
    image = sitk.GetImageFromArray(values)
    image.CopyInformation(sitk.ReadImage(str(path)))
    sitk.WriteImage(image, str(path))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (spoil_labels, "the valid voxel values for the output 'disc-and-cup' are 0, 128, 255, but it has 0, 100, 255"),
        (spoil_stack, "the output 'overlap' is 60 x 50 x 1 x 3, wanted one volume for each of optic_disc, optic_cup"),
        (lambda out: (out / "discs.json").write_text('{"points": []}'), "the output 'discs' is {\"points\": []}"),
        (lambda out: (out / "cup-to-disc.json").write_text("-1"), "the output 'cup-to-disc' is -1"),
        (lambda out: (out / "glaucoma-grade.json").write_text("3"), "the output 'glaucoma-grade' is 3"),
        (lambda out: (out / "side.json").unlink(), "the output 'side' was not produced"),
        (lambda out: (out / "side.json").write_text("{"), "the output 'side' is not valid JSON"),
    ],
)
def test_a_spoilt_output_is_found(done, refuge, spoil, complaint):
    case, output, _ = done
    spoil(output)
    failed = [f.sentence for f in judge_case(output, case, refuge) if f.verdict == "fail"]
    assert len(failed) == 1 and failed[0].startswith(complaint)


@pytest.mark.parametrize(
    ("laterality", "complaint"),
    [
        ('"both"', "the input 'laterality' is 'both', wanted one of left, right: correct"),
        ("left", "the input 'laterality', .* is not valid JSON"),
    ],
)
def test_a_wrong_input_value_is_refused(refuge, tmp_path, laterality, complaint):
    make_case(tmp_path / "input", laterality)
    with pytest.raises(ContractError, match=complaint):
        run_job(Job(tmp_path / "input", tmp_path / "output", refuge), make_predict(draw_masks()), print)
    assert not list((tmp_path / "output").rglob("*.*"))


def test_an_input_value_that_is_missing_is_named(refuge, tmp_path):
    make_case(tmp_path / "input")
    (tmp_path / "input/laterality.json").unlink()
    with pytest.raises(ContractError, match=r"the input 'laterality' has no file .*laterality.json"):
        run_job(Job(tmp_path / "input", tmp_path / "output", refuge), make_predict(draw_masks()), print)


def test_masks_and_values_are_scored_against_a_label_map(done, refuge, tmp_path):
    """The true cup has 12 rows, the predicted one 10: Dice 200 / 220, a ratio 0.4 instead of 1/3, both of grade 1."""
    masks = draw_masks(cup=12)
    truth = tmp_path / "truth/images/disc-and-cup"
    truth.mkdir(parents=True)
    labels = np.where(masks["optic_cup"], 0, np.where(masks["optic_disc"], 128, 255)).astype(np.uint8)
    image = sitk.GetImageFromArray(labels)
    image.SetSpacing((0.5, 0.25))
    image.SetOrigin((3.0, -2.0))
    sitk.WriteImage(image, str(truth / "eye_1.mha"))
    request = Request(refuge, choose_protocols(refuge), tmp_path / "truth")
    (evaluation,) = evaluate(request, check_predictions(request, tmp_path / "out", print)).evaluations
    scores = {score.task: score.metrics["dice"] for score in evaluation.cases}
    assert scores == {"optic_disc": 1.0, "optic_cup": pytest.approx(200 / 220)}
    document = describe(evaluation)
    assert document["aggregates"]["cup-to-disc"]["absolute_error"]["mean"] == pytest.approx(0.4 - 1 / 3)
    assert document["aggregates"]["cup-to-disc"]["agreement"]["mean"] == 0.0
    assert document["aggregates"]["glaucoma-grade"]["agreement"]["mean"] == 1.0
    assert document["aggregates"]["discs"] == {"points_found": {"mean": 1.0}, "false_points": {"mean": 0.0}}
    assert document["results"][0]["glaucoma-grade"]["value"] == 1
