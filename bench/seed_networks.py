"""Parameters, arithmetic and processor time of one image for each network of the five systems, at published width.

    OMP_NUM_THREADS=1 python bench/seed_networks.py

Every network has random weights and sees one image of the size of its recipe's patch, in float32 on one thread. The
time is the processor time of the process, median of three after one, so that other work on the machine changes it
little. The program writes train/results/costs.csv, which `python -m train reproduce` puts on the page. It takes about
ten minutes.
"""

import statistics
import time
from pathlib import Path

import torch

from retseg.networks import build_network
from train import REPOSITORY
from train.config.loader import list_recipes, load_recipe
from train.config.recipe import Recipe
from train.model.size import measure_network
from train.reproduce.cost import COSTS, Cost, write_costs

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


def name_processor() -> str:
    """The name of the processor, as Linux tells it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "an unnamed one")


def main() -> None:
    """Measure each different network and size, and write the file of costs."""
    torch.set_num_threads(1)
    costs: list[Cost] = []
    seen = set()
    for recipe in (load_recipe(name) for name in list_recipes()):
        key = (recipe.network.architecture, str(recipe.network.arguments), recipe.sampling.patch)
        if not recipe.family or key in seen:
            continue
        seen.add(key)
        parameters, gflop = measure_network(recipe)
        seconds = round(take_seconds(recipe), 3)
        costs.append(
            Cost(
                recipe.family,
                recipe.name,
                parameters,
                recipe.sampling.patch,
                round(gflop, 1),
                seconds,
                name_processor(),
            )
        )
        print(costs[-1], flush=True)
    write_costs(costs, REPOSITORY / "train" / "results" / COSTS)


if __name__ == "__main__":
    main()
