"""The CPU engine: OpenVINO, compiled for the shape of the tiles, in bfloat16 where the processor has it."""

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# OpenVINO imports its converter for models of other frameworks, which takes half of the start-up and is not used here.
converter = sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
import openvino  # noqa: E402

from retseg.engine.folding import fold_batch_norm  # noqa: E402
from retseg.engine.memory import find_budget  # noqa: E402
from retseg.engine.signal_stack import keeping_signal_stack  # noqa: E402
from retseg.engine.threads import find_threads  # noqa: E402

if converter is None:
    del sys.modules["openvino.tools.ovc"]

SHAPES_KEPT = 4


class OpenVinoEngine:
    """Runs a `model.onnx` on the CPU.

    A network is compiled for each new tile shape, and the last few are kept: compiling for a known shape is faster,
    and needs less memory, than one network for every shape. `precision` is OpenVINO's hint: empty lets it choose.
    `memory` is in bytes; None takes what the machine or the container allows.
    """

    def __init__(self, path: Path, precision: str = "", memory: int | None = None) -> None:
        self.memory = find_budget() if memory is None else memory
        self._core = openvino.Core()
        self._path = path
        self._threads = find_threads()
        self._settings: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
        if precision:
            self._settings["INFERENCE_PRECISION_HINT"] = precision
        if self._threads < len(os.sched_getaffinity(0)):
            self._settings["INFERENCE_NUM_THREADS"] = self._threads
        with keeping_signal_stack():
            kind = precision or self._core.get_property("CPU", "INFERENCE_PRECISION_HINT").to_string()
        self.description = f"OpenVINO, {kind}, {self._threads} threads"
        self._compile = lru_cache(SHAPES_KEPT)(self._compile_for)

    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """From normalised tiles, float32 (N, C, h, w), to logits, float32 (N, tasks, h, w)."""
        request = self._compile(tiles.shape[1:])
        logits = [request.infer([tile[None]], share_inputs=True)[0].copy() for tile in tiles]
        return np.concatenate(logits).astype(np.float32, copy=False)

    def _compile_for(self, shape: tuple[int, int, int]) -> Any:
        model = self._core.read_model(self._path)
        fold_batch_norm(model)
        model.reshape([1, *shape])
        with keeping_signal_stack():
            return self._core.compile_model(model, "CPU", self._settings).create_infer_request()
