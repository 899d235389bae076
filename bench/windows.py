"""One way through the network of `vessel-drive` in this process: its seconds, and the peak of memory above the model.

    python bench/windows.py WAY WIDTHxHEIGHT [--turns N] [--logits FILE.npy]

`bench/performance.py` starts it for every way and size, so that no way inherits memory or threads from another. The
image is a photograph of HRF where RETSEG_DATA has it, resized to the size, and a drawn one elsewhere; it is normalised
before the clock starts. MONAI's `sliding_window_inference` and nnU-Net's `nnUNetPredictor` are the packages themselves.
nnU-Net has the settings of its command line: windows of 512, half a window a step, Gaussian weights, mirror images.
"""

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from retseg.engine.openvino import OpenVinoEngine
from retseg.models import Card, Inference, load_card
from retseg.phantom.fundus import draw_fundus
from retseg.predictor import average_mirrored
from retseg.tiling import Tiling, cut_tiles, join_tiles, plan_tiles

ROOT = Path(__file__).resolve().parents[1]
MODEL = ROOT / "model_weights" / "vessel-drive"
WINDOW = 512
BLENDED = Tiling(1536, 0.25)
Array = NDArray[np.float32]
Way = Callable[[Array], Array]


def prepare_image(size: tuple[int, int]) -> Array:
    """A normalised photograph, float32 (3, H, W)."""
    real = Path(os.environ.get("RETSEG_DATA", "")) / "HRF" / "images" / "01_h.jpg"
    pixels = cv2.imread(str(real)) if real.is_file() else None
    rgb = draw_fundus(7, size).pixels if pixels is None else cv2.resize(pixels[:, :, ::-1], size)
    values = rgb.astype(np.float32)
    lit = values.max(axis=2) > 20
    return np.ascontiguousarray(
        ((values - values[lit].mean(0)) / values[lit].std(0) * lit[:, :, None]).transpose(2, 0, 1)
    )


def open_ours(card: Card, name: str) -> Way:
    """Ways through our engine: whole, in the blended tiles of before, in float32, and with mirror images."""
    engine = OpenVinoEngine(card.directory / "model.onnx", "f32" if name == "ours-float32" else "")
    tiling = BLENDED if name == "ours-blended-tiles" else card.inference.tiling
    memory = int(1.2e9) if name == "ours-exact-tiles" else engine.memory
    inference = Inference(flips="mirror" if name == "ours-mirrored" else "none")

    def run(image: Array) -> Array:
        plan = plan_tiles((image.shape[1], image.shape[2]), tiling, memory)
        return join_tiles((average_mirrored(tile, engine, inference) for tile in cut_tiles(image, plan)), plan)

    return run


def open_torch(card: Card, name: str) -> Way:
    """Ways through torch: the whole image, MONAI's windows and nnU-Net's."""
    import torch
    from safetensors.torch import load_file

    from retseg.networks import build_network

    network = build_network(card.network.architecture, card.network.arguments).eval()
    network.load_state_dict(load_file(card.directory / "model.safetensors"))
    if name == "nnunet":
        return open_nnunet(network)
    if name == "torch-whole":
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.inference_mode()
    def run(image: Array) -> Array:
        batch = torch.from_numpy(image)[None]
        if name == "torch-whole":
            with torch.autocast("cpu", torch.bfloat16):
                return np.asarray(network(batch.to(memory_format=torch.channels_last))[0].float().numpy())
        from monai.inferers import sliding_window_inference

        overlap = 0.5 if name == "monai" else 0.25
        found = sliding_window_inference(batch, WINDOW, 4, network, overlap, "gaussian")
        return np.asarray(found[0].numpy())  # type: ignore[union-attr, index]

    return run


def open_nnunet(network: Any) -> Way:
    """The windows of `nnUNetv2_predict`, by its own predictor around our network."""
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(perform_everything_on_device=False, device=torch.device("cpu"), allow_tqdm=False)
    predictor.network, predictor.allowed_mirroring_axes = network, (0, 1)
    predictor.configuration_manager = argparse.Namespace(patch_size=(WINDOW, WINDOW))
    predictor.label_manager = argparse.Namespace(num_segmentation_heads=1)

    def run(image: Array) -> Array:
        found = predictor.predict_sliding_window_return_logits(torch.from_numpy(image)[:, None])
        return np.asarray(found[:, 0].float().numpy())

    return run


def read_peak() -> float:
    """The largest resident memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run a way, and print its numbers as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("way")
    parser.add_argument("size")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--logits", type=Path)
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    image = prepare_image((width, height))
    card = load_card(MODEL)
    run = open_ours(card, options.way) if options.way.startswith("ours") else open_torch(card, options.way)
    run(
        np.ascontiguousarray(image[:, :256, :256])
        if options.way.startswith("ours")
        else image[:, :WINDOW, :WINDOW].copy()
    )
    before, taken = read_peak(), []
    for number in range(options.turns + (options.turns > 1)):
        began = time.perf_counter()
        logits = run(image)
        if number or options.turns == 1:
            taken.append(time.perf_counter() - began)
    if options.logits:
        np.save(options.logits, logits)
    print(json.dumps({"seconds": statistics.median(taken), "turns": len(taken), "mb": read_peak() - before}))


if __name__ == "__main__":
    main()
