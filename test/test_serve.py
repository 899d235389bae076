"""`python serve.py` as the platform starts it: warm, case after case, with a network of one pixel."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from fastapi.testclient import TestClient

from retseg.cli import run_script
from retseg.container import server as server_module


def test_a_server_with_a_model_that_cannot_be_used_is_healthy_and_answers_each_case_with_the_reason(
    green_job, capsys, unfit, monkeypatch
):
    card = green_job.models / "vessel-drive/card.toml"
    card.write_text(card.read_text().replace(unfit.right, unfit.wrong))
    apps = []
    monkeypatch.setattr(server_module, "serve", lambda app, *_: apps.append(app))
    assert run_script("serve", "serve.py", [*map(str, green_job.arguments)]) == 0
    captured = capsys.readouterr()
    assert unfit.complaint in captured.err
    assert "ready" not in captured.out
    client = TestClient(apps[0])
    assert client.get("/health").status_code == 200
    for _ in range(2):
        answer = client.post("/invoke")
        assert (answer.status_code, unfit.complaint in answer.json()["detail"]) == (500, True)
    assert green_job.list_written() == []


@pytest.fixture
def server(repository, green_job):
    """A running serve.py and its address; ended and emptied of its output at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [sys.executable, "serve.py", *green_job.arguments, "--host", "127.0.0.1", "--port", port]
    process = subprocess.Popen([*map(str, arguments)], cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
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


def test_the_warm_server_does_case_after_case_outlives_a_bad_one_and_ends_at_sigterm(server, green_job):
    process, url = server
    assert _wait_until_healthy(process, url) == 200
    good = (green_job.input / "images/x/disc.mha").read_bytes()
    for name in ("one", "bad", "two"):
        (path,) = (green_job.input / "images/x").iterdir()
        path.unlink()
        (green_job.input / f"images/x/{name}.mha").write_bytes(good[:2000] if name == "bad" else good)
        status, answer = _ask(f"{url}/invoke", b"")
        if name == "bad":
            assert (status, "bad.mha" in answer["detail"], green_job.list_written()) == (500, True, [])
        else:
            assert (status, green_job.list_written()) == (201, [f"images/binary-vessel-segmentation/{name}.mha"])
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err.decode()
    assert err.decode().splitlines() == [next(line for line in err.decode().splitlines() if "bad.mha" in line)]
    said = out.decode().splitlines()
    assert said[0].startswith(
        f"the model 'vessel-drive', version 1, is that of {green_job.models}/vessel-drive (SHA-256"
    )
    assert said[1] == green_job.caution
    assert next(line for line in said[1:] if not line.startswith("warning: ")).startswith("ready: ")
