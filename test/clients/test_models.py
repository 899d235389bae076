"""A `model.tar.gz` through the platform's shim: good, foreign, truncated, altered."""

import pytest
import SimpleITK

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def models(green_job, make_task):
    """The model of one pixel, `vessel-drive`: paths and contents."""
    return make_task(green_job.models).files


@pytest.fixture
def segment(platform, program, green_job, make_task, port):
    """Runs a case under a contract, with a model tarball."""

    def segment(tarball, api="exec"):
        name, options = ("process.py", ()) if api == "exec" else ("serve.py", ("--port", port))
        command = program(name, "--challenge", "drive", *options)
        task = make_task(green_job.input)
        return platform.run(command, [task], api, {"MODEL": tarball}, USER_WEBSERVER_PORT=str(port))

    return segment


def test_uploaded_models_take_the_place_of_the_images_own(segment, pack, models, tmp_path):
    """The model finds vessels in the right half of the disc."""
    outcome = segment(pack(models))
    assert outcome.results["case"]["return_code"] == 0, outcome.log[-3000:]
    assert "is that of /opt/ml/model/vessel-drive (SHA-256" in outcome.log
    (content,) = outcome.outputs["case"].values()
    (tmp_path / "mask.mha").write_bytes(content)
    mask = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "mask.mha")))
    assert not mask[:, :195].any() and mask[150, 210:350].all()


def test_a_tarball_without_our_models_leaves_the_images_own_and_says_so(segment, pack):
    outcome = segment(pack({"nnUNet/fold_0/checkpoint_final.pth": b"PK weights", "plans.json": b"{}"}))
    assert outcome.results["case"]["return_code"] == 0
    assert "/opt/ml/model holds files but no model" in outcome.log
    assert "is that of /opt/ml/model" not in outcome.log


def test_a_truncated_tarball_is_refused_by_the_platform_before_we_start(segment, pack, models):
    outcome = segment(pack(models)[:-400])
    assert outcome.setup["return_code"] == 1
    assert outcome.setup["user_safe_error_message"] == "Could not set up model: Tarfile could not be extracted"
    assert outcome.results == {}


@pytest.mark.parametrize("api", ["exec", "invoke"])
def test_altered_weights_fail_the_case_with_a_sentence_under_both_contracts(segment, pack, models, api):
    """A server that ended instead would let the platform wait for five minutes, and show a general text."""
    graph = models["vessel-drive/model.onnx"]
    outcome = segment(pack({**models, "vessel-drive/model.onnx": graph[:-1] + bytes([graph[-1] ^ 1])}), api)
    assert (outcome.setup["return_code"], outcome.results["case"]["return_code"]) == (0, 1), outcome.log[-3000:]
    assert "/opt/ml/model/vessel-drive/model.onnx" in outcome.read_last_line("case")
    assert outcome.outputs["case"] == {}
