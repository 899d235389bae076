"""The evaluation container as the platform runs it: jobs of an algorithm phase, or unpacked prediction files."""

import json
import uuid

import cv2
import numpy as np
import pytest
import SimpleITK

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

CASES = {"3": 0.3, "12": 0.5}
TASKS = {
    "irma": ("intraretinal-microvascular-abnormalities", "1. Intraretinal Microvascular Abnormalities"),
    "nonperfusion": ("nonperfusion-areas", "2. Nonperfusion Areas"),
    "neovascularization": ("neovascularization", "3. Neovascularization"),
}
SIZE = 64


def draw(share):
    """A mask (64, 64) whose left part is lesion."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[:, : round(share * SIZE)] = 1
    return mask


@pytest.fixture
def truth(tmp_path):
    """Ground truth in DRAC22's own layout."""
    masks = tmp_path / "truth" / "A. Segmentation" / "2. Groundtruths" / "a. Training Set"
    images = tmp_path / "truth" / "A. Segmentation" / "1. Original Images" / "a. Training Set"
    images.mkdir(parents=True)
    for case, share in CASES.items():
        cv2.imwrite(str(images / f"{case}.png"), draw(share))
        for _, folder in TASKS.values():
            (masks / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(masks / folder / f"{case}.png"), draw(share) * 255)
    return tmp_path / "truth"


@pytest.fixture
def jobs(tmp_path):
    """One finished job per case, each with a perfect mask for every task, as `predictions.json` lists them."""
    folder = tmp_path / "input"
    listed = []
    for case, share in CASES.items():
        pk = str(uuid.uuid4())
        outputs = [{"slug": slug, "relative_path": f"images/{slug}"} for slug, _ in TASKS.values()]
        for output in outputs:
            place = folder / pk / "output" / output["relative_path"]
            place.mkdir(parents=True)
            SimpleITK.WriteImage(SimpleITK.GetImageFromArray(draw(share)), str(place / f"{uuid.uuid4()}.mha"))
        socket = {"slug": "octa-image", "relative_path": "images/octa"}
        listed.append(
            {
                "pk": pk,
                "status": "Succeeded",
                "inputs": [{"socket": socket, "image": {"name": f"{case}.png"}}],
                "outputs": [{"socket": output} for output in outputs],
            }
        )
    (folder / "predictions.json").write_text(json.dumps(listed))
    (folder / "inputs.json").write_text("[]")
    return folder


@pytest.fixture
def evaluate(run, build_evaluation, truth, tmp_path):
    """Run the container on /input, strictly, and return how it went and where it wrote."""

    def evaluate(folder):
        output = tmp_path / "output"
        output.mkdir(mode=0o777)
        output.chmod(0o777)
        for path in (tmp_path, folder, truth):
            run("chmod", "-R", "a+rX", path)
        strict = "--rm --network none --memory 4g --memory-swap 4g --shm-size 128m --pids-limit 256 --read-only"
        strict += " --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp:exec,mode=1777"
        volumes = [f"{folder}:/input:ro", f"{truth}:/opt/ml/input/data/ground_truth:ro", f"{output}:/output"]
        flags = [word for volume in volumes for word in ("--volume", volume)]
        return run("docker", "run", *strict.split(), *flags, build_evaluation("drac22")), output

    return evaluate


def test_the_jobs_of_an_algorithm_phase_are_scored(evaluate, jobs):
    done, output = evaluate(jobs)

    assert done.returncode == 0, done.stdout + done.stderr
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["aggregates"]["overall"]["dice"]["mean"] == 1
    assert sorted(result["name"] for result in metrics["results"]) == ["12", "3"]
    assert (output / "report.html").is_file()


def test_a_case_that_no_job_has_done_is_named(evaluate, jobs):
    listed = json.loads((jobs / "predictions.json").read_text())
    (jobs / "predictions.json").write_text(json.dumps(listed[:1]))

    done, output = evaluate(jobs)

    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("case '12', irma: a truth without prediction"), done.stderr
    assert "nothing was scored: mend the files" in last
    assert not (output / "metrics.json").exists()


def test_unpacked_prediction_files_are_scored(evaluate, tmp_path):
    folder = tmp_path / "input"
    for task in TASKS:
        (folder / task).mkdir(parents=True)
        for case, share in CASES.items():
            cv2.imwrite(str(folder / task / f"{case}.png"), draw(share / 2))
    (folder / "inputs.json").write_text("[]")

    done, output = evaluate(folder)

    assert done.returncode == 0, done.stdout + done.stderr
    metrics = json.loads((output / "metrics.json").read_text())
    assert 0.6 < metrics["aggregates"]["irma"]["dice"]["mean"] < 0.7  # half the lesion found: 2 / 3


def test_the_image_has_neither_torch_nor_a_server(run, build_evaluation):
    script = "import importlib.util as u; print([n for n in ('torch', 'fastapi', 'uvicorn') if u.find_spec(n)])"

    inside = run(
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        "--entrypoint",
        "python3",
        build_evaluation("drac22"),
        "-c",
        script,
    )

    assert inside.stdout.strip() == "[]", inside.stderr
