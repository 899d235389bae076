"""`python process.py` and `python serve.py` as the platform starts them, with a network of one pixel and no torch."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import onnx
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg.cli import run_script
from retseg.models import Card, Inference, Network, Task, Training, hash_file, write_card
from retseg.preprocessing import Preprocessing


def _start(repository, *words):
    """Run process.py as a program of its own, as the platform does, and under `-X importtime`."""
    command = [sys.executable, "-X", "importtime", "process.py", *map(str, words)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def process(capfd, monkeypatch):
    """Runs what process.py runs, in this process, which spares the imports; gives exit status, stdout and stderr."""
    monkeypatch.delenv("RETSEG_CHALLENGE", raising=False)

    def run(*words):
        try:
            status = run_script("process", "process.py", [*map(str, words)])
        except SystemExit as ended:
            status = ended.code
        captured = capfd.readouterr()
        return subprocess.CompletedProcess(words, status, captured.out, captured.err)

    return run


def _last_line(done):
    assert done.returncode not in (0, None)
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_missing_input_folder_is_one_sentence(process, tmp_path):
    done = process("--input", tmp_path / "nowhere", "--output", tmp_path / "output")
    assert "nowhere does not exist" in _last_line(done)
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_challenge_names_the_nearest_one(process, tmp_path):
    done = process("--challenge", "drve", "--input", tmp_path, "--output", tmp_path / "output")
    assert "did you mean 'drive'?" in _last_line(done)


def test_the_image_of_a_container_says_its_challenge_by_an_environment_variable(process, monkeypatch, tmp_path):
    monkeypatch.setenv("RETSEG_CHALLENGE", "chasedb2")
    done = process("--input", tmp_path, "--output", tmp_path / "o")
    assert "did you mean 'chasedb1'?" in _last_line(done)
    monkeypatch.delenv("RETSEG_CHALLENGE")
    monkeypatch.setenv("GRAND_CHALLENGE_CHALLENGE", "chasedb2")
    done = process("--input", tmp_path, "--output", tmp_path / "o")
    assert "neither an inputs.json nor a readable image" in _last_line(done)


def test_a_word_that_is_no_option_is_refused(process):
    assert "unrecognized arguments: --inptu" in _last_line(process("--inptu", "x"))


@pytest.mark.parametrize("text", ["{", "[]", '[{"socket": {"slug": "age", "relative_path": "age.json"}}]'])
def test_an_inputs_json_that_cannot_be_served_leaves_no_output_folder(process, tmp_path, text):
    (tmp_path / "input").mkdir()
    (tmp_path / "input/inputs.json").write_text(text)
    done = process("--input", tmp_path / "input", "--output", tmp_path / "output")
    assert "inputs.json" in _last_line(done)
    assert not (tmp_path / "output").exists()


@pytest.fixture
def models(tmp_path):
    """A model whose `vessel` is a convolution of 1x1: its logit is 40 (green / 255 - 0.4), so cut at green 102."""
    folder = tmp_path / "models" / "vessel-drive"
    folder.mkdir(parents=True)
    free = ["batch", 3, "height", "width"]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Conv", ["image", "weight", "bias"], ["logits"])],
        "green",
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, free)],
        [onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["batch", 1, "height", "width"])],
        [
            onnx.numpy_helper.from_array(np.array([0, 40, 0], np.float32).reshape(1, 3, 1, 1), "weight"),
            onnx.numpy_helper.from_array(np.array([-16], np.float32), "bias"),
        ],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / "model.onnx")
    card = Card(
        format=1,
        name="vessel-drive",
        version="1",
        modality="cfp",
        tasks={"vessel": Task(0.5)},
        network=Network("unet"),
        preprocessing=Preprocessing(normalise="unit"),
        inference=Inference(),
        training=Training("none", "none", 0, "phantom", "free", {"drawn": "0"}),
        files={"model.onnx": hash_file(folder / "model.onnx")},
        directory=folder,
    )
    write_card(card)
    return tmp_path / "models"


@pytest.fixture
def case(tmp_path):
    """A case, input and output folder: a lit disc whose green is 40 on the left and 160 on the right."""
    (tmp_path / "input/images/x").mkdir(parents=True)
    listed = {"slug": "color-fundus-image", "relative_path": "images/x"}
    (tmp_path / "input/inputs.json").write_text(json.dumps([{"socket": listed}]))
    y, x = np.mgrid[-1:1:300j, -1:1:400j]
    pixels = np.stack([np.full(x.shape, 200), np.where(x < 0, 40, 160), np.full(x.shape, 30)], -1)
    pixels[x**2 + y**2 > 0.9] = 0
    image = sitk.GetImageFromArray(pixels.astype(np.uint8), isVector=True)
    image.SetSpacing((0.5, 0.25))
    sitk.WriteImage(image, str(tmp_path / "input/images/x/disc.mha"))
    return tmp_path / "input", tmp_path / "output"


CAUTION = (
    "warning: the model 'vessel-drive' was trained on drawn phantoms only: its masks are for testing, not for eyes"
)
"""What the log says before all else of a model such as the one above."""


def _folders(case, models):
    return "--challenge", "drive", "--input", case[0], "--output", case[1], "--models", models


def _files(folder):
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def test_a_case_becomes_its_mask_without_torch_scipy_scikit_image_or_a_web_server(repository, case, models):
    done = _start(repository, *_folders(case, models))
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "openvino" in imported
    assert "warning: disc.mha shows no vessels" in done.stdout
    assert not imported & {"torch", "scipy", "fastapi", "uvicorn", "matplotlib", "pandas", "skimage"}
    assert _files(case[1]) == ["images/binary-vessel-segmentation/disc.mha"]
    mask = sitk.ReadImage(str(case[1] / "images/binary-vessel-segmentation/disc.mha"))
    assert (mask.GetPixelID(), mask.GetSize(), mask.GetSpacing()) == (sitk.sitkUInt8, (400, 300), (0.5, 0.25))
    pixels = sitk.GetArrayFromImage(mask)
    assert pixels[:, :199].max() == 0
    assert pixels[100:200, 202:370].min() == 1
    assert pixels[:5].max() == 0, "nothing lies outside the field of view"


def test_the_log_of_a_model_that_never_saw_an_eye_says_so(process, case, models):
    assert process(*_folders(case, models)).stdout.splitlines()[0] == CAUTION
    card = models / "vessel-drive/card.toml"
    card.write_text(card.read_text().replace('data = "phantom"', 'data = "DRIVE"'))
    assert "phantom" not in process(*_folders(case, models)).stdout


def test_the_platforms_symbolic_link_to_the_input_is_followed(process, case, models, tmp_path):
    (tmp_path / "link").symlink_to(case[0])
    done = process(*_folders((tmp_path / "link", case[1]), models))
    assert (done.returncode, _files(case[1])) == (0, ["images/binary-vessel-segmentation/disc.mha"]), done.stderr


def test_a_real_photograph_keeps_its_size_and_is_empty_outside_the_field_of_view(process, case, models, data_root):
    (case[0] / "images/x/disc.mha").unlink()
    photograph = data_root / "DRIVE/test/images/01_test.tif"
    (case[0] / "images/x/01_test.tif").write_bytes(photograph.read_bytes())
    assert process(*_folders(case, models)).returncode == 0
    mask = sitk.ReadImage(str(case[1] / "images/binary-vessel-segmentation/01_test.mha"))
    given = sitk.ReadImage(str(photograph))
    assert (mask.GetSize(), mask.GetSpacing(), mask.GetPixelID()) == ((565, 584), given.GetSpacing(), sitk.sitkUInt8)
    pixels = sitk.GetArrayFromImage(mask)
    corner = np.s_[:60, :60]
    assert (pixels[corner].max(), pixels.max()) == (0, 1)


@pytest.mark.parametrize("size", [(300, 400), (1, 1), (3, 2000)])
def test_a_black_or_tiny_image_gives_an_empty_mask_of_its_size_with_a_warning(process, case, models, size):
    black = sitk.GetImageFromArray(np.zeros((*size, 3), np.uint8), isVector=True)
    sitk.WriteImage(black, str(case[0] / "images/x/disc.mha"))
    done = process(*_folders(case, models))
    assert done.returncode == 0, done.stderr
    assert "warning: " in done.stdout
    mask = sitk.ReadImage(str(case[1] / "images/binary-vessel-segmentation/disc.mha"))
    assert (mask.GetSize(), sitk.GetArrayFromImage(mask).max()) == (size[::-1], 0)


def test_the_old_contract_takes_the_same_image_without_inputs_json(process, case, models):
    (case[0] / "inputs.json").unlink()
    done = process(*_folders(case, models))
    assert done.returncode == 0, done.stderr
    assert sorted(_files(case[1])) == ["images/disc.mha", "results.json"]


@pytest.mark.parametrize(
    ("break_model", "complaint"),
    [
        (lambda folder: folder.rename(folder.parent / "other"), "there is no model 'vessel-drive'"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"other"), "SHA-256 differs"),
        (lambda folder: (folder / "model.onnx").unlink(), "model.onnx is missing"),
        (lambda folder: (folder / "card.toml").write_text("format = 99"), "a card of format 99"),
    ],
)
def test_a_model_that_is_missing_altered_or_of_another_version_is_named(process, case, models, break_model, complaint):
    break_model(models / "vessel-drive")
    assert complaint in _last_line(process(*_folders(case, models)))
    assert _files(case[1]) == []


UNFIT = [
    ('modality = "cfp"', 'modality = "octa"', "is for images of the kind 'octa', wanted is one for 'cfp'"),
    ("[tasks.vessel]", "[tasks.irma]", "does not segment 'vessel', only irma"),
]


@pytest.mark.parametrize(("right", "wrong", "complaint"), UNFIT)
def test_a_model_that_does_not_fit_the_challenge_is_refused_before_the_image_is_read(
    process, case, models, right, wrong, complaint
):
    card = models / "vessel-drive/card.toml"
    card.write_text(card.read_text().replace(right, wrong))
    (case[0] / "images/x/disc.mha").write_bytes(b"no image at all")
    done = process(*_folders(case, models))
    assert complaint in _last_line(done)
    assert (len(done.stderr.strip().splitlines()), _files(case[1])) == (1, [])


@pytest.mark.parametrize(("right", "wrong", "complaint"), UNFIT)
def test_the_warm_server_refuses_such_a_model_before_it_listens(case, models, capsys, right, wrong, complaint):
    card = models / "vessel-drive/card.toml"
    card.write_text(card.read_text().replace(right, wrong))
    assert run_script("serve", "serve.py", [*map(str, _folders(case, models)), "--port", "1"]) == 1
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert "ready" not in captured.out


@pytest.mark.parametrize("fault", ["truncated", "volume", "two", "none", "outside", "no place"])
def test_bad_input_is_one_sentence_that_names_the_file_and_leaves_no_output(process, case, models, fault):
    image = case[0] / "images/x/disc.mha"
    if fault == "truncated":
        image.write_bytes(image.read_bytes()[:2000])
    elif fault == "volume":
        sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 50, 60), np.uint8)), str(image))
    elif fault == "two":
        (image.parent / "again.mha").write_bytes(image.read_bytes())
    elif fault == "none":
        image.unlink()
    elif fault == "outside":
        image.rename(case[0].parent / "disc.mha")
        image.symlink_to(case[0].parent / "disc.mha")
    else:
        case[1].write_text("a file where the output folder should be")
    done = process(*_folders(case, models))
    named = {"two": "again.mha, disc.mha", "none": "images/x", "no place": "output"}.get(fault, "disc.mha")
    assert named in _last_line(done)
    assert [line for line in done.stderr.splitlines() if line.strip()] == [_last_line(done)]
    assert fault == "no place" or _files(case[1]) == []


@pytest.fixture
def server(repository, case, models):
    """A running serve.py and its address; ended and emptied of its output at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "serve.py", *_folders(case, models), "--host", "127.0.0.1", "--port", port]
    process = subprocess.Popen([*map(str, words)], cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    yield process, f"http://127.0.0.1:{port}"
    process.kill()
    process.communicate()


def _ask(url, data=None):
    try:
        with urllib.request.urlopen(url, data, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def _wait_until_healthy(process, url):
    for _ in range(600):
        try:
            return _ask(f"{url}/health")[0]
        except OSError:
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.1)
    return None


def test_the_warm_server_does_case_after_case_outlives_a_bad_one_and_ends_at_sigterm(server, case):
    process, url = server
    assert _wait_until_healthy(process, url) == 200
    good = (case[0] / "images/x/disc.mha").read_bytes()
    for name in ("one", "bad", "two"):
        (path,) = (case[0] / "images/x").iterdir()
        path.unlink()
        (case[0] / f"images/x/{name}.mha").write_bytes(good[:2000] if name == "bad" else good)
        status, answer = _ask(f"{url}/invoke", b"")
        if name == "bad":
            assert (status, "bad.mha" in answer["detail"], _files(case[1])) == (500, True, [])
        else:
            assert (status, _files(case[1])) == (201, [f"images/binary-vessel-segmentation/{name}.mha"])
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err.decode()
    assert err.decode().splitlines() == [next(line for line in err.decode().splitlines() if "bad.mha" in line)]
    said = out.decode().splitlines()
    assert said[0] == CAUTION
    assert next(line for line in said if not line.startswith("warning: ")).startswith("ready: ")
