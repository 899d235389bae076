"""The entry of a container that does its work, and one thing wrong: `faulty.py FAULT`."""

import itertools
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import SimpleITK

from retseg.cli import run_script
from retseg.commands import serve

OUTPUT = Path("/output/images")


def rewrite(change):
    (path,) = OUTPUT.rglob("*.mha")
    SimpleITK.WriteImage(change(SimpleITK.ReadImage(str(path))), str(path))


def add_second_file():
    (path,) = OUTPUT.rglob("*.mha")
    shutil.copy(path, path.with_name("second.mha"))


def crash_at_the_second_case():
    cases = itertools.count(1)
    run_job = serve.run_job
    serve.run_job = lambda *given: run_job(*given) if next(cases) == 1 else os._exit(3)


BEFORE = {
    "network": lambda: urllib.request.urlopen("https://example.org/weights.bin", timeout=20),
    "crash": crash_at_the_second_case,
}
AFTER = {
    "values": lambda: rewrite(lambda mask: mask * 255),
    "float": lambda: rewrite(lambda mask: SimpleITK.Cast(mask, SimpleITK.sitkFloat32)),
    "two_files": add_second_file,
    "missing": lambda: shutil.rmtree(OUTPUT),
    "size": lambda: rewrite(lambda mask: mask[1:, :]),
    "geometry": lambda: rewrite(lambda mask: SimpleITK.GetImageFromArray(SimpleITK.GetArrayFromImage(mask))),
    "stray": lambda: Path("/var/tmp/cache.bin").write_bytes(b"cache"),
    "child": lambda: subprocess.Popen(["sleep", "600"]),
}

if __name__ == "__main__":
    fault = sys.argv[1]
    command, program = ("serve", "serve.py") if fault == "crash" else ("process", "process.py")
    BEFORE.get(fault, lambda: None)()
    status = run_script(command, program, [])
    AFTER.get(fault, lambda: None)()
    sys.exit(status)
