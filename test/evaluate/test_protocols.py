"""Which protocols are reported, and that the numbers are those of the masks."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest


def test_a_vessel_set_is_scored_inside_the_view_and_on_the_frame(vessels: Path, evaluate, read_metrics, capsys) -> None:
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *options, "--full") == 0
    document = read_metrics(vessels / "out")
    assert document["protocol"]["name"] == "drive-fov"
    assert set(document["beside"]) == {"drive-frame"}
    wanted = {"dice", "accuracy", "sensitivity", "specificity", "f1", "auc_roc", "ap", "mean_iou"}
    for aggregates in (document["aggregates"], document["beside"]["drive-frame"]["aggregates"]):
        assert wanted <= set(aggregates["vessel"])
        assert set(aggregates["vessel"]["dice"]) == {"mean", "std", "ci95_low", "ci95_high"}
    assert [row["name"] for row in document["results"]] == ["a", "b", "c"]
    assert document["thresholds"] == {"vessel": 0.5}
    assert (vessels / "out" / "report.html").stat().st_size > 1000
    printed = capsys.readouterr().out
    assert "drive-fov: DRIVE, mean over images, in the field of view (3 cases)" in printed
    assert "drive-frame: DRIVE, mean over images, on the whole frame (3 cases)" in printed


def test_the_numbers_are_those_of_the_masks(vessels: Path, evaluate, read_metrics) -> None:
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "fundus", "--protocol", "fundus-frame-pooled", *options) == 0
    pairs = []
    for name in ("a", "b", "c"):
        truth = cv2.imread(str(vessels / "truth" / "vessel" / f"{name}.png"), cv2.IMREAD_UNCHANGED) > 0
        path = vessels / "predicted" / "vessel" / f"{name}_probability.png"
        pairs.append((truth, cv2.imread(str(path), cv2.IMREAD_UNCHANGED) / 65535 >= 0.5))
    tp = sum((t & p).sum() for t, p in pairs)
    total = sum(t.sum() + p.sum() for t, p in pairs)
    found = read_metrics(vessels / "out")["aggregates"]["vessel"]["f1"]
    assert found["mean"] == pytest.approx(2 * tp / total, abs=1e-12)
    assert "std" not in found


def test_all_protocols_can_be_asked_for_at_once(vessels: Path, evaluate, read_metrics) -> None:
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", "--protocol", "all", *options) == 0
    assert len(read_metrics(vessels / "out")["beside"]) == 7


def test_a_split_is_scored_from_predictions_of_all_images(
    tmp_path: Path, evaluate, read_metrics, write_image, capsys
) -> None:
    rng = np.random.default_rng(0)
    for name in ("Image_01L", "Image_01R", "Image_11L", "Image_12R"):
        write_image(tmp_path / "truth" / f"{name}_1stHO.png", (rng.random((40, 50)) < 0.3) * np.uint8(255))
        write_image(tmp_path / "predicted/vessel" / f"{name}.png", (rng.random((40, 50)) < 0.3) * np.uint8(255))
    options = ["--ground-truth", tmp_path / "truth", "--predictions", tmp_path / "predicted", "--output", tmp_path]
    split = ["--challenge", "chasedb1", "--protocol", "chasedb1-frame", "--split", "last8"]
    assert evaluate(*split, *options) == 0
    said = capsys.readouterr().err
    assert "the predictions of 2 images that are not in the split 'last8' are left out; scored are 2" in said
    assert [case["name"] for case in read_metrics(tmp_path)["results"]] == ["Image_11L", "Image_12R"]
    write_image(tmp_path / "predicted/vessel/Image_99L.png", np.zeros((40, 50), np.uint8))
    assert evaluate(*split, *options) == 1
    assert "case 'Image_99L', vessel: a prediction without truth" in capsys.readouterr().err


def test_masks_of_255_score_0_by_drac22s_own_arithmetic_and_it_is_said(
    drac22: Path, evaluate, read_metrics, capsys
) -> None:
    """Shifted by 10 of 100 columns, every rectangle has Dice 0.9: 0.9 x area is both."""
    options = [
        "--challenge",
        "drac22",
        "--ground-truth",
        drac22 / "data",
        "--output",
        drac22 / "out",
        "--report-size",
        64,
    ]
    assert evaluate(*options, "--predictions", drac22 / "predicted") == 0
    printed = capsys.readouterr().err
    assert "would score this submission dice 0.0000; with 255 written as 1 it scores 0.9000" in printed
    document = read_metrics(drac22 / "out")
    assert document["aggregates"]["overall"]["dice"]["mean"] == pytest.approx(0.9)
    assert "would score this submission" in document["warnings"][0]


def test_the_default_protocols_need_no_extra(vessels: Path, repository: Path) -> None:
    """Without scikit-image, matplotlib, torch and grand-challenge-metrics, as in the base installation."""
    code = (
        "import sys\n"
        "for name in ('skimage', 'matplotlib', 'torch', 'grand_challenge_metrics', 'sklearn', 'monai'):\n"
        "    sys.modules[name] = None\n"
        "from retseg.cli import run_script\n"
        "sys.exit(run_script('evaluate', 'evaluate.py'))\n"
    )
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    command = [sys.executable, "-c", code, "--challenge", "fundus", *map(str, options)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "fundus-fov" in done.stdout and "vessel" in done.stdout
