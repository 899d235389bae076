"""Train the candidates of a recipe, and export the one with the best score on images held out from all of them.

The card of the model has the scores of all candidates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from retseg.models import Candidate
from retseg.toml_schema import SchemaError
from train.config.loader import load_recipe
from train.config.protocols import find_selection_protocol
from train.config.recipe import Recipe
from train.fit.logs import sum_hours
from train.fit.run import Run
from train.model.make import Folders, export_trained
from train.model.networks import Trained, train_networks
from train.model.size import count_parameters
from train.model.thresholds import Choice, select_thresholds


@dataclass(frozen=True)
class Contender:
    """A candidate after its training, with its thresholds and scores on the images held out from all candidates."""

    recipe: Recipe
    trained: Trained
    choices: Mapping[str, Choice]
    rows: tuple[Candidate, ...]

    @property
    def value(self) -> float:
        """The mean of the compared metric over the tasks."""
        return sum(row.value for row in self.rows) / len(self.rows)


def select_model(name: str, changes: Sequence[str], folders: Folders, workers: int, resume: bool) -> Path:
    """Train every candidate of a recipe on the same images, and export the best under the recipe's name.

    Args:
        name: of the recipe.
        changes: `KEY=VALUE`, applied after each candidate's own.
        folders: checkpoints go to `runs/<recipe>/<candidate>`.
        workers: processes that draw patches.
        resume: go on from the last checkpoints.

    Returns:
        The folder of the model.

    Raises:
        SchemaError: the recipe has no candidates, or no held-out images to compare them on.
        DataSetError: images or masks are absent or do not fit together; all of them are named.
        TrainingError: the loss or a weight is not finite.
    """
    plain = load_recipe(name, changes)
    if not plain.candidates or plain.folds == 1:
        raise SchemaError(f"the recipe '{name}' has nothing to select: it needs candidates, and folds above 1")
    contenders = []
    for candidate in plain.candidates:
        recipe = load_recipe(name, [f"width={candidate}", *changes])
        trained = train_networks(recipe, folders.data, Run(folders.runs / name / candidate, 0, workers, resume))
        if trained.is_writer:
            contenders.append(judge(candidate, recipe, trained))
            print("\n".join(describe_row(row) for row in contenders[-1].rows), flush=True)
    if contenders:
        best = max(contenders, key=lambda contender: contender.value)
        comparison = tuple(replace(row, chosen=each is best) for each in contenders for row in each.rows)
        export_trained(best.recipe, best.trained, best.choices, folders.output / name, comparison)
    return folders.output / name


def judge(name: str, recipe: Recipe, trained: Trained) -> Contender:
    """Choose the thresholds of a trained candidate, and score it by the protocol of the choice."""
    choices = select_thresholds(recipe, trained.held_out, trained.predictions)
    metric = find_selection_protocol(recipe).headline
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
            threshold=choice.rule.threshold,
            minimum_component_size=choice.rule.minimum_component_size,
            steps=recipe.total_steps,
            hours=round(sum_hours(trained.logs.values()), 3),
            chosen=False,
        )
        rows.append(row)
    return Contender(recipe, trained, choices, tuple(rows))


def describe_row(row: Candidate) -> str:
    """A candidate in one line."""
    interval = f"{row.value:.4f} [{row.low:.4f}, {row.high:.4f}]"
    size = f"{row.parameters:,} parameters, {row.steps} steps, {60 * row.hours:.1f} minutes"
    return f"{row.name}, {row.task}: {row.metric} {interval}; {size}"
