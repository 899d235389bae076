"""Run the experiments that have no result yet, one after another in one process."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from retseg.errors import RetsegError
from retseg.toml_schema import SchemaError, nearest
from train.config.loader import list_recipes, load_recipe
from train.config.recipe import Recipe
from train.data.cases import DataSetError, gather_cases, gather_test_cases
from train.fit.initial import check_encoder
from train.fit.run import OutOfTimeError, Run
from train.model.make import Folders
from train.model.size import measure_network
from train.reproduce.measure import measure_recipe
from train.reproduce.published import load_published
from train.reproduce.result import name_result, select_width


@dataclass(frozen=True)
class Queue:
    """Experiments to run.

    Attributes:
        patterns: of their names; without any, all experiments.
        width: the variants, joined by `+`; `paper` for the published width.
        seeds: the number of seeds of each, from 0 on.
        encoder: a file of weights, or `none`, for experiments whose published network starts from a trained encoder.
    """

    patterns: tuple[str, ...] = ()
    width: str = "cpu"
    seeds: int = 3
    encoder: str = ""


@dataclass(frozen=True)
class PlannedRun:
    """One run of an experiment.

    Attributes:
        recipe: with its seed and width.
        work: in GFLOP.
        obstacle: why it cannot be run, in one sentence; empty where it can.
    """

    recipe: Recipe
    work: float
    obstacle: str = ""


def plan_runs(queue: Queue, folders: Folders) -> tuple[PlannedRun, ...]:
    """The runs of a queue that have no result yet, in the order in which they are run.

    All runs of a seed come before the next seed. Among them, those of most worth come first, then the shortest.

    Raises:
        SchemaError: no experiment has a name like one of the patterns, or one has no such width.
    """
    experiments = [name for name in list_recipes() if load_recipe(name).family]
    for pattern in queue.patterns:
        if not any(fnmatchcase(name, pattern) for name in experiments):
            raise SchemaError(f"no experiment has a name like '{pattern}'{nearest(pattern, experiments)}")
    chosen = [name for name in experiments if any(fnmatchcase(name, p) for p in queue.patterns or ("*",))]
    widths = select_width(queue.width)
    planned = []
    for name in chosen:
        plain = load_recipe(name, widths)
        changes = list(widths)
        if queue.encoder and plain.published_encoder and not plain.initial_models:
            changes.append(f"encoder={queue.encoder}")
            plain = load_recipe(name, changes)
        work, obstacle = estimate_work(plain), find_obstacle(plain, folders.data)
        for seed in range(queue.seeds):
            recipe = load_recipe(name, [*changes, f"seed={seed}"])
            if not (folders.output / f"{name_result(recipe)}.json").is_file():
                planned.append(PlannedRun(recipe, work, obstacle))
    worth = {name: place for place, name in enumerate(load_published().worth)}

    def order(run: PlannedRun) -> tuple[object, ...]:
        recipe = run.recipe
        return bool(run.obstacle), recipe.seed, worth.get(recipe.name, len(worth)), run.work, recipe.name

    return tuple(sorted(planned, key=order))


def estimate_work(recipe: Recipe) -> float:
    """GFLOP of all forward passes of a recipe's training. It gives the order of the runs, not their time."""
    _, operations = measure_network(recipe)
    batches = sum(stage.steps * stage.accumulate for stage in recipe.stage)
    return operations * recipe.sampling.batch * batches * recipe.networks


def find_obstacle(recipe: Recipe, data: Path) -> str:
    """Why a recipe cannot be trained, for want of data sets or of an encoder, in one sentence; empty if it can."""
    try:
        gather_cases(recipe, data)
        gather_test_cases(recipe, data)
        check_encoder(recipe)
    except (DataSetError, SchemaError) as error:
        return str(error)
    return ""


def describe_plan(planned: Sequence[PlannedRun]) -> str:
    """The runs in their order, a line each."""
    lines = []
    for run in planned:
        what = f"not run: {run.obstacle}" if run.obstacle else f"{run.work:,.0f} GFLOP forward"
        lines.append(f"{name_result(run.recipe)}: {what}")
    return "\n".join(lines) or "every one of these experiments has its result"


def run_experiments(planned: Sequence[PlannedRun], folders: Folders, settings: Run) -> tuple[str, ...]:
    """Run what can be run, each from its last checkpoint where it has one. A failure does not stop the other runs.

    Args:
        planned: in their order.
        folders: of data, checkpoints and results.
        settings: workers, and the time at which the queue stops; a run that is not done keeps its checkpoint.

    Returns:
        A sentence for each run that failed.
    """
    failed = []
    ready = [run.recipe for run in planned if not run.obstacle]
    for number, recipe in enumerate(ready, 1):
        print(f"[{number}/{len(ready)}] {name_result(recipe)}", flush=True)
        began = time.perf_counter()
        try:
            path = measure_recipe(recipe, folders, replace(settings, resume=True))
        except OutOfTimeError as error:
            print(f"    {error}", flush=True)
            break
        except (RetsegError, RuntimeError, OSError) as error:
            failed.append(f"{name_result(recipe)}: {error}")
            print(f"error: {error}", flush=True)
            continue
        print(f"    {(time.perf_counter() - began) / 60:.1f} minutes, {path}", flush=True)
    return tuple(failed)
