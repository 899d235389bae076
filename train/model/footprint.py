"""Measure how far the edge of a tile changes the logits of a network, and how much memory a tile takes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

SAFETY = 1.25
"""Times the measured memory: other processors use other kernels."""

SIDES = (256, 768)
"""Pixels: the memory of a tile is measured as the difference between these two."""

MEASURE = """
import sys, numpy
from pathlib import Path
from retseg.engine.openvino import OpenVinoEngine
engine = OpenVinoEngine(Path(sys.argv[1]), precision="f32")
side = int(sys.argv[3])
engine(numpy.zeros((1, int(sys.argv[2]), side, side), numpy.float32))
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


@torch.inference_mode()
def measure_margin(network: torch.nn.Module, channels: int, multiple: int, side: int = 768) -> int:
    """How far from the edge of a tile the logits differ from those of the whole image, in pixels.

    The right half of a noise image is replaced by other noise, and so is the left, the lower and the upper half. The
    logits of the half that stayed change up to a distance from the middle: that is the margin.

    Args:
        network: in evaluation mode.
        channels: of its input.
        multiple: of which the sides of a tile are.
        side: of the noise image.

    Returns:
        Rounded up to `multiple`; 0 where the change reaches so far that tiles would hardly be smaller than the image.
    """
    size = side // (2 * multiple) * 2 * multiple
    middle, random = size // 2, np.random.default_rng(0)
    image = random.normal(size=(channels, size, size)).astype(np.float32)
    logits, reach = _run(network, image), 0
    for axis in (1, 2):
        for half in (slice(0, middle), slice(middle, size)):
            changed = image.copy()
            window = tuple(half if k == axis else slice(None) for k in range(3))
            changed[window] = random.normal(size=changed[window].shape)
            differs = (_run(network, changed) != logits).any(axis=(0, 3 - axis))
            kept = differs[middle:] if half.start == 0 else differs[:middle][::-1]
            reach = max(reach, int(kept.nonzero()[0].max(initial=-1)) + 1)
    margin = -(-reach // multiple) * multiple
    return 0 if margin > size // 4 else margin


def measure_memory(onnx: Path, channels: int) -> int:
    """Peak memory of a network on the CPU in float32, in bytes for each pixel of a tile.

    It is measured in processes of their own, as the difference between a small and a large tile, with a quarter added.
    """
    small, large = (
        int(subprocess.run(_command(onnx, channels, side), check=True, capture_output=True, text=True).stdout)
        for side in SIDES
    )
    return round(SAFETY * 1024 * (large - small) / (SIDES[1] ** 2 - SIDES[0] ** 2))


def _command(onnx: Path, channels: int, side: int) -> list[str]:
    return [sys.executable, "-c", MEASURE, str(onnx), str(channels), str(side)]


def _run(network: torch.nn.Module, image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(network(torch.from_numpy(image)[None])[0].numpy())
