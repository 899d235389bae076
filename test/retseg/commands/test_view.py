"""`retseg view` as it is typed: one address on this machine, and an end without a trace."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from retseg.cli import main


def ask(url: str, path: str, token: str) -> bytes:
    request = urllib.request.Request(f"{url}{path}", headers={"x-retseg-token": token})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.read()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_one_loopback_address_segments_what_it_was_given_and_ends(repository, green_job, end) -> None:
    image = next(green_job.input.rglob("*.mha"))
    arguments = ["view", image, "--challenge", "drive", "--models", green_job.models, "--no-browser"]
    command = [sys.executable, "-m", "retseg", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        lines = iter(process.stdout.readline, "")
        url, token = next(
            filter(None, (re.search(r"(http://127\.0\.0\.1:\d+/)#(\S+)", line) for line in lines))
        ).groups()
        with pytest.raises(urllib.error.HTTPError, match="403"):
            ask(url, "photographs", "guessed")
        for _ in range(300):
            photographs = json.loads(ask(url, "photographs", token))
            if photographs[0]["stage"] in ("done", "failed"):
                break
            time.sleep(0.1)
        assert [(each["name"], each["stage"]) for each in photographs] == [(image.name, "done")]
        assert set(ask(url, "photographs/1/levels/vessel", token)) == {0, 255}
    finally:
        process.send_signal(end)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0 and "interrupted" not in said and "ended by" not in said


def test_an_image_that_is_not_there_is_said_before_the_page_opens(capsys) -> None:
    assert main(["view", "nowhere.png", "--no-browser"]) == 1
    assert "nowhere.png does not exist" in capsys.readouterr().err
