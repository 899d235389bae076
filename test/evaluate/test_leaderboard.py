"""A rank among published scores, a model that has seen the images, and two systems on the same cases."""

import zipfile
from pathlib import Path

import cv2
import numpy as np

from retseg.cli import main
from retseg.models import hash_file, load_card
from retseg.models.record import record_run, write_record


def test_a_submission_is_written_read_back_and_placed_on_the_leaderboard(
    drac22: Path, evaluate, read_metrics, capsys
) -> None:
    images = drac22 / "data" / "A. Segmentation" / "1. Original Images" / "b. Testing Set"
    options = ["--challenge", "drac22", "--team", "Us", "--images", images, "--predictions", drac22 / "predicted"]
    assert main(["submit", *map(str, options), "--output", str(drac22 / "s.zip")]) == 1
    assert "takes 65 images, here are 6" in capsys.readouterr().err
    assert main(["submit", *map(str, options), "--output", str(drac22 / "s.zip"), "--any-number"]) == 0
    with zipfile.ZipFile(drac22 / "s.zip") as archive:
        assert archive.namelist() == ["Us/1.nii.gz", "Us/2.nii.gz", "Us/3.nii.gz"]
    options = ["--ground-truth", drac22 / "data", "--predictions", drac22 / "s.zip", "--output", drac22 / "out"]
    assert evaluate("--challenge", "drac22", *options, "--leaderboard", "--report-size", 64) == 0
    printed, complained = capsys.readouterr()
    assert "Leaderboard of 2024-04-28 by dice: rank 1 of 14" in printed
    assert "The standings are of 65 images, this score of 6" in complained
    assert "255" not in "".join(read_metrics(drac22 / "out")["warnings"])


def test_a_model_that_was_trained_on_the_images_gets_no_rank(
    drac22: Path, evaluate, read_metrics, write_image, capsys
) -> None:
    image = drac22 / "data" / "A. Segmentation" / "1. Original Images" / "b. Testing Set" / "111.png"
    card = drac22 / "models" / "drac22-irma" / "card.toml"
    card.parent.mkdir(parents=True)
    card.write_text(
        f"""format = 1
name = "drac22-irma"
version = "1"
modality = "octa"
[tasks.irma]
threshold = 0.5
[network]
architecture = "unet"
[preprocessing]
[inference]
[training]
recipe = "drac22-irma"
commit = "0"
seed = 0
data = "DRAC22"
terms = "research"
[training.images]
"111.png" = "{hash_file(image)}"
[files]
"""
    )
    options = ["--challenge", "drac22", "--ground-truth", drac22 / "data", "--predictions", drac22 / "predicted"]
    options += [
        "--output",
        drac22 / "out",
        "--model",
        "drac22-irma",
        "--models",
        drac22 / "models",
        "--report-size",
        64,
    ]
    assert evaluate(*options) == 0
    warning = read_metrics(drac22 / "out")["warnings"][0]
    assert warning.startswith(
        "Not a test result: the model 'drac22-irma' was trained on 1 of the 6 scored images (111)"
    )
    place = options.index("--model")
    del options[place : place + 2]
    found = record_run({"command": "predict"}, "drac22", [(load_card(drac22 / "models/drac22-irma"), ("irma",))])
    write_record(drac22 / "predicted" / "run.json", found)
    write_image(drac22 / "predicted" / "overlay" / "111.png", np.zeros((20, 20, 3), np.uint8))
    assert evaluate(*options) == 0, "without --model, run.json names it; the overlay is no prediction"
    assert read_metrics(drac22 / "out")["warnings"][0] == warning
    assert evaluate(*options, "--leaderboard") == 1
    assert "the leaderboard is for complete test results only" in capsys.readouterr().err.splitlines()[-1]


def test_two_systems_are_compared_on_the_same_cases(vessels: Path, evaluate, read_metrics, write_image, capsys) -> None:
    for path in (vessels / "predicted" / "vessel").glob("*.png"):
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        write_image(vessels / "other" / "vessel" / path.name, np.roll(pixels, 3, axis=1))
    options = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *options, "--compare", vessels / "other") == 0
    found = read_metrics(vessels / "out")["comparison"]["vessel"]["dice"]
    assert found["difference"] > 0.1
    assert found["ci95_low"] > 0
    assert found["p_value"] == 0.25, "three cases have eight exchanges, two of them as large"
    assert "minus" in capsys.readouterr().out
