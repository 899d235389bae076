"""`evaluate.py` as its users run it: from files to metrics.json, report.html and a table."""

import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import SimpleITK

from retseg.cli import main, run_script
from retseg.evaluation import evaluator
from retseg.evaluation.scoring import score_case
from retseg.models import hash_file

LESIONS = {
    "irma": "1. Intraretinal Microvascular Abnormalities",
    "nonperfusion": "2. Nonperfusion Areas",
    "neovascularization": "3. Neovascularization",
}


def write(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path


@pytest.fixture
def drac22(tmp_path: Path) -> Path:
    """Six 1024 x 1024 images in the official layout, and masks of {0, 255} in `predicted/`, shifted by ten pixels.

    Image 6 has no lesion and nothing predicted.
    """
    root = tmp_path / "data" / "A. Segmentation"
    for number in range(1, 7):
        name = f"{number * 111:03d}.png"
        write(root / "1. Original Images" / "b. Testing Set" / name, np.full((1024, 1024), 90 + number, np.uint8))
        for index, (task, folder) in enumerate(LESIONS.items()):
            truth, predicted = np.zeros((2, 1024, 1024), np.uint8)
            if number < 6:
                truth[100 : 200 + 10 * number, 100 * (index + 1) : 100 * (index + 2)] = 255
                predicted = np.roll(truth, 10, axis=1)
                write(root / "2. Groundtruths" / "b. Testing Set" / folder / name, truth)
            write(tmp_path / "predicted" / task / name, predicted)
    return tmp_path


@pytest.fixture
def vessels(tmp_path: Path) -> Path:
    """Three images with truth and probabilities, plain folders."""
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        truth = rng.random((40, 50)) < 0.2
        maps = np.clip(rng.normal(0.3, 0.2, truth.shape) + 0.4 * truth, 0, 1)
        write(tmp_path / "truth" / "vessel" / f"{name}.png", truth * np.uint8(255))
        write(tmp_path / "truth" / "images" / f"{name}.png", rng.integers(0, 255, (40, 50, 3), dtype=np.uint8))
        write(tmp_path / "predicted" / "vessel" / f"{name}_probability.png", np.rint(maps * 65535).astype(np.uint16))
    return tmp_path


def evaluate(*words: object) -> int:
    return run_script("evaluate", "evaluate.py", [str(word) for word in words])


def read_metrics(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return content


def test_a_vessel_set_is_scored_inside_the_view_and_on_the_frame(vessels: Path, capsys) -> None:
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *words) == 0
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


def test_the_numbers_are_those_of_the_masks(vessels: Path) -> None:
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "fundus", "--protocol", "fundus-frame-pooled", *words) == 0
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


def test_all_protocols_can_be_asked_for_at_once(vessels: Path) -> None:
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", "--protocol", "all", *words) == 0
    assert len(read_metrics(vessels / "out")["beside"]) == 7


def test_a_misspelt_protocol_names_the_nearest(vessels: Path, capsys) -> None:
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", "--protocol", "drive-fof", *words) == 1
    assert "did you mean 'drive-fov'" in capsys.readouterr().err.splitlines()[-1]


def test_what_is_wrong_is_listed_before_anything_is_scored(vessels: Path, capsys) -> None:
    (vessels / "predicted" / "vessel" / "a_probability.png").unlink()
    write(vessels / "predicted" / "vessel" / "d.png", np.zeros((40, 50), np.uint8))
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *words) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("case 'd', vessel: a prediction without truth, ")
    assert lines[1].startswith("case 'a', vessel: a truth without prediction, ")
    assert lines[2].startswith(f"{lines[0]} (and 1 more, listed above); nothing was scored: mend the files")
    assert not (vessels / "out").exists()
    assert evaluate("--challenge", "drive", "--allow-missing", *words) == 0
    assert "Incomplete: 2 predictions or truths" in (vessels / "out" / "report.html").read_text()


def test_masks_of_255_score_0_by_drac22s_own_arithmetic_and_it_is_said(drac22: Path, capsys) -> None:
    """Shifted by 10 of 100 columns, every rectangle has Dice 0.9: 0.9 x area is both."""
    words = [
        "--challenge",
        "drac22",
        "--ground-truth",
        drac22 / "data",
        "--output",
        drac22 / "out",
        "--report-size",
        64,
    ]
    assert evaluate(*words, "--predictions", drac22 / "predicted") == 0
    printed = capsys.readouterr().out
    assert "would score this submission dice 0.0000; with 255 written as 1 it scores 0.9000" in printed
    document = read_metrics(drac22 / "out")
    assert document["aggregates"]["overall"]["dice"]["mean"] == pytest.approx(0.9)
    assert "would score this submission" in document["warnings"][0]


def test_a_submission_is_written_read_back_and_placed_on_the_leaderboard(drac22: Path, capsys) -> None:
    images = drac22 / "data" / "A. Segmentation" / "1. Original Images" / "b. Testing Set"
    words = ["--challenge", "drac22", "--team", "Us", "--images", images, "--predictions", drac22 / "predicted"]
    assert main(["submit", *map(str, words), "--output", str(drac22 / "s.zip")]) == 1
    assert "takes 65 images, here are 6" in capsys.readouterr().err
    assert main(["submit", *map(str, words), "--output", str(drac22 / "s.zip"), "--any-number"]) == 0
    with zipfile.ZipFile(drac22 / "s.zip") as archive:
        assert archive.namelist() == ["Us/1.nii.gz", "Us/2.nii.gz", "Us/3.nii.gz"]
    words = ["--ground-truth", drac22 / "data", "--predictions", drac22 / "s.zip", "--output", drac22 / "out"]
    assert evaluate("--challenge", "drac22", *words, "--leaderboard", "--report-size", 64) == 0
    printed = capsys.readouterr().out
    assert "Leaderboard by dice: rank 1 of 14" in printed
    assert "The standings are of 65 images, this score of 6" in printed
    assert "255" not in "".join(read_metrics(drac22 / "out")["warnings"])


def test_a_model_that_was_trained_on_the_images_gets_no_rank(drac22: Path, capsys) -> None:
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
    words = ["--challenge", "drac22", "--ground-truth", drac22 / "data", "--predictions", drac22 / "predicted"]
    words += ["--output", drac22 / "out", "--model", "drac22-irma", "--models", drac22 / "models", "--report-size", 64]
    assert evaluate(*words) == 0
    warning = read_metrics(drac22 / "out")["warnings"][0]
    assert warning.startswith(
        "Not a test result: the model 'drac22-irma' was trained on 1 of the 6 scored images (111)"
    )
    assert evaluate(*words, "--leaderboard") == 1
    assert "the leaderboard is for complete test results only" in capsys.readouterr().err.splitlines()[-1]


def test_two_systems_are_compared_on_the_same_cases(vessels: Path, capsys) -> None:
    for path in (vessels / "predicted" / "vessel").glob("*.png"):
        pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        write(vessels / "other" / "vessel" / path.name, np.roll(pixels, 3, axis=1))
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *words, "--compare", vessels / "other") == 0
    found = read_metrics(vessels / "out")["comparison"]["vessel"]["dice"]
    assert found["difference"] > 0.1
    assert found["ci95_low"] > 0
    assert found["p_value"] == 0.25, "three cases have eight exchanges, two of them as large"
    assert "minus" in capsys.readouterr().out


def test_the_evaluation_container_reads_the_jobs_of_the_platform(vessels: Path) -> None:
    """`predictions.json`, one folder per job; a case is named by the file that its user uploaded."""
    jobs = []
    for pk, name in (("c0", "c"), ("a0", "a"), ("b0", "b")):
        truth = cv2.imread(str(vessels / "truth" / "vessel" / f"{name}.png"), cv2.IMREAD_UNCHANGED) // 255
        relative = "images/binary-vessel-segmentation"
        path = vessels / "input" / pk / "output" / relative / f"{pk}-uuid.mha"
        path.parent.mkdir(parents=True)
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(truth), str(path), True)
        socket = {"slug": "binary-vessel-segmentation", "relative_path": relative}
        jobs.append(
            {
                "pk": pk,
                "status": "Succeeded",
                "inputs": [{"socket": {"slug": "color-fundus-image"}, "image": {"name": f"{name}.png"}}],
                "outputs": [{"socket": socket, "interface": socket}],
            }
        )
    (vessels / "input" / "predictions.json").write_text(json.dumps(jobs))
    (vessels / "input" / "inputs.json").write_text("[]")
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "input", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *words) == 0
    assert read_metrics(vessels / "out")["aggregates"]["vessel"]["dice"]["mean"] == 1.0


def test_a_missing_job_is_named(vessels: Path, capsys) -> None:
    (vessels / "input").mkdir()
    (vessels / "input" / "predictions.json").write_text("[]")
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "input", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *words) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": a truth without")[0] for line in lines[:3]] == [f"case '{name}', vessel" for name in "abc"]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:40]), "b_probability.png"),
        (lambda path: path.unlink(), "a truth without prediction"),
        (lambda path: write(path, np.full((40, 51), 7, np.uint16)), "is 51 x 40 pixels, its truth 50 x 40"),
        (lambda path: write(path, np.full((40, 50), 7, np.uint8)), "holds the values 7"),
    ],
    ids=["damaged", "missing", "other size", "other values"],
)
def test_the_last_line_names_the_failing_case_and_the_remedy(vessels: Path, capsys, spoil, sentence: str) -> None:
    spoil(vessels / "predicted" / "vessel" / "b_probability.png")
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *words) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("case 'b', vessel: ")
    assert sentence in line
    assert "; nothing was scored: mend the files and evaluate again" in line
    assert not (vessels / "out").exists()


def test_a_case_that_fails_while_it_is_scored_is_named_too(vessels: Path, capsys, monkeypatch) -> None:
    def run_out_of_memory(name: str, *given: Any) -> Any:
        if name == "b":
            raise MemoryError
        return score_case(name, *given)

    monkeypatch.setattr(evaluator, "score_case", run_out_of_memory)
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    assert evaluate("--challenge", "drive", *words) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("there is not enough memory")
    assert last.endswith("(case 'b', vessel)")


def find_session(leader: int) -> list[str]:
    """The command lines of the processes that run in the session of a process, itself included."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(session) == leader and state != "Z":
                found.append((folder / "cmdline").read_text())
        except OSError:  # it has ended meanwhile
            continue
    return found


@pytest.mark.parametrize("end", ["success", "failure", "SIGTERM"])
def test_no_process_outlives_an_evaluation(drac22: Path, repository: Path, end: str) -> None:
    """A real process in a session of its own: whatever it starts, and whatever starts from that, is in there."""
    if end == "failure":
        (drac22 / "predicted" / "irma" / "333.png").write_bytes(b"no image")
    words = ["--ground-truth", drac22 / "data", "--predictions", drac22 / "predicted", "--output", drac22 / "out"]
    command = [sys.executable, "evaluate.py", "--challenge", "drac22", *map(str, words)]
    process = subprocess.Popen(command, cwd=repository, start_new_session=True, stderr=subprocess.PIPE, text=True)
    if end == "SIGTERM":
        while process.poll() is None and "cv2" not in Path(f"/proc/{process.pid}/maps").read_text():
            time.sleep(0.01)
        assert find_session(process.pid), "it is at work: its files are about to be read"
        process.terminate()
    _, said = process.communicate(timeout=200)
    status, sentence = {
        "success": (0, ""),
        "failure": (1, "case '333', irma: "),
        "SIGTERM": (143, "ended by SIGTERM before it was done"),
    }[end]
    assert process.returncode == status, said
    assert said.strip().rpartition("\n")[2].startswith(sentence)
    assert find_session(process.pid) == []
    written = [path.name for path in (drac22 / "out").glob("*")]
    assert sorted(written) == (["metrics.json", "report.html"] if end == "success" else [])


def test_the_default_protocols_need_no_extra(vessels: Path, repository: Path) -> None:
    """Without scikit-image, matplotlib, torch and grand-challenge-metrics, as in the base installation."""
    code = (
        "import sys\n"
        "for name in ('skimage', 'matplotlib', 'torch', 'grand_challenge_metrics', 'sklearn', 'monai'):\n"
        "    sys.modules[name] = None\n"
        "from retseg.cli import run_script\n"
        "sys.exit(run_script('evaluate', 'evaluate.py'))\n"
    )
    words = ["--ground-truth", vessels / "truth", "--predictions", vessels / "predicted", "--output", vessels / "out"]
    command = [sys.executable, "-c", code, "--challenge", "fundus", *map(str, words)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "fundus-frame" in done.stdout
