"""OpenVINO replaces the stack for signals of the thread that loads it; a signal must not end the process later."""

import subprocess
import sys
from pathlib import Path

import pytest

from retseg.models import PACKAGED_MODELS

CODE = """
import faulthandler, gc, signal, sys
import numpy as np
from retseg.engine.openvino import OpenVinoEngine
if sys.argv[2]:
    faulthandler.enable()
signal.signal(signal.SIGTERM, lambda *_: print("handled", flush=True))
engines = [OpenVinoEngine(__import__("pathlib").Path(sys.argv[1])) for _ in range(2)]
for engine in engines:
    engine(np.zeros((1, 3, 64, 64), np.float32))
signal.raise_signal(signal.SIGTERM)
while engines:
    del engine
    engine = engines.pop(0)
    gc.collect()
del engine
gc.collect()
signal.raise_signal(signal.SIGTERM)
print("alive")
"""


@pytest.mark.parametrize("handler", ["", "faulthandler"])
def test_a_signal_after_two_engines_have_gone_is_handled(repository: Path, handler: str) -> None:
    """The first engine's stack, freed, was put back by the second: SIGTERM then ended the process by SIGSEGV."""
    model = PACKAGED_MODELS / "vessel-drive" / "model.onnx"
    command = [sys.executable, "-c", CODE, str(model), handler]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout.split()) == (0, ["handled", "handled", "alive"]), done.stderr
