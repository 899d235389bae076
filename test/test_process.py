"""`python process.py` as the platform starts it, with a network of one pixel and no torch."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from retseg.cli import run_script


def _start(repository, *arguments):
    """Run process.py as a program of its own, as the platform does, and under `-X importtime`."""
    command = [sys.executable, "-X", "importtime", "process.py", *map(str, arguments)]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def process(capfd, monkeypatch):
    """Runs what process.py runs, in this process, which spares the imports; gives exit status, stdout and stderr."""
    monkeypatch.delenv("RETSEG_CHALLENGE", raising=False)

    def run(*arguments):
        try:
            status = run_script("process", "process.py", [*map(str, arguments)])
        except SystemExit as ended:
            status = ended.code
        captured = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, status, captured.out, captured.err)

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
    assert "there is no option --inptu; did you mean '--input'?" in _last_line(process("--inptu", "x"))


@pytest.mark.parametrize("text", ["{", "[]", '[{"socket": {"slug": "age", "relative_path": "age.json"}}]'])
def test_an_inputs_json_that_cannot_be_served_leaves_no_output_folder(process, tmp_path, text):
    (tmp_path / "input").mkdir()
    (tmp_path / "input/inputs.json").write_text(text)
    done = process("--input", tmp_path / "input", "--output", tmp_path / "output")
    assert "inputs.json" in _last_line(done)
    assert not (tmp_path / "output").exists()


def test_a_case_becomes_its_mask_without_torch_scipy_scikit_image_or_a_web_server(repository, green_job):
    done = _start(repository, *green_job.arguments)
    assert done.returncode == 0, done.stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "openvino" in imported
    assert "warning: disc.mha shows no vessels" in done.stdout
    assert not imported & {"torch", "scipy", "fastapi", "uvicorn", "matplotlib", "pandas", "skimage"}
    assert green_job.list_written() == ["images/binary-vessel-segmentation/disc.mha"]
    mask = sitk.ReadImage(str(green_job.output / "images/binary-vessel-segmentation/disc.mha"))
    assert (mask.GetPixelID(), mask.GetSize(), mask.GetSpacing()) == (sitk.sitkUInt8, (400, 300), (0.5, 0.25))
    pixels = sitk.GetArrayFromImage(mask)
    assert pixels[:, :199].max() == 0
    assert pixels[100:200, 202:370].min() == 1
    assert pixels[:5].max() == 0, "nothing lies outside the field of view"


def test_the_log_of_a_model_that_never_saw_an_eye_says_so(process, green_job):
    origin, caution, *_ = process(*green_job.arguments).stdout.splitlines()
    assert origin.startswith(
        f"the model 'vessel-drive', version 1, is that of {green_job.models}/vessel-drive (SHA-256"
    )
    assert caution == green_job.caution
    card = green_job.models / "vessel-drive/card.toml"
    card.write_text(card.read_text().replace("phantom = true", "phantom = false"))
    assert "phantom" not in process(*green_job.arguments).stdout


def test_the_platforms_symbolic_link_to_the_input_is_followed(process, green_job, tmp_path):
    (tmp_path / "link").symlink_to(green_job.input)
    done = process(*dataclasses.replace(green_job, input=tmp_path / "link").arguments)
    assert (done.returncode, green_job.list_written()) == (0, ["images/binary-vessel-segmentation/disc.mha"]), (
        done.stderr
    )


def test_a_real_photograph_keeps_its_size_and_is_empty_outside_the_field_of_view(process, green_job, data_root):
    (green_job.input / "images/x/disc.mha").unlink()
    photograph = data_root / "DRIVE/test/images/01_test.tif"
    (green_job.input / "images/x/01_test.tif").write_bytes(photograph.read_bytes())
    assert process(*green_job.arguments).returncode == 0
    mask = sitk.ReadImage(str(green_job.output / "images/binary-vessel-segmentation/01_test.mha"))
    given = sitk.ReadImage(str(photograph))
    assert (mask.GetSize(), mask.GetSpacing(), mask.GetPixelID()) == ((565, 584), given.GetSpacing(), sitk.sitkUInt8)
    pixels = sitk.GetArrayFromImage(mask)
    corner = np.s_[:60, :60]
    assert (pixels[corner].max(), pixels.max()) == (0, 1)


@pytest.mark.parametrize("size", [(300, 400), (1, 1), (3, 2000)])
def test_a_black_or_tiny_image_gives_an_empty_mask_of_its_size_with_a_warning(process, green_job, size):
    black = sitk.GetImageFromArray(np.zeros((*size, 3), np.uint8), isVector=True)
    sitk.WriteImage(black, str(green_job.input / "images/x/disc.mha"))
    done = process(*green_job.arguments)
    assert done.returncode == 0, done.stderr
    assert "warning: " in done.stdout
    mask = sitk.ReadImage(str(green_job.output / "images/binary-vessel-segmentation/disc.mha"))
    assert (mask.GetSize(), sitk.GetArrayFromImage(mask).max()) == (size[::-1], 0)


def test_the_old_contract_takes_the_same_image_without_inputs_json(process, green_job):
    (green_job.input / "inputs.json").unlink()
    done = process(*green_job.arguments)
    assert done.returncode == 0, done.stderr
    assert sorted(green_job.list_written()) == ["images/disc.mha", "results.json"]


@pytest.mark.parametrize(
    ("break_model", "complaint"),
    [
        (lambda folder: folder.rename(folder.parent.parent / "elsewhere"), "holds no model"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"other"), "SHA-256 differs"),
        (lambda folder: (folder / "model.onnx").unlink(), "model.onnx is missing"),
        (lambda folder: (folder / "card.toml").write_text("format = 99"), "a card of format 99"),
    ],
)
def test_a_model_that_is_missing_altered_or_of_another_version_is_named(process, green_job, break_model, complaint):
    break_model(green_job.models / "vessel-drive")
    assert complaint in _last_line(process(*green_job.arguments))
    assert green_job.list_written() == []


def test_a_model_that_does_not_fit_the_challenge_is_refused_before_the_image_is_read(process, green_job, unfit):
    card = green_job.models / "vessel-drive/card.toml"
    card.write_text(card.read_text().replace(unfit.right, unfit.wrong))
    (green_job.input / "images/x/disc.mha").write_bytes(b"no image at all")
    done = process(*green_job.arguments)
    assert unfit.complaint in _last_line(done)
    assert (len(done.stderr.strip().splitlines()), green_job.list_written()) == (1, [])


@pytest.mark.parametrize("fault", ["truncated", "volume", "two", "none", "outside", "no place"])
def test_bad_input_is_one_sentence_that_names_the_file_and_leaves_no_output(process, green_job, fault):
    image = green_job.input / "images/x/disc.mha"
    if fault == "truncated":
        image.write_bytes(image.read_bytes()[:2000])
    elif fault == "volume":
        sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 50, 60), np.uint8)), str(image))
    elif fault == "two":
        (image.parent / "again.mha").write_bytes(image.read_bytes())
    elif fault == "none":
        image.unlink()
    elif fault == "outside":
        image.rename(green_job.input.parent / "disc.mha")
        image.symlink_to(green_job.input.parent / "disc.mha")
    else:
        green_job.output.write_text("a file where the output folder should be")
    done = process(*green_job.arguments)
    named = {"two": "again.mha, disc.mha", "none": "images/x", "no place": "output"}.get(fault, "disc.mha")
    assert named in _last_line(done)
    assert [line for line in done.stderr.splitlines() if line.strip()] == [_last_line(done)]
    assert fault == "no place" or green_job.list_written() == []


@pytest.mark.parametrize("source", ["{truth}", "../../../truth.raw", "LIST\n../../../truth.raw", "/etc/hostname"])
def test_an_image_that_names_another_file_as_its_pixels_shows_nothing_of_it(process, green_job, source):
    truth = green_job.input.parent / "truth.raw"
    truth.write_bytes(bytes(300 * 400))
    lines = ["ObjectType = Image", "NDims = 2", "BinaryData = True", "DimSize = 4 3", "ElementType = MET_UCHAR"]
    lines.append(f"ElementDataFile = {source.format(truth=truth)}")
    (green_job.input / "images/x/disc.mha").write_text("\n".join(lines) + "\n")
    done = process(*green_job.arguments)
    assert "ElementDataFile must be LOCAL" in _last_line(done)
    assert green_job.list_written() == []


def test_an_inputs_json_that_is_a_pipe_is_refused_at_once(process, green_job):
    (green_job.input / "inputs.json").unlink()
    os.mkfifo(green_job.input / "inputs.json")
    assert "inputs.json cannot be read (it is no regular file)" in _last_line(process(*green_job.arguments))


def test_a_link_that_leaves_the_input_of_the_old_contract_is_refused(process, green_job):
    (green_job.input / "inputs.json").unlink()
    image = green_job.input / "images/x/disc.mha"
    image.rename(green_job.input.parent / "disc.mha")
    image.symlink_to(green_job.input.parent / "disc.mha")
    assert "disc.mha is a link that leaves" in _last_line(process(*green_job.arguments))
    assert green_job.list_written() == []
