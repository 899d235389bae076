"""Everything around the networks: each step of one photograph with five tasks, and many photographs in a row.

    python bench/around.py [--turns N]

A photograph of 4288x2848 (IDRiD where RETSEG_DATA has it, drawn elsewhere) is segmented by `retseg predict` in this
process with `--measure`, `--overlay` and `--probabilities`; every step is timed where it is called. Then twenty drawn
photographs of DRIVE's size go through `retseg predict --challenge drive`, against the sum of the calls of the network.
Prints one JSON object: medians in seconds.
"""

import argparse
import functools
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import retseg.commands.measuring
import retseg.commands.predict as command
import retseg.image
import retseg.maps
import retseg.measures
import retseg.report.overlay
from retseg import predictor
from retseg.challenge import load_challenge
from retseg.commands.console import Console
from retseg.engine.checked import CheckedEngine
from retseg.phantom.data_sets import write_drive
from retseg.phantom.fundus import draw_fundus

MODELS = [Path(__file__).resolve().parents[1] / "model_weights"]
STEPS: tuple[tuple[str, Any, str], ...] = (
    ("read and decode", predictor, "read_image"),
    ("field of view", predictor, "view_image"),
    ("warnings about the image", predictor, "describe_problems"),
    ("crop and resize", predictor, "frame_image"),
    ("normalise", predictor, "normalise"),
    ("networks", CheckedEngine, "__call__"),
    ("masks at the image's size", retseg.maps.ProbabilityMaps, "threshold"),
    ("drop small components", predictor, "drop_small"),
    ("write masks", retseg.image, "write_mask"),
    ("probabilities at the image's size", retseg.maps.ProbabilityMaps, "enlarge"),
    ("write probabilities", retseg.image, "write_probability"),
    ("draw the overlay", retseg.report.overlay, "draw_overlay"),
    ("write the overlay", retseg.image, "write_picture"),
    ("measure", retseg.measures, "measure_masks"),
)


@contextmanager
def timing(spent: dict[str, float]) -> Iterator[None]:
    """Add the seconds of every step to a table while the block runs."""
    kept = [(where, name, getattr(where, name)) for _, where, name in STEPS]

    def wrap(title: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def timed(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                spent[title] = spent.get(title, 0.0) + time.perf_counter() - began

        return timed

    for (title, _, _), (where, name, call) in zip(STEPS, kept, strict=True):
        setattr(where, name, wrap(title, call))
    try:
        yield
    finally:
        for where, name, call in kept:
            setattr(where, name, call)


def take_photograph(folder: Path) -> Path:
    """A photograph of 4288x2848."""
    data = Path(os.environ.get("RETSEG_DATA", "")) / "IDRiD" / "A. Segmentation" / "1. Original Images"
    found = sorted(data.glob("*Training Set/*.jpg"))
    if found:
        return found[0]
    path = folder / "photograph.png"
    retseg.image.write_picture(path, draw_fundus(7, (4288, 2848)).pixels)
    return path


def time_one(turns: int, folder: Path) -> dict[str, Any]:
    """Seconds of each step of one photograph with five tasks, and of all."""
    models = dict(load_challenge("fundus").models)
    opened = predictor.Predictor.open(models, MODELS, "openvino")
    path = take_photograph(folder)
    plain = command.PredictionRequest(tuple(models), folder / "plain")
    full = command.PredictionRequest(tuple(models), folder / "full", True, True, True)
    rows: dict[str, list[float]] = {}
    for turn in range(turns + 1):
        for name, request in (("masks alone", plain), ("all written", full)):
            spent: dict[str, float] = {}
            began, used = time.perf_counter(), time.process_time()
            with timing(spent):
                command.predict_one(path, request, opened.predict, print)
            spent[name] = time.perf_counter() - began
            spent[f"{name}, processor"] = time.process_time() - used
            if turn and request is plain:
                rows.setdefault(name, []).append(spent[name])
                rows.setdefault("networks of masks alone", []).append(spent["networks"])
            elif turn:
                for step, seconds in spent.items():
                    rows.setdefault(step, []).append(seconds)
    return {step: statistics.median(values) for step, values in rows.items()}


def time_many(turns: int, folder: Path) -> dict[str, float]:
    """Seconds of twenty small photographs, and of the network for them."""
    write_drive(folder / "DRIVE", 20, (565, 584), 2)
    images = sorted((folder / "DRIVE" / "training" / "images").iterdir())
    opened = predictor.Predictor.open(dict(load_challenge("drive").models), MODELS, "openvino")
    request = command.PredictionRequest(opened.tasks, folder / "many")
    rows = []
    for _ in range(turns + 1):
        spent: dict[str, float] = {}
        with timing(spent):
            began = time.perf_counter()
            for _done in command.predict_all(images, request, opened.predict, Console(quiet=True)):
                pass
            taken = time.perf_counter() - began
        rows.append((taken, spent["networks"], taken / spent["networks"]))
    together, networks, ratio = (statistics.median(column) for column in zip(*rows[1:], strict=True))
    return {"many images": together, "networks of many images": networks, "many images / networks": ratio}


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps({**time_one(turns, Path(name)), **time_many(turns, Path(name))}))


if __name__ == "__main__":
    main()
