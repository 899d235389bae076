"""Images per second of the project's training loop, as a ratio to a plain PyTorch loop.

    OMP_NUM_THREADS=2 python bench/training.py

Both loops train the network of `vessel-drive` on the same patches: four of 256 x 256 pixels a step, cut from drawn
photographs by a separate process. The project trains in bfloat16 with channels-last memory, and includes its moving
average and its log. The plain loop trains in float32 with contiguous memory.

The loops take turns, so that a slower or faster machine changes both alike. Each turn is a new process, so that the
settings of one loop cannot change the other. The program takes about three minutes on two idle cores. It prints the
ratio and its bar, and exits with 1 if the ratio is below the bar.
"""

import dataclasses
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from lightning.fabric import Fabric
from torch.utils.data import DataLoader

from retseg.networks import build_network
from retseg.phantom.data_sets import write_drive
from train.config.loader import load_recipe
from train.config.recipe import Recipe
from train.data.cases import gather_cases
from train.data.images import load_training_images
from train.data.patches import Patches
from train.fit.logs import read_log
from train.fit.loop import Trainer
from train.fit.losses import build_loss
from train.fit.memory import keep_freed_memory
from train.fit.run import Run
from train.fit.steps import Steps

BAR = 2.2
TURNS, ROUND = 3, 40


def train_here(recipe: Recipe, data: Path) -> float:
    """Images per second of the project's loop in its second round, from its own log."""
    keep_freed_memory()
    folder = Path(tempfile.mkdtemp(dir=data))
    images = load_training_images(gather_cases(recipe, data), recipe)
    Trainer(recipe, Run(folder, 1, 1), Fabric(accelerator="cpu", precision=recipe.precision)).train(images, ())
    return float(read_log(folder / "log.csv")[-1]["images_per_second"])


def train_plainly(recipe: Recipe, data: Path) -> float:
    """Images per second of a plain loop, in the same steps: as many to warm up, then as many that are measured."""
    stage = recipe.stage[0]
    images = load_training_images(gather_cases(recipe, data), recipe)
    torch.manual_seed(1)
    network = build_network(recipe.network.architecture, recipe.network.arguments).train()
    optimiser = torch.optim.AdamW(network.parameters(), stage.learning_rate, weight_decay=stage.weight_decay)
    loss_of = build_loss(stage.loss.name, stage.loss.arguments)
    batch = recipe.sampling.batch
    steps = Steps(0, 2 * ROUND, batch, 0, 1)
    began = time.perf_counter()
    loader = DataLoader(Patches(images, recipe, 1), batch_size=batch, sampler=steps, num_workers=1)
    for number, (pixels, truth, region, _) in enumerate(loader):
        if number == ROUND:
            began = time.perf_counter()
        optimiser.zero_grad()
        loss = loss_of(network(pixels), truth, region)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), stage.clip)
        optimiser.step()
    return ROUND * batch / (time.perf_counter() - began)


def shorten(recipe: Recipe) -> Recipe:
    """The recipe with one stage of two rounds: the first warms up, the second is measured."""
    stage = dataclasses.replace(recipe.stage[0], steps=2 * ROUND, schedule="constant", warmup_fraction=0.0)
    return dataclasses.replace(recipe, stage=(stage,), round=ROUND)


def measure(loop: str, data: Path) -> float:
    """Images per second of one loop, in a new process."""
    command = [sys.executable, __file__, loop, str(data)]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1])


def main() -> int:
    """Take turns, print the speeds and their ratio; the exit status."""
    recipe = shorten(load_recipe("vessel-drive"))
    if len(sys.argv) > 1:
        print(LOOPS[sys.argv[1]](recipe, Path(sys.argv[2])))
        return 0
    with tempfile.TemporaryDirectory() as name:
        write_drive(Path(name) / "DRIVE", 4, (565, 584), 1)
        turns = [[measure(loop, Path(name)) for loop in LOOPS] for _ in range(TURNS)]
    ours, theirs = (statistics.median(column) for column in zip(*turns, strict=True))
    ratio = statistics.median(mine / other for mine, other in turns)
    print(f"torch threads: {torch.get_num_threads()}; median of {TURNS} turns of {ROUND} steps after {ROUND}")
    print(f"this project, bfloat16, channels-last: {ours:.1f} images per second")
    print(f"plain loop, float32, contiguous: {theirs:.1f} images per second")
    print(f"ratio {ratio:.2f} (at least {BAR}): {'holds' if ratio >= BAR else 'MISSED'}")
    return 0 if ratio >= BAR else 1


LOOPS = {"here": train_here, "plainly": train_plainly}

if __name__ == "__main__":
    sys.exit(main())
