"""Images per second, latency, memory and share of the peak of a GPU, for each shipped model; and two peers' windows.

    python bench/gpu.py [--device cpu] [--sides 1024x1024 4288x2848] [--output FILE.json]

It runs offline in under three minutes on a machine with torch, numpy and OpenCV: no data set, no SimpleITK, no
OpenVINO. The photograph is drawn. The peak is that of a matrix product of 8192 x 8192 in the engine's precision,
measured in the same run. `--device cpu` takes the same way through the code; its numbers say nothing about a GPU.

The peers' sliding windows are written here from their definition, and run the same network (`vessel-drive`):
MONAI's `sliding_window_inference` (windows of 512, overlap 0.25, Gaussian weights, four at a time, float32) and that of
nnU-Net (windows of 512, steps of half a window, Gaussian weights, one at a time, float16).
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.flop_counter import FlopCounterMode

from retseg.engine.torch import TorchEngine, find_precision
from retseg.models import Card, load_card
from retseg.networks import build_network
from retseg.phantom.fundus import draw_fundus
from retseg.predictor import predict_probabilities
from retseg.tiling import cut_tiles, join_tiles, plan_tiles
from train.config.loader import load_recipe

MODELS = Path(__file__).resolve().parents[1] / "model_weights"
PEER = "vessel-drive"
WINDOW = 512


def time_calls(call: Callable[[], object], device: torch.device, seconds: float = 1.0, most: int = 20) -> float:
    """Median seconds of a call, after two that warm up; of at least three calls, and of a second's or twenty."""
    taken: list[float] = []
    for number in range(most + 2):
        began = time.perf_counter()
        call()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if number >= 2:
            taken.append(time.perf_counter() - began)
        if len(taken) >= 3 and sum(taken) > seconds:
            break
    return statistics.median(taken)


def measure_peak(device: torch.device) -> float:
    """TFLOP/s of a matrix product in the precision of the engine."""
    side = 8192 if device.type == "cuda" else 1024
    precision = find_precision(device)
    one, other = (torch.randn(side, side, device=device, dtype=precision) for _ in range(2))
    return 2 * side**3 / time_calls(lambda: one @ other, device) / 1e12


def count_work(network: torch.nn.Module, tiles: torch.Tensor) -> float:
    """TFLOP of one call."""
    with torch.device("meta"), torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.to("meta")(torch.empty(tiles.shape, device="meta"))
    return float(counter.get_total_flops()) / 1e12


@torch.inference_mode()
def measure_network(
    name: str, network: torch.nn.Module, tiles: torch.Tensor, device: torch.device
) -> dict[str, float | str]:
    """Images per second of a network alone, with tiles that are on the device; TFLOP/s, and the peak of its memory.

    Args:
        name: of the row.
        network: with any weights.
        tiles: (N, C, H, W) on the CPU.
        device: that runs it.
    """
    network = network.eval().to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    precision = find_precision(device)
    batch = tiles.to(device, memory_format=torch.channels_last)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()

    def run() -> None:
        with torch.autocast(device.type, precision):
            network(batch)

    seconds = time_calls(run, device)
    memory = torch.cuda.max_memory_allocated() / 1e9 if device.type == "cuda" else float("nan")
    work = count_work(network, tiles)
    size = "x".join(map(str, tiles.shape))
    return {
        "network": name,
        "tiles": size,
        "images_per_second": len(tiles) / seconds,
        "tflops": work / seconds,
        "memory_gb": memory,
    }


class TimedEngine:
    """An engine that adds the seconds of its calls to the last number of `spent`."""

    def __init__(self, engine: TorchEngine) -> None:
        self._engine, self.memory, self.description = engine, engine.memory, engine.description
        self.spent: list[float] = []

    def __call__(self, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
        """The logits of tiles; they are on the CPU, so the GPU has finished."""
        began = time.perf_counter()
        found = self._engine(tiles)
        self.spent[-1] += time.perf_counter() - began
        return found


def measure_model(card: Card, size: tuple[int, int], device: torch.device) -> dict[str, float | str]:
    """Latency of a photograph in memory, from uint8 pixels to probabilities at its size, and the network's share."""
    phantom = draw_fundus(7, size)
    pixels, region = phantom.pixels, phantom.field_of_view
    engine = TimedEngine(TorchEngine.load(card, device.type == "cuda"))

    def predict() -> None:
        engine.spent.append(0.0)
        predict_probabilities(pixels, region, card.framing, card.preprocessing, card.inference, engine)

    seconds = time_calls(predict, device, seconds=2.0, most=5)
    return {
        "model": card.name,
        "size": f"{size[0]}x{size[1]}",
        "seconds": seconds,
        "seconds_in_the_network": statistics.median(engine.spent[2:]),
        "images_per_second": 1 / seconds,
    }


def weigh_window() -> torch.Tensor:
    """Gaussian weights of a window, whose standard deviation is an eighth of its side: (WINDOW, WINDOW)."""
    place = torch.arange(WINDOW) - (WINDOW - 1) / 2
    line = torch.exp(-(place**2) / (2 * (WINDOW / 8) ** 2))
    return torch.outer(line, line).clamp_min(1e-3)


@torch.inference_mode()
def slide(
    network: torch.nn.Module, image: torch.Tensor, step: int, at_once: int, precision: torch.dtype | None
) -> torch.Tensor:
    """Blend the logits of overlapping windows.

    Args:
        network: on the device of the image.
        image: (C, H, W).
        step: of the windows, in pixels.
        at_once: windows in a batch.
        precision: of autocast; None for float32.
    """
    height, width = image.shape[1:]
    weights = weigh_window().to(image.device)
    total, seen = torch.zeros(height, width, device=image.device), torch.zeros(height, width, device=image.device)
    starts = [[*range(0, side - WINDOW, step), side - WINDOW] for side in (height, width)]
    places = [(y, x) for y in starts[0] for x in starts[1]]
    for first in range(0, len(places), at_once):
        chosen = places[first : first + at_once]
        tiles = torch.stack([image[:, y : y + WINDOW, x : x + WINDOW] for y, x in chosen])
        with torch.autocast(image.device.type, precision or torch.bfloat16, enabled=precision is not None):
            logits = network(tiles)[:, 0].float()
        for (y, x), found in zip(chosen, logits, strict=True):
            total[y : y + WINDOW, x : x + WINDOW] += found * weights
            seen[y : y + WINDOW, x : x + WINDOW] += weights
    return (total / seen).cpu()


def compare_peers(size: tuple[int, int], device: torch.device) -> list[dict[str, float | str]]:
    """Seconds of one image by the network of `vessel-drive`: by our engine, and by the windows of two peers."""
    card = load_card(MODELS / PEER)
    width, height = (max(side, WINDOW) for side in size)
    image = np.random.default_rng(0).normal(size=(card.preprocessing.channel_count, height, width)).astype(np.float32)
    engine = TorchEngine.load(card, device.type == "cuda")
    network = build_network(card.network.architecture, card.network.arguments).eval().to(device)
    half = torch.float16 if device.type == "cuda" else torch.bfloat16

    def upload() -> torch.Tensor:
        return torch.from_numpy(image).to(device)

    def ours() -> object:
        plan = plan_tiles((height, width), card.inference.tiling, engine.memory)
        return join_tiles((engine(tile[None])[0] for tile in cut_tiles(image, plan)), plan)

    ways: dict[str, Callable[[], object]] = {
        "ours": ours,
        "MONAI's windows, float32": lambda: slide(network, upload(), WINDOW * 3 // 4, 4, None),
        "MONAI's windows, half precision": lambda: slide(network, upload(), WINDOW * 3 // 4, 4, half),
        "nnU-Net's windows, half precision": lambda: slide(network, upload(), WINDOW // 2, 1, half),
    }
    found = {name: time_calls(way, device, seconds=2.0, most=5) for name, way in ways.items()}
    return [{"way": name, "seconds": taken, "times_ours": taken / found["ours"]} for name, taken in found.items()]


def main() -> None:
    """Measure, print the rows, and write them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--sides", nargs="+", default=["1024x1024", "4288x2848"], metavar="WxH")
    parser.add_argument("--output", type=Path, help="write all numbers there as JSON")
    options = parser.parse_args()
    device = torch.device(options.device)
    sizes = [(int(w), int(h)) for w, h in (side.split("x") for side in options.sides)]
    peak = measure_peak(device)
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"{name}, torch {torch.__version__}, peak {peak:.1f} TFLOP/s", flush=True)
    rows: list[dict[str, float | str]] = []
    cards = [load_card(path.parent) for path in sorted(MODELS.glob("*/card.toml"))]
    square = min(sizes[0][0], 1024)
    recipe = load_recipe("amdyes-unetpp-cam-irma")
    networks = {card.name: (card.network, card.preprocessing.channel_count) for card in cards}
    networks[recipe.name] = (recipe.network, recipe.preprocessing.channel_count)
    for label, (spec, channels) in networks.items():
        for count in (1, 8) if device.type == "cuda" else (1,):
            row = measure_network(
                label,
                build_network(spec.architecture, spec.arguments),
                torch.rand(count, channels, square, square),
                device,
            )
            row["share_of_peak"] = float(row["tflops"]) / peak
            rows.append(row)
            print(row, flush=True)
    for card in cards:
        for size in sizes if card.modality != "octa" else sizes[:1]:
            rows.append(measure_model(card, size, device))
            print(rows[-1], flush=True)
    rows += compare_peers(sizes[-1], device)
    print(*rows[-4:], sep="\n")
    if options.output:
        document = {"device": name, "torch": torch.__version__, "peak_tflops": peak, "rows": rows}
        options.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
