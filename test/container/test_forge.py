"""The templates of the platform's forge: its own `do_test_run.sh` runs our images on its own layout of a test."""

import json
import shutil

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

IMAGE = {"slug": "color-fundus-image", "relative_path": "images/color-fundus", "kind": "Image", "super_kind": "Image"}
MASK = {
    "slug": "binary-vessel-segmentation",
    "relative_path": "images/binary-vessel-segmentation",
    "kind": "Segmentation",
    "super_kind": "Image",
}
ARCHIVE = {"slug": "archive", "url": "https://example.org/archive"}


@pytest.fixture
def phase(clients, run, tmp_path):
    """The folder of a phase of a challenge pack: an algorithm, an evaluation, and what they get to read."""
    phase = {
        "slug": "retseg",
        "archive": ARCHIVE,
        "algorithm_interfaces": [{"inputs": [IMAGE], "outputs": [MASK]}],
        "evaluation_additional_inputs": [],
        "evaluation_additional_outputs": [],
    }
    context = {"slug": "drawn", "url": "https://example.org", "archives": [ARCHIVE], "phases": [phase]}
    (tmp_path / "context.json").write_text(json.dumps({"challenge": context}))
    forge = run(clients / "grand-challenge-forge", "pack", "--output", tmp_path, tmp_path / "context.json")
    assert forge.returncode == 0, forge.stderr
    return tmp_path / "drawn-challenge-pack" / "retseg"


@pytest.fixture
def test_run(run, tmp_path):
    """Runs the `do_test_run.sh` of a template with one of our images, and without a GPU."""
    tags = []

    def test_run(template, image):
        tags.append(f"example-{'algorithm' if 'algorithm' in template.name else 'evaluation'}-retseg")
        (template / "do_build.sh").write_text(f'DOCKER_IMAGE_TAG={tags[-1]}\ndocker tag {image} "$DOCKER_IMAGE_TAG"\n')
        script = template / "do_test_run.sh"
        script.write_text(script.read_text().replace("--gpus all", ""))
        tmp_path.chmod(0o755)
        return run("bash", script)

    yield test_run
    for tag in tags:
        run("docker", "image", "rm", tag)


def test_the_algorithm_passes_the_test_run_of_its_template(phase, test_run, build_image, case):
    """Its `inputs.json` has the older key `interface`, and its image is replaced by one of an eye; then it is cut."""
    template = phase / "example-algorithm"
    (stub,) = (template / "test/input/interf0/images/color-fundus").iterdir()
    (image,) = (case / "input").rglob("*.mha")
    shutil.copy(image, stub)
    done = test_run(template, build_image("exec"))
    assert done.returncode == 0, done.stdout + done.stderr
    (mask,) = (template / "test/output/interf0/images/binary-vessel-segmentation").iterdir()
    assert mask.name == stub.name and mask.stat().st_size > 1000

    stub.write_bytes(image.read_bytes()[:100_000])
    done = test_run(template, build_image("exec"))
    assert done.returncode == 1
    assert f"{stub.name} is truncated or damaged" in done.stderr.splitlines()[-1]
    assert not any(path.is_file() for path in (template / "test/output").rglob("*"))


def test_the_evaluation_passes_the_test_run_of_its_template(phase, test_run, build_evaluation, case):
    """Its three jobs name the same upload, so two are left out; the truth lies where the template has it."""
    template = phase / "example-evaluation-method"
    shutil.copytree(case, template / "ground_truth" / "01")
    (truth,) = (case / "expected/images/binary-vessel-segmentation").iterdir()
    listed = template / "test/input/predictions.json"
    job = json.loads(listed.read_text())[0]
    job["inputs"][0]["image"]["name"] = truth.name
    listed.write_text(json.dumps([job]))
    (stub,) = (template / "test/input" / job["pk"] / "output" / MASK["relative_path"]).iterdir()
    shutil.copy(truth, stub)
    done = test_run(template, build_evaluation("drive"))
    assert done.returncode == 0, done.stdout + done.stderr
    metrics = json.loads((template / "test/output/metrics.json").read_text())
    assert metrics["aggregates"]["vessel"]["dice"]["mean"] == 1.0
