"""A cold `process.py` on one case of DRIVE, against its bare imports with one inference, and against a peer's script.

    python bench/cold.py [--turns N]

The script imports segmentation_models_pytorch, reads the image, runs the same weights in torch on the whole image, and
writes the mask. All take turns, each a new process. Prints one JSON object: medians of seconds, and peaks in MB.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "model_weights" / "vessel-drive"
SOURCE = ROOT / "test" / "cases" / "drive" / "01" / "input"

BARE = f"""
import numpy, SimpleITK, openvino
core = openvino.Core()
model = core.read_model("{MODEL}/model.onnx")
model.reshape([1, 3, 576, 544])
core.compile_model(model, "CPU", {{"PERFORMANCE_HINT": "LATENCY"}})([numpy.zeros((1, 3, 576, 544), "float32")])
"""

PEER = f"""
import sys, numpy, SimpleITK, torch
import segmentation_models_pytorch
from safetensors.torch import load_file
from retseg.models import load_card
from retseg.networks import build_network
from pathlib import Path
card = load_card(Path("{MODEL}"))
network = build_network(card.network.architecture, card.network.arguments).eval()
network.load_state_dict(load_file("{MODEL}/model.safetensors"))
image = SimpleITK.ReadImage(str(next(Path("{SOURCE}").rglob("*.mha"))))
pixels = torch.from_numpy(SimpleITK.GetArrayFromImage(image)).float().permute(2, 0, 1)[None] / 255
height, width = pixels.shape[2:]
padded = torch.nn.functional.pad(pixels, (0, -width % 32, 0, -height % 32))
with torch.inference_mode():
    mask = network(padded)[0, 0, :height, :width] > 0
SimpleITK.WriteImage(SimpleITK.GetImageFromArray(mask.numpy().astype("uint8")), sys.argv[1], True)
"""

WATCH = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
)


def run(command: list[str]) -> tuple[float, float]:
    """Seconds of a new process, and the peak of its memory in MB."""
    began = time.perf_counter()
    told = subprocess.run([sys.executable, "-c", WATCH, *command], cwd=ROOT, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, float(told.stdout.split()[-1])


def main() -> None:
    """Take turns, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory() as folder:
        options = ["--challenge", "drive", "--input", str(SOURCE), "--output", f"{folder}/output"]
        commands = {
            "process.py": [sys.executable, "process.py", *options],
            "imports and one inference": [sys.executable, "-c", BARE],
            "script of a peer": [sys.executable, "-c", PEER, f"{folder}/mask.png"],
        }
        rows: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for turn in range(turns + 1):
            for name, command in commands.items():
                found = run(command)
                rows[name] += [found] if turn else []
    facts = {f"{name}, s": statistics.median(seconds for seconds, _ in each) for name, each in rows.items()}
    print(json.dumps(facts | {f"{name}, MB": max(peak for _, peak in each) for name, each in rows.items()}))


if __name__ == "__main__":
    main()
