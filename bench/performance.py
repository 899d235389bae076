"""All measurements of docs/performance.md in one run: `make bench`, about ten minutes on two idle cores.

    python bench/performance.py [--quick]

Every way runs in a process of its own, one at a time. The numbers go to bench/results/DATE-COMMIT.json, and from there
into docs/performance.md and its pictures (`bench/page.py`). `--quick` takes small images and one turn: it shows that
all programs run, and writes build/performance-quick.json alone.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from retseg.engine.threads import find_threads
from retseg.models import load_card
from retseg.networks import build_network

sys.path.insert(0, str(Path(__file__).resolve().parent))
from page import write_page

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results"
FULL = "3504x2336"
WAYS = {
    "ours": 5,
    "ours-float32": 3,
    "ours-exact-tiles": 3,
    "ours-blended-tiles": 3,
    "ours-mirrored": 3,
    "torch-whole": 3,
    "monai25": 1,
    "monai": 1,
    "nnunet": 1,
}
"""Ways through the network at 3504x2336, and their turns."""

SIZES = {
    "ours": ("876x584", "1752x1168", "7008x4672"),
    "torch-whole": ("876x584", "1752x1168"),
    "monai25": ("876x584", "1752x1168"),
}
"""More sizes, for the plots."""

Numbers = dict[str, float]


def call(program: str, *options: str) -> dict[str, float]:
    """The JSON object that a program of this folder prints last."""
    began = time.perf_counter()
    peers = str(Path(sys.prefix) / "peers")
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), peers]), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(ROOT / "bench" / program), *options]
    told = subprocess.run(command, env=variables, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    print(f"{program} {' '.join(options)}: {time.perf_counter() - began:.0f} s, status {told.returncode}", flush=True)
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1]) if told.returncode == 0 else {}
    return found


def measure_windows(quick: bool, folder: Path) -> Numbers:
    """Seconds and memory of every way and size, and how far the masks of other ways agree with ours in float32."""
    numbers: Numbers = {}
    plan = [(way, "600x520" if quick else FULL, turns) for way, turns in WAYS.items()]
    plan += [] if quick else [(way, size, 3 if way == "ours" else 1) for way, sizes in SIZES.items() for size in sizes]
    for way, size, turns in plan:
        file = folder / f"{way}.npy"
        logits = ["--logits", str(file)] if size == plan[0][1] else []
        found = call("windows.py", way, size, "--turns", "1" if quick else str(turns), *logits)
        if found:
            numbers[f"{way} {size}, s"], numbers[f"{way} {size}, MB"] = found["seconds"], found["mb"]
    reference = np.load(folder / "ours-float32.npy")[0] > 0
    for way in WAYS:
        if (folder / f"{way}.npy").is_file():
            mask = np.load(folder / f"{way}.npy")[0] > 0
            numbers[f"share: Dice of {way} with float32"] = float(
                2 * (mask & reference).sum() / (mask.sum() + reference.sum())
            )
    return numbers


def measure_share(seconds: float) -> Numbers:
    """The network's arithmetic per second as a share of that of one convolution in bfloat16 by oneDNN."""
    card = load_card(ROOT / "model_weights" / "vessel-drive")
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        build_network(card.network.architecture, card.network.arguments).to("meta")(torch.empty(1, 3, 2336, 3520))
    torch.set_num_threads(find_threads())
    layer = torch.nn.Conv2d(64, 64, 3, padding=1, dtype=torch.bfloat16)
    image = torch.randn(1, 64, 2048, 2048).to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
    taken = []
    with torch.inference_mode():
        for _ in range(6):
            began = time.perf_counter()
            layer(image)
            taken.append(time.perf_counter() - began)
    convolution = 2 * 9 * 64 * 64 * 2048**2 / float(np.median(taken[1:]))
    network = float(counter.get_total_flops()) / seconds
    return {
        "network, GFLOP/s": network / 1e9,
        "convolution, GFLOP/s": convolution / 1e9,
        "share of oneDNN": network / convolution,
    }


def describe_machine() -> dict[str, object]:
    """What the numbers hold for."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    name = next(
        (line.split(": ")[1] for line in text.splitlines() if line.startswith("model name")), platform.machine()
    )
    flags = [flag for flag in ("avx512_bf16", "amx_bf16") if flag in text]
    return {"processor": name, "flags": flags, "threads": find_threads(), "load": os.getloadavg()[0]}


def main() -> None:
    """Measure all, and write the file and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    machine, turns = describe_machine(), "1" if quick else "5"
    with tempfile.TemporaryDirectory() as folder:
        numbers = measure_windows(quick, Path(folder))
    seconds = numbers.get(f"ours {FULL}, s")
    numbers |= measure_share(seconds) if seconds else {}
    for program, option in (("around.py", "--turns"), ("cold.py", "--turns"), ("measuring.py", "--masks")):
        numbers |= {
            f"{program.removesuffix('.py')}: {name}": value for name, value in call(program, option, turns).items()
        }
    git = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    commit, date = git.stdout.strip() or "unknown", time.strftime("%Y-%m-%d", time.gmtime())
    document = {"date": date, "commit": commit, "machine": machine, "numbers": numbers}
    path = ROOT / "build" / "performance-quick.json" if quick else RESULTS / f"{date}-{commit}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(path)
    if not quick:
        write_page(document)


if __name__ == "__main__":
    main()
