"""The platform's shim runs process.py and serve.py, and panimg reads every mask that they wrote."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from retseg.challenge import load_challenge

pytestmark = pytest.mark.timeout(240)


def test_exec_writes_a_mask_for_each_socket_that_panimg_takes(platform, program, make_task, import_outputs, repository):
    """Within 4 GB of data, the least that the platform gives; the shim sets that limit. One look of panimg at all."""
    written, sockets = {}, {}
    for name in ("drive", "drac22", "idrid", "fundus"):
        task = make_task(repository / "test/cases" / name / "01/input", name)
        outcome = platform.run(program("process.py", "--challenge", name), [task], MAX_MEMORY_MB="4096")
        assert outcome.setup["return_code"] == 0
        assert outcome.results[name]["return_code"] == 0, outcome.log[-3000:]
        written |= {f"{name}/{path}": content for path, content in outcome.outputs[name].items()}
        sockets |= {f"{name}/{socket.path}": socket for socket in list_outputs(load_challenge(name), task)}
    read = import_outputs(written)
    assert read["errors"] == {}
    found = {str(Path(name).parent): image["segments"] for name, image in read["images"].items()}
    assert sorted(found) == sorted(sockets)
    for path, segments in found.items():
        assert segments is None if sockets[path].kind == "heatmap" else set(segments) <= {0, *sockets[path].values}


def list_outputs(challenge, task):
    """The sockets of the outputs of the interface that has the inputs of a task."""
    given = sorted(item["socket"]["slug"] for item in json.loads(task.files["inputs.json"]))
    (interface,) = (each for each in challenge.interface if sorted(each.inputs) == given)
    return [socket for socket in challenge.socket if socket.slug in interface.outputs]


def test_panimg_finds_no_segments_in_a_mask_of_another_type(clients, import_outputs, tmp_path):
    """What the test above would see of a mask that the platform refuses."""
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(np.zeros((8, 8), np.float32)), str(tmp_path / "a.mha"))
    read = import_outputs({"float/a.mha": (tmp_path / "a.mha").read_bytes(), "none/b.mha": b"no image"})
    assert read["images"] == {"float/a.mha": {"size": [8, 8], "segments": None}}
    assert list(read["errors"]) == ["none/b.mha"]


@pytest.fixture
def good(make_task, repository):
    """A case of DRIVE."""
    return make_task(repository / "test/cases/drive/01/input", "good")


@pytest.fixture
def damaged(good):
    """The same case with the first half of its image."""
    (path,) = (path for path in good.files if path.endswith(".mha"))
    cut = good.files[path][: len(good.files[path]) // 2]
    return type(good)("damaged", {**good.files, path: cut})


def test_exec_and_invoke_write_the_same_bytes_and_a_damaged_case_says_why(platform, program, good, damaged, port):
    """Two cases in one server, then a third that fails: the platform stops there."""
    again = type(good)("again", good.files)
    serve = program("serve.py", "--challenge", "drive", "--port", port)
    warm = platform.run(serve, [good, again, damaged], "invoke", USER_WEBSERVER_PORT=str(port))
    cold = platform.run(program("process.py", "--challenge", "drive"), [good, damaged])
    assert warm.setup["return_code"] == cold.setup["return_code"] == 0
    for outcome, pks in ((warm, ["good", "again"]), (cold, ["good"])):
        assert {pk: each["return_code"] for pk, each in outcome.results.items()} == {
            **dict.fromkeys(pks, 0),
            "damaged": 1,
        }
        assert outcome.outputs["damaged"] == {}
        assert ".mha is truncated or damaged" in outcome.read_last_line("damaged"), outcome.log[-3000:]
    assert warm.outputs["good"] == warm.outputs["again"] == cold.outputs["good"]
    assert warm.read_last_line("damaged") == cold.read_last_line("damaged")
    (mask,) = warm.outputs["good"].values()
    (image,) = (content for path, content in good.files.items() if path.endswith(".mha"))
    assert read_geometry(mask) == read_geometry(image)
    assert warm.results["good"]["invoke_duration"] and cold.results["good"]["exec_duration"]


def test_a_case_over_its_time_is_ended_and_leaves_nothing(platform, program, good):
    late = type(good)("late", good.files, seconds=0)
    outcome = platform.run(program("process.py", "--challenge", "drive"), [late])
    assert outcome.results["late"]["return_code"] == 1
    assert outcome.results["late"]["user_safe_error_message"] == "Time limit exceeded"
    assert outcome.outputs["late"] == {}


def read_geometry(content):
    """The fields of an `.mha` header that place its pixels, as numbers."""
    lines = [line.decode("latin-1") for line in io.BytesIO(content[:2000]) if b" = " in line]
    fields = dict(line.strip().split(" = ", 1) for line in lines)
    names = ("DimSize", "ElementSpacing", "Offset", "TransformMatrix")
    return {name: [float(number) for number in fields[name].split()] for name in names}
