"""One command line for all of the training: old and new words, mistakes in a sentence, bugs with their traceback."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from train import cli


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (["vessel", "--resume"], ["make", "vessel", "--resume"]),
        (["--list"], ["list"]),
        (["--list", "drac22"], ["list", "drac22"]),
        (["drac22", "--list"], ["list", "drac22"]),
        (["--set", "seed=1", "vessel"], ["make", "--set", "seed=1", "vessel"]),
        (["select", "drac22-irma"], ["select", "drac22-irma"]),
        ([], ["make"]),
    ],
)
def test_the_arguments_of_the_first_version_still_name_a_command(old: list[str], new: list[str]) -> None:
    assert cli.complete(old) == new


def test_a_mistake_is_told_in_one_sentence_and_a_bug_with_its_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RETSEG_DATA", raising=False)
    assert cli.main([]) == 1
    assert capsys.readouterr().err == "no recipe was named: name one, or see `python -m train list`\n"
    assert cli.main(["vesel", "--data", "."]) == 1
    assert capsys.readouterr().err == "there is no recipe 'vesel'; did you mean 'vessel'?\n"

    def break_down(_: object) -> int:
        raise RuntimeError("shapes differ")

    monkeypatch.setattr("train.commands.list.run", break_down)
    assert cli.main(["list"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("Traceback") and told.endswith(
        "an internal error, please report it with the lines above: RuntimeError: shapes differ\n"
    )


@pytest.mark.parametrize("words", [["train"], ["train", "vessel"], ["train.select"], ["train", "reproduce", "--run"]])
def test_a_command_without_data_is_answered_before_torch_is_imported(words: list[str], repository: Path) -> None:
    script = (
        "import runpy, sys; sys.argv = sys.argv[1:]\n"
        "try: runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
        "finally: print('torch' in sys.modules, 'numpy' in sys.modules)"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=repository, capture_output=True, text=True, check=False, env={}
    )
    took = time.perf_counter() - began
    assert done.stdout == "False False\n" and done.returncode == 1
    assert "no recipe was named" in done.stderr or "say where they are by --data DIR" in done.stderr
    assert took < 5, "a fifth of a second on an idle machine"


def test_a_list_whose_reader_has_ended_ends_without_a_word(repository: Path) -> None:
    script = (
        "import sys, train.commands.list as command; from train.cli import main\n"
        "command.run = lambda _: print('a recipe') or 0\n"
        "sys.exit(main(['list']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (141, "")


@pytest.mark.parametrize("module", ["train.select", "train.reproduce"])
def test_the_old_modules_are_commands_still(module: str, repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and f"usage: python -m train {module.split('.')[1]}" in done.stdout
