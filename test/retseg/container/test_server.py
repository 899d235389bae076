"""The warm server: 200 when ready, 201 per case, 500 with the sentence, and on to the next."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
import SimpleITK as sitk  # noqa: N813
from fastapi.testclient import TestClient

from retseg.container import Job, run_job
from retseg.container.server import create_app, warm_up
from retseg.image import find_field_of_view


@pytest.fixture
def client(make_case, predict, challenge, tmp_path):
    """A client of a server whose jobs lie in tmp_path/input and tmp_path/output."""
    make_case()
    job = Job(tmp_path / "input", tmp_path / "output", challenge)
    return TestClient(create_app(lambda: run_job(job, predict, print)))


def _put(folder, image, name):
    for old in (folder / "input/images/some-folder").iterdir():
        old.unlink()
    sitk.WriteImage(image, str(folder / f"input/images/some-folder/{name}.mha"))


def test_health_is_200_without_a_redirect(client):
    assert client.get("/health", follow_redirects=False).status_code == 200
    assert client.get("/docs").status_code == 404


def test_cases_follow_one_another_and_each_answer_comes_after_its_output(client, draw, tmp_path):
    for name in ("first", "second"):
        _put(tmp_path, draw(), name)
        answer = client.post("/invoke")
        assert answer.status_code == 201
        assert answer.json() == {"outputs": [f"images/binary-vessel-segmentation/{name}.mha"]}
        assert [path.name for path in (tmp_path / "output").rglob("*.mha")] == [f"{name}.mha"]


def test_a_failed_case_answers_500_with_the_sentence_and_the_next_one_works(client, draw, tmp_path, capfd):
    answer = client.post("/invoke")
    assert answer.status_code == 500
    sentence = answer.json()["detail"]
    assert "'color-fundus-image' must hold one .mha, .tif or .tiff file" in sentence
    captured = capfd.readouterr().err
    assert captured.splitlines()[-1] == sentence
    assert "Traceback" not in captured
    assert client.get("/health").status_code == 200
    _put(tmp_path, draw(), "next")
    assert client.post("/invoke").status_code == 201


def test_inputs_json_is_read_anew_for_each_case(client, draw, make_case, tmp_path):
    _put(tmp_path, draw(), "a")
    assert client.post("/invoke").status_code == 201
    make_case({"second-image": "images/elsewhere"})
    sitk.WriteImage(draw(), str(tmp_path / "input/images/elsewhere/b.mha"))
    assert len(client.post("/invoke").json()["outputs"]) == 3


def test_a_fault_of_ours_shows_its_traceback_in_the_log_and_the_server_lives_on(capfd):
    answers = iter([ZeroDivisionError("no pixels"), ()])

    def run_case():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = TestClient(create_app(run_case))
    answer = client.post("/invoke")
    assert (answer.status_code, "ZeroDivisionError: no pixels" in answer.json()["detail"]) == (500, True)
    lines = capfd.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback")
    assert lines[-1] == answer.json()["detail"]
    assert client.post("/invoke").status_code == 201


def test_two_posts_at_once_are_done_one_after_the_other_and_health_still_answers():
    inside, most, entered = [], [], threading.Event()

    def run_case():
        inside.append(1)
        most.append(len(inside))
        entered.set()
        time.sleep(0.2)
        inside.pop()
        return ()

    with TestClient(create_app(run_case)) as client:
        posts = [threading.Thread(target=client.post, args=("/invoke",)) for _ in range(3)]
        for post in posts:
            post.start()
        entered.wait(5)
        assert client.get("/health").status_code == 200
        for post in posts:
            post.join()
    assert most == [1, 1, 1]


def test_the_warm_up_shows_the_networks_a_lit_disc(predict):
    seen = []
    warm_up(lambda image: seen.append(image) or predict(image))
    (image,) = seen
    share = find_field_of_view(image.pixels).mean()
    assert 0.6 < share < 0.8, "a disc of radius 0.95 covers 0.9 * pi / 4 = 71 % of its square"


SERVER = """
import signal, sys, time
from retseg.container.server import create_app, serve
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
serve(create_app(lambda: ()), "127.0.0.1", int(sys.argv[1]))
"""


def test_the_server_answers_on_its_port_and_ends_in_order_at_sigterm(repository, unused_port):
    with _run_server(SERVER, repository, unused_port, stderr=subprocess.PIPE) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == b""


SLOW_CASE = """
import signal, sys, time
from pathlib import Path
from retseg.container.server import create_app, serve
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

def run_case():
    print("running", flush=True)
    time.sleep(5)
    return (Path("images/a.mha"),)

serve(create_app(run_case), "127.0.0.1", int(sys.argv[1]))
"""


def test_a_case_that_ends_after_sigterm_is_answered_with_its_result(repository, unused_port):
    """The case runs longer than the four seconds after which uvicorn was told to cancel it."""
    answers = []
    with _run_server(SLOW_CASE, repository, unused_port, stdout=subprocess.PIPE) as process:
        url = f"http://127.0.0.1:{unused_port}/invoke"
        post = threading.Thread(target=lambda: answers.append(urllib.request.urlopen(url, b"").status))
        post.start()
        assert process.stdout.readline() == b"running\n"
        process.send_signal(signal.SIGTERM)
        post.join(60)
        assert (answers, process.wait(60)) == ([201], 0)


IMPATIENT = """
import signal, sys
from retseg.container.connections import DeadlineProtocol
from retseg.container.server import create_app, serve
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
DeadlineProtocol.seconds_to_send = 0.5
serve(create_app(lambda: ()), "127.0.0.1", int(sys.argv[1]))
"""


@pytest.mark.parametrize("sent", [b"", b"GET /hea", b"GET /health HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_a_client_that_does_not_finish_its_request_is_dropped_and_others_are_served(repository, unused_port, sent):
    with (
        _run_server(IMPATIENT, repository, unused_port),
        socket.create_connection(("127.0.0.1", unused_port), timeout=20) as slow,
    ):
        slow.sendall(sent)
        assert _wait_for(f"http://127.0.0.1:{unused_port}/health") == 200
        with contextlib.suppress(ConnectionResetError):
            assert slow.recv(100) == b"", "the server closes the connection and says nothing"


@contextlib.contextmanager
def _run_server(code, repository, port, **streams):
    """A process that runs Python code which serves on a port, once it is healthy; it is killed at the end."""
    with subprocess.Popen([sys.executable, "-c", code, str(port)], cwd=repository, **streams) as process:
        try:
            assert _wait_for(f"http://127.0.0.1:{port}/health") == 200
            yield process
        finally:
            process.kill()


def _wait_for(url):
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status
        except OSError:
            time.sleep(0.1)
    return None
