"""The `retseg` command: lazy, and one sentence last on stderr whatever goes wrong."""

import json
import os
import subprocess
import sys
import time

import pytest

from retseg import cli
from retseg.commands.parsing import COMMANDS
from retseg.errors import explain, is_expected, naming
from retseg.models import ModelError

HEAVY = ("torch", "openvino", "fastapi", "uvicorn", "scipy", "matplotlib", "skimage", "pandas", "tqdm")


def _python(repository, *words, **environment):
    command = [sys.executable, *map(str, words)]
    return subprocess.run(
        command,
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def _heavy_modules(repository, statement):
    code = f"import sys\n{statement}\nprint([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    done = _python(repository, "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_info_loads_neither_torch_nor_openvino(repository):
    assert _heavy_modules(repository, "from retseg.cli import main; main(['info'])") == "[]"


def test_process_loads_nothing_heavy_before_its_first_image(repository):
    code = "from retseg.cli import run_script; run_script('process', 'process.py', ['--input', 'nowhere'])"
    assert _heavy_modules(repository, code) == "[]"


def test_every_command_has_a_module_that_explains_its_options(capsys):
    for name in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        assert ended.value.code == 0
        printed = capsys.readouterr().out
        assert "options:" in printed
        assert f"example:\n  retseg {name} " in printed


def test_only_the_module_of_the_command_asked_for_is_imported(repository):
    code = """
import sys
from retseg.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
loaded = {name.removeprefix("retseg.commands.") for name in sys.modules if name.startswith("retseg.commands.")}
assert loaded == {"console", "parsing"}, loaded
"""
    done = _python(repository, "-c", code)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


def test_an_unknown_command_is_refused_with_the_known_ones(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["proces"])
    assert ended.value.code == 2
    assert "process" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["predict", "eye.png", "--outptu", "found"], "there is no option --outptu; did you mean '--output'?"),
        (["predict", "eye.png", "--output=x", "--overlya"], "there is no option --overlya; did you mean '--overlay'?"),
        (["evaluate", "--engine", "x"], "there is no option --engine; "),
        (
            ["predict", "eye.png", "--output", "x", "--engine", "openvin"],
            "there is no 'openvin'; did you mean 'openvino'",
        ),
        (["predikt"], "there is no 'predikt'; did you mean 'predict'?"),
        (["--versoin"], "there is no option --versoin; did you mean '--version'?"),
    ],
)
def test_a_misspelled_word_is_answered_with_the_nearest_one(words, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line


def test_info_as_json_lists_tasks_models_challenges_and_engines(capsys):
    assert cli.main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert all(model["intact"] for model in facts["models"] if model["name"] in ("vessel", "idrid-lesions"))
    assert {"vessel", "haemorrhage"} <= {task["name"] for task in facts["tasks"]}
    assert {"drive", "chasedb1", "fundus"} <= {challenge["name"] for challenge in facts["challenges"]}
    assert [engine["name"] for engine in facts["engines"]] == ["openvino", "torch"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ModelError("the card\n is of another version"), "the card is of another version"),
        (PermissionError(13, "Permission denied", "/input"), "/input: Permission denied; check that"),
        (MemoryError(), "there is not enough memory"),
        (
            ValueError("operands could not be broadcast"),
            "an internal error, please report it with the lines above: Val",
        ),
    ],
)
def test_every_error_ends_in_one_sentence_and_only_ours_show_a_traceback(error, sentence, capsys):
    def run():
        raise error

    assert cli.guard(run) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith(sentence)
    assert (len(lines) == 1) == is_expected(error)
    assert "\n" not in explain(error)


def test_a_failure_says_what_was_being_worked_on():
    with pytest.raises(MemoryError) as caught, naming("case '7', vessel"):
        raise MemoryError
    assert explain(caught.value).startswith("there is not enough memory")
    assert explain(caught.value).endswith(" (case '7', vessel)")


@pytest.mark.parametrize("length", [1, 100_000], ids=["in the buffer", "longer than the buffer"])
def test_a_reader_that_has_ended_ends_the_command_without_a_word(repository, length):
    code = f"import sys; from retseg.cli import guard; sys.exit(guard(lambda: print('x' * {length}) or 0))"
    done = _run_unread(repository, code)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_error_is_told_though_nobody_reads_stdout(repository):
    code = """
import sys
from retseg.cli import guard
from retseg.models import ModelError

def run():
    print("a line that stays in the buffer")
    raise ModelError("the card is of another version")

sys.exit(guard(run))
"""
    done = _run_unread(repository, code)
    assert (done.returncode, done.stderr) == (1, "the card is of another version\n")


def test_the_pipe_of_another_process_that_broke_is_a_bug_and_shows_its_traceback(capsys):
    def run():
        raise BrokenPipeError(32, "Broken pipe")

    assert cli.guard(run) == 1
    told = capsys.readouterr().err
    assert told.startswith("Traceback") and "an internal error" in told.splitlines()[-1]


def _run_unread(repository, code):
    """Run a program whose stdout is a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            [sys.executable, "-c", code],
            cwd=repository,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"},
            check=False,
        )
    finally:
        os.close(writer)


def test_sigterm_in_the_middle_of_a_job_ends_it_and_leaves_nothing_unfinished(repository, tmp_path):
    code = f"""
import time
from pathlib import Path
from retseg.cli import guard
from retseg.files import replacing_all

def run():
    with replacing_all(Path({str(tmp_path)!r})) as staging:
        (staging / "half.mha").touch()
        print("working", flush=True)
        time.sleep(60)

guard(run)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "working\n"
        start = time.monotonic()
        process.terminate()
        _, complaint = process.communicate(timeout=30)
    assert (process.returncode, complaint.splitlines()) == (
        143,
        ["ended by SIGTERM before it was done: give it more time"],
    )
    assert time.monotonic() - start < 20
    assert list(tmp_path.iterdir()) == []
