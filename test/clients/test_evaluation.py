"""The platform's shim runs evaluate.py: jobs of an algorithm phase, and an uploaded zip, under both contracts."""

import io
import json
import zipfile

import pytest

pytestmark = pytest.mark.timeout(240)
SOCKET = {"slug": "binary-vessel-segmentation", "relative_path": "images/binary-vessel-segmentation"}


@pytest.fixture
def truth(repository, make_task, pack):
    """The truth of two drawn cases of DRIVE, as the organiser uploads it."""
    return pack(make_task(repository / "test/cases/drive").files)


@pytest.fixture
def masks(repository):
    """Two perfect masks by the name of their image."""
    found = (repository / "test/cases/drive").glob("*/expected/images/*/*.mha")
    return {path.name: path.read_bytes() for path in sorted(found)}


@pytest.fixture
def make_jobs(masks, make_task):
    """Makes the task of an evaluation: `predictions.json`, and the masks of the jobs."""

    def make(pk, count):
        jobs, files = [], {"inputs.json": b"[]"}
        for index, (name, content) in enumerate(masks.items()):
            path = f"job-{index}/output/{SOCKET['relative_path']}/{index}.mha"
            if index < count:
                files[path] = content
                image = {"socket": {"slug": "color-fundus-image"}, "image": {"name": name}}
                outputs = [{"socket": SOCKET, "interface": SOCKET}]
                jobs.append({"pk": f"job-{index}", "status": "Succeeded", "inputs": [image], "outputs": outputs})
        files["predictions.json"] = json.dumps(jobs).encode()
        return make_task(files, pk)

    return make


@pytest.mark.parametrize("api", ["exec", "invoke"])
def test_jobs_are_scored_and_a_missing_one_is_named(platform, program, truth, make_jobs, port, api):
    serve = ("--serve", "--port", port) if api == "invoke" else ()
    command = program("evaluate.py", "--challenge", "drive", *serve)
    tasks = [make_jobs("all", 2), make_jobs("one", 1)]
    outcome = platform.run(command, tasks, api, {"GROUND_TRUTH": truth}, USER_WEBSERVER_PORT=str(port))
    assert outcome.results["all"]["return_code"] == 0, outcome.log[-3000:]
    metrics = read_metrics(outcome.outputs["all"])
    assert metrics["aggregates"]["vessel"]["dice"]["mean"] == 1.0
    assert outcome.results["one"]["return_code"] == 1
    assert "a truth without prediction" in outcome.read_last_line("one")
    assert outcome.outputs["one"] == {}


def test_an_uploaded_zip_is_unpacked_by_the_platform_and_scored(platform, program, make_task, truth, masks):
    """The platform takes the folder around the files away, and leaves out what macOS adds."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in masks.items():
            archive.writestr(f"Team/vessel/{name}", content)
            archive.writestr(f"__MACOSX/Team/vessel/._{name}", b"\0\5\x16\7")
    files = {"inputs.json": b"[]", "predictions.zip": stream.getvalue()}
    task = make_task(files, "zip", unpacked="predictions.zip")
    command = program("evaluate.py", "--challenge", "drive")
    outcome = platform.run(command, [task], tarballs={"GROUND_TRUTH": truth})
    assert outcome.results["zip"]["return_code"] == 0, outcome.log[-3000:]
    assert read_metrics(outcome.outputs["zip"])["aggregates"]["vessel"]["dice"]["mean"] == 1.0


def read_metrics(outputs):
    """The metrics, with a complaint for what JSON does not have, such as NaN, which the platform cannot rank."""
    assert sorted(outputs) == ["metrics.json", "report.html"]

    def refuse(word):
        raise ValueError(f"{word} in metrics.json")

    return json.loads(outputs["metrics.json"], parse_constant=refuse)
