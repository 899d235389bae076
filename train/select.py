"""`python -m train.select [RECIPE ...]`: train the candidates of a recipe and keep the one that does best on the images
that were held out from all of them; its card shows the whole comparison.
"""

import argparse
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retseg.models import Candidate
from retseg.toml_schema import SchemaError
from train import REPOSITORY
from train.__main__ import stop
from train.export import export_model
from train.logs import sum_hours
from train.make import Places, Trained, describe_training, train_networks
from train.memory import keep_freed_memory
from train.options import add_places
from train.reading import list_recipes, load_recipe
from train.recipe import Recipe
from train.results import count_parameters
from train.selection import Choice, select_thresholds

METRICS = {"mean_dice": "dice", "pooled_dice": "f1"}
"""What the rule by which thresholds are chosen is called among the scores: candidates are compared by it."""


@dataclass(frozen=True)
class Contender:
    """A candidate after its training, with its thresholds and scores on the images held out from all candidates."""

    recipe: Recipe
    trained: Trained
    choices: Mapping[str, Choice]
    rows: tuple[Candidate, ...]

    @property
    def value(self) -> float:
        """What the best has most of: the mean over its tasks."""
        return sum(row.value for row in self.rows) / len(self.rows)


def select_model(name: str, changes: Sequence[str], places: Places, workers: int, resume: bool) -> Path:
    """Train every candidate of a recipe on the same images, and export the best under the recipe's name.

    Args:
        name: of the recipe.
        changes: `KEY=VALUE`, applied after each candidate's own.
        places: checkpoints go to `runs/<recipe>/<candidate>`.
        workers: processes that draw patches.
        resume: whether to go on from the last checkpoints.

    Returns:
        The folder of the model.

    Raises:
        SchemaError: the recipe has no candidates, or holds nothing out to compare them on.
        DataSetError: images or masks are absent or do not fit together; all of them are named.
        TrainingError: the loss is not finite.
    """
    plain = load_recipe(name, changes)
    if not plain.candidates or plain.folds == 1:
        raise SchemaError(f"the recipe '{name}' has nothing to select: it needs candidates, and folds above 1")
    contenders = []
    for candidate in plain.candidates:
        recipe = load_recipe(name, [f"width={candidate}", *changes])
        trained = train_networks(recipe, places.data, places.runs / name / candidate, workers, resume)
        if trained.is_writer:
            contenders.append(judge(candidate, recipe, trained))
            print("\n".join(describe_row(row) for row in contenders[-1].rows), flush=True)
    if contenders:
        best = max(contenders, key=lambda contender: contender.value)
        comparison = tuple(replace(row, chosen=each is best) for each in contenders for row in each.rows)
        training = describe_training(best.recipe, best.trained.cases, sum_hours(best.trained.logs.values()))
        export_model(best.recipe, best.trained.members, best.choices, training, places.output / name, comparison)
    return places.output / name


def judge(name: str, recipe: Recipe, trained: Trained) -> Contender:
    """A trained candidate with its own thresholds and what they give on the held-out images."""
    choices = select_thresholds(recipe, trained.unseen, trained.predictions)
    metric = METRICS[recipe.selection.rule]
    rows = []
    for task, choice in choices.items():
        score = next(score for score in choice.scores if score.metric == metric)
        row = Candidate(
            name=name,
            architecture=recipe.network.architecture,
            parameters=count_parameters(recipe),
            task=task,
            metric=metric,
            value=score.value,
            low=score.low,
            high=score.high,
            threshold=choice.task.threshold,
            minimum_area=choice.task.minimum_area,
            steps=recipe.total_steps,
            hours=round(sum_hours(trained.logs.values()), 3),
            chosen=False,
        )
        rows.append(row)
    return Contender(recipe, trained, choices, tuple(rows))


def describe_row(row: Candidate) -> str:
    """A candidate in one line."""
    interval = f"{row.value:.4f} [{row.low:.4f}, {row.high:.4f}]"
    words = f"{row.parameters:,} parameters, {row.steps} steps, {60 * row.hours:.1f} minutes"
    return f"{row.name}, {row.task}: {row.metric} {interval}; {words}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m train.select", description=__doc__)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help="with candidates (default: all that have them)")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "model_weights", help="folder of the models")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoints")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a key of the recipes")
    add_places(parser)
    words = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, stop)
    keep_freed_memory()
    try:
        if words.data is None:
            raise ValueError("say where the data sets are: --data DIR, or RETSEG_DATA")
        places = Places(words.data, words.runs, words.output)
        for name in words.recipes or [name for name in list_recipes() if load_recipe(name).candidates]:
            print(f"the model is in {select_model(name, words.set, places, words.workers, words.resume)}", flush=True)
    except (ValueError, RuntimeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
