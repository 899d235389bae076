"""What a run gives away: each fault with the log and the traces that it really leaves."""

import dataclasses
from pathlib import Path

import pytest

from retseg.container.check.evidence import Answer, Run
from retseg.container.check.finding import find_failure
from retseg.container.check.run import find_stray, judge_run

GOOD = Run(
    case="01",
    title="read-only root",
    api="exec",
    reused=False,
    limit=600,
    seconds=1.0,
    status=0,
    health=None,
    invoke=None,
    alive=False,
    oom=False,
    changed=(),
    left=(),
    stdout="",
    stderr="",
    output=Path("output"),
)
SERVED = dataclasses.replace(
    GOOD, api="invoke", status=None, health=Answer(200, ""), invoke=Answer(201, ""), alive=True
)


def complain(run=GOOD, **change):
    failure = find_failure(judge_run(dataclasses.replace(run, **change)))
    return failure.complaint if failure else ""


@pytest.mark.parametrize("run", [GOOD, SERVED])
def test_a_run_that_went_well_breaks_no_rule(run):
    assert complain(run) == ""


def test_the_last_line_of_stderr_is_what_the_submitter_sees():
    assert "ended with status 1: no model in /opt/ml/model" in complain(
        status=1, stderr="a traceback\nno model in /opt/ml/model\n\n"
    )


def test_a_case_that_takes_too_long_is_told_its_limit():
    assert "did not end within 600 s" in complain(status=None)


@pytest.mark.parametrize("change", [{"status": 137}, {"status": 1, "oom": True}])
def test_a_kill_for_memory_is_called_by_its_name(change):
    assert "exceeded its memory limit" in complain(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"status": 135},
        {"status": 1, "stderr": "RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error.\n"},
        {"status": 1, "stderr": "OSError: [Errno 28] No space left on device: '/dev/shm/torch_7_1'\n"},
    ],
)
def test_a_worker_that_fills_the_shared_memory_is_told_so(change):
    assert "it ran out of shared memory (/dev/shm); pass no arrays between processes" in complain(**change)


def test_a_run_that_succeeds_may_speak_of_shared_memory():
    assert complain(stderr="warning: /dev/shm is small\n") == ""
    assert "shared memory" not in complain(
        status=1, stderr="warning: /dev/shm is small\nValueError: a mask of 3 values\n"
    )


def test_a_case_that_a_phase_may_not_wait_for_is_warned_about():
    slow = judge_run(dataclasses.replace(GOOD, seconds=412.3))

    (finding,) = [finding for finding in slow if finding.verdict != "pass"]
    assert finding.verdict == "warn"
    assert finding.sentence == "it took 412 s, and a phase may allow a case no more than 300 s"


def test_a_write_to_a_read_only_place_explains_the_exit_that_follows():
    stderr = "OSError: [Errno 30] Read-only file system: '/var/cache/fonts'\n"

    assert "wrote outside /output and /tmp: /var/cache/fonts" in complain(status=1, stderr=stderr)


def test_a_write_that_nobody_notices_shows_in_the_difference():
    assert "/home/user/.cache/x" in complain(changed=("/home", "/home/user", "/home/user/.cache/x", "/opt/ml/model"))


def test_mounts_and_the_folders_on_the_way_to_a_file_are_no_stray_writes():
    assert find_stray(["/opt", "/opt/ml", "/opt/ml/input/data", "/tmp", "/tmp/a", "/output", "/dev"]) == []
    assert find_stray(["/var", "/var/tmp", "/var/tmp/a", "/var/tmp/b", "/outputs"]) == [
        "/outputs",
        "/var/tmp/a",
        "/var/tmp/b",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>",
        "requests.exceptions.ConnectionError: HTTPSConnectionPool: Max retries exceeded with url: /",
        "curl: (6) Could not resolve host: example.org",
    ],
)
def test_a_download_at_run_time_is_recognised_by_its_error(line):
    assert f"it needs the network, and the platform has none: {line}" in complain(status=1, stderr=f"{line}\nbye\n")


def test_a_run_that_succeeds_without_the_network_may_grumble_about_it():
    assert complain(stderr="update check failed: Network is unreachable") == ""


def test_a_process_that_stays_is_named():
    assert "left 1 process(es) running: sleep 600" in complain(left=("sleep 600 ",))


def test_a_server_that_never_gets_ready_is_told_why():
    assert "GET /health never answered 200 within 300 s: no weights" in complain(
        SERVED, health=Answer(0, "refused"), invoke=Answer(0, ""), alive=False, stderr="no weights\n"
    )


def test_a_case_must_be_answered_with_201_and_nothing_else():
    assert "answered 200, wanted 201" in complain(SERVED, invoke=Answer(200, ""))
    assert "answered 500, wanted 201: bad image" in complain(SERVED, invoke=Answer(500, "bad image"))


def test_a_server_that_dies_after_its_answer_did_not_survive():
    assert "did not survive the case that it answered" in complain(SERVED, alive=False)


def test_a_server_that_dies_in_a_later_case_did_not_survive_the_first():
    assert "did not survive an earlier case" in complain(SERVED, reused=True, invoke=Answer(0, "ConnectionReset"))
