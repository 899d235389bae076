"""Parameters, arithmetic and processor time of one image for each network of the five systems, at published width.

    OMP_NUM_THREADS=1 python bench/seed_networks.py

Every network has random weights and sees one image of the size of its recipe's patch, in float32 on one thread. The
time is the processor time of the process, median of three after one, so that other work on the machine changes it
little. The program prints a Markdown table. It takes about ten minutes.
"""

import statistics
import time

import torch

from retseg.networks import build_network
from train.config.loader import list_recipes, load_recipe
from train.config.recipe import Recipe
from train.model.size import measure_network

RUNS = 3


@torch.inference_mode()
def take_seconds(recipe: Recipe) -> float:
    """Processor time of one image, median of `RUNS`."""
    side = recipe.sampling.patch
    network = build_network(recipe.network.architecture, recipe.network.arguments).eval()
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    image = torch.rand(1, recipe.preprocessing.channel_count, side, side).to(memory_format=torch.channels_last)
    network(image)
    seconds = []
    for _ in range(RUNS):
        began = time.process_time()
        network(image)
        seconds.append(time.process_time() - began)
    return statistics.median(seconds)


def main() -> None:
    """Print a row for each different network and size."""
    torch.set_num_threads(1)
    print("| system | network of | parameters | pixels | GFLOP | seconds |\n|---|---|---|---|---|---|")
    seen = set()
    for recipe in (load_recipe(name) for name in list_recipes()):
        key = (recipe.network.architecture, str(recipe.network.arguments), recipe.sampling.patch)
        if not recipe.family or key in seen:
            continue
        seen.add(key)
        parameters, operations = measure_network(recipe)
        cells = (recipe.family, f"`{recipe.name}`", f"{parameters:,}", f"{recipe.sampling.patch}²")
        print(f"| {' | '.join(cells)} | {operations:,.0f} | {take_seconds(recipe):.1f} |", flush=True)


if __name__ == "__main__":
    main()
