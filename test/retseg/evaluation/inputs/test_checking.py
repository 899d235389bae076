"""Everything wrong with the input is reported at once, by file name, before anything is scored."""

from pathlib import Path

import numpy as np
import pytest

from retseg.challenge import load_challenge
from retseg.evaluation.inputs.checking import Checked, InputError, check_input
from retseg.evaluation.inputs.predictions import find_predictions
from retseg.evaluation.inputs.truth import find_truth

FUNDUS, IDRID = load_challenge("fundus"), load_challenge("idrid")


def check(challenge, root: Path, grey: bool = False, allow_missing: bool = False) -> Checked:
    truth = find_truth(challenge, root / "truth")
    predictions = find_predictions(challenge, root / "predicted", [case.name for case in truth.cases], truth.tasks)
    return check_input(truth, predictions, grey, allow_missing)


def test_all_problems_come_at_once_with_their_files(tmp_path: Path, write_image) -> None:
    empty = np.zeros((4, 5), np.uint8)
    for name in ("good", "lacking", "grey", "small", "broken", "twice"):
        write_image(tmp_path / "truth" / "vessel" / f"{name}.png", empty)
    write_image(tmp_path / "truth" / "vessel" / "colours.png", np.arange(20, dtype=np.uint8).reshape(4, 5))
    predicted = tmp_path / "predicted"
    write_image(predicted / "good.png", empty)
    write_image(predicted / "colours.png", empty)
    write_image(predicted / "surplus.png", empty)
    write_image(predicted / "grey.png", empty + np.arange(5, dtype=np.uint8))
    write_image(predicted / "small.png", empty[:3])
    write_image(predicted / "twice.png", empty)
    write_image(predicted / "twice.tif", empty)
    (predicted / "broken.png").write_bytes((predicted / "good.png").read_bytes()[:40])
    with pytest.raises(InputError) as caught:
        check(FUNDUS, tmp_path)
    text = "\n".join(caught.value.problems)
    for part in (
        "case 'surplus', vessel: a prediction without truth, ",
        "case 'lacking', vessel: a truth without prediction, ",
        "small.png is 5 x 3 pixels, its truth 5 x 4",
        "grey.png holds the values 0, 1, 2, 3, 4",
        "case 'twice', vessel: several masks, keep one of ",
        "colours.png, the truth, holds the values",
        "broken.png",
    ):
        assert part in text, part
    assert len(caught.value.problems) == 7
    for problem in caught.value.problems:
        assert problem.startswith("case '"), "every problem names its case first"


def test_cases_are_told_apart_by_their_whole_names_and_masks_may_be_alike(tmp_path: Path, write_image) -> None:
    """Of these evalutils takes only the first number, 1, and it refuses two masks with the same pixels."""
    names = ["1", "1.2", "12", "case1_left", "case1_right"]
    for name in names:
        write_image(tmp_path / "truth" / "vessel" / f"{name}.png", np.eye(4, 5, dtype=np.uint8))
        write_image(tmp_path / "predicted" / f"{name}.png", np.zeros((4, 5), np.uint8))
    pairs = {case.name: case.tasks["vessel"] for case in check(FUNDUS, tmp_path).cases}
    assert sorted(pairs) == names
    for name, task in pairs.items():
        assert task.truth is not None
        assert task.mask is not None
        assert task.truth.name == Path(task.mask.source.name).name == f"{name}.png"


def test_allow_missing_leaves_out_what_lacks_a_counterpart_and_says_so(tmp_path: Path, write_image) -> None:
    for name in ("a", "b"):
        write_image(tmp_path / "truth" / "vessel" / f"{name}.png", np.zeros((4, 5), np.uint8))
    for name in ("b", "c"):
        write_image(tmp_path / "predicted" / f"{name}.png", np.zeros((4, 5), np.uint8))
    checked = check(FUNDUS, tmp_path, allow_missing=True)
    assert [case.name for case in checked.cases] == ["b"]
    (warning,) = checked.warnings
    assert warning.startswith("Incomplete: 2 predictions or truths have no counterpart")
    assert "'a'" in warning
    assert "'c'" in warning


def test_allow_missing_does_not_excuse_a_set_without_any_pair(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "truth" / "vessel" / "a.png", np.zeros((4, 5), np.uint8))
    write_image(tmp_path / "predicted" / "b.png", np.zeros((4, 5), np.uint8))
    with pytest.raises(InputError, match="no case has both a truth and a prediction"):
        check(FUNDUS, tmp_path, allow_missing=True)


def test_a_mask_and_its_probabilities_belong_together(tmp_path: Path, write_image) -> None:
    write_image(tmp_path / "truth" / "vessel" / "a.png", np.zeros((1, 3), np.uint8))
    write_image(tmp_path / "predicted" / "vessel" / "a.png", np.array([[0, 255, 0]], np.uint8))
    probability = np.array([[0, 65535, 13107]], np.uint16)
    write_image(tmp_path / "predicted" / "vessel" / "a_probability.png", probability)
    entry = check(FUNDUS, tmp_path).cases[0].tasks["vessel"]
    assert entry.mask and entry.probability
    assert entry.mask.read_mask().tolist() == [[False, True, False]]
    assert entry.probability.read_probability() == pytest.approx(np.array([[0, 1, 0.2]]), abs=1e-7)


def test_one_grey_map_makes_all_8_bit_files_of_its_task_maps(tmp_path: Path, write_image) -> None:
    """An empty map of a lesion that was not seen is no mask when its neighbour has grey levels."""
    for name in ("IDRiD_55", "IDRiD_56"):
        write_image(tmp_path / "truth" / "hard_exudate" / f"{name}.png", np.zeros((1, 2), np.uint8))
    write_image(tmp_path / "predicted" / "EX" / "IDRiD_55_EX.png", np.array([[0, 51]], np.uint8))
    write_image(tmp_path / "predicted" / "EX" / "IDRiD_56_EX.png", np.array([[0, 255]], np.uint8))
    cases = check(IDRID, tmp_path, grey=True, allow_missing=True).cases
    maps = [case.tasks["hard_exudate"].probability for case in cases]
    assert [m.read_probability().tolist() for m in maps if m] == [[[0.0, float(np.float32(0.2))]], [[0.0, 1.0]]]
