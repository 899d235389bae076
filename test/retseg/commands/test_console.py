"""What goes to stdout and what to stderr, lines as wide as the terminal, and the bar."""

import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from retseg import cli
from retseg.commands.completion import SHELLS
from retseg.commands.console import Console, say, warn, wrap


def test_results_go_to_stdout_and_warnings_to_stderr_even_when_quiet(capsys):
    Console().say("found")
    warn("a flat image")
    assert capsys.readouterr() == ("found\n", "warning: a flat image\n")
    Console(quiet=True).say("found")
    warn("a flat image")
    assert capsys.readouterr() == ("", "warning: a flat image\n")


def test_details_are_for_verbose_only(capsys):
    Console().detail("a plan")
    Console(verbose=True).detail("a plan")
    assert capsys.readouterr() == ("", "a plan\n")


def test_with_json_nothing_but_the_object_is_on_stdout(capsys):
    console = Console(quiet=True, json=True)
    console.say("[1/2]")
    console.show({"files": ["é.png"]}, ["é.png"])
    assert json.loads(capsys.readouterr().out) == {"files": ["é.png"]}


def test_a_long_line_is_broken_between_words_and_a_path_is_left_whole():
    path = "a/" * 30 + "b.png"
    assert wrap(f"  one two {path} three", 20).splitlines() == ["  one two", f"    {path}", "    three"]
    assert wrap("short", 20) == "short"


def test_a_line_to_a_pipe_is_never_broken(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    say("word " * 100)
    assert stream.getvalue().count("\n") == 1


def run_on_terminal(repository, code):
    """Run a program whose stderr is a terminal of 60 columns, and give what it showed there and on stdout."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=slave,
        timeout=60,
        check=True,
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # all was read
            break
        if not part:
            break
        shown += part
    os.close(master)
    return shown.decode(), done.stdout.decode()


def test_on_a_terminal_there_is_a_bar_with_the_time_left_and_warnings_are_wrapped(repository):
    code = """
from retseg.commands.console import Console, warn
for number in Console().track((1, 2, 3), "images"):
    print(number)
warn("a sentence of words " * 8)
"""
    shown, printed = run_on_terminal(repository, code)
    assert printed.split() == ["1", "2", "3"]
    assert "images: 0/3 |" in shown and " left" in shown
    warned = shown[shown.index("warning:") :].splitlines()
    assert len(warned) > 2 and max(map(len, warned)) <= 60


def test_a_quiet_command_and_a_single_item_have_no_bar(repository):
    code = """
from retseg.commands.console import Console
list(Console(quiet=True).track((1, 2, 3)))
list(Console().track((1,)))
"""
    assert run_on_terminal(repository, code) == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_a_shell_completes_every_command_and_option(shell, capsys):
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(word in script for word in ("predict", "evaluate", "overlay", "ground-truth", "openvino"))


def test_bash_completes_commands_options_and_choices(capsys, tmp_path):
    assert cli.main(["completion", "bash"]) == 0
    (tmp_path / "script").write_text(capsys.readouterr().out)
    ask = 'source ./script; COMP_WORDS=({}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _retseg; echo "${{COMPREPLY[@]}}"'

    def complete(words):
        return subprocess.check_output(["bash", "-c", ask.format(words)], cwd=tmp_path, text=True).split()

    assert complete("retseg ev") == ["evaluate"]
    assert complete("retseg predict --overl") == ["--overlay"]
    assert complete("retseg predict --engine op") == ["openvino"]
