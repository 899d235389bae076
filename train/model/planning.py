"""Plan the networks of a recipe: on which images each is trained and validated, at each start of its training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from train.config.recipe import Recipe
from train.data.cases import Case
from train.data.folds import hold_out_data_sets, list_training, split_folds
from train.fit.initial import choose_initial_model

Folds = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class PlannedStart:
    """One start of a network's training.

    Attributes:
        folder: of its checkpoint and log, in that of the recipe.
        seed: of its patches, and of the random weights of the first start.
        training: the numbers of the images that it is trained on.
        validation: the numbers of the images that it is validated on.
    """

    folder: str
    seed: int
    training: tuple[int, ...]
    validation: tuple[int, ...]


@dataclass(frozen=True)
class PlannedNetwork:
    """One of a recipe's networks.

    Attributes:
        name: `fold-K`, or `all` for the one that is trained on all images.
        recipe: how it is trained.
        seed: of its random weights and of its patches.
        training: the numbers of the images that it is trained on.
        held_out: the numbers of the images that are predicted with it, and that it is not trained on, unless the
            recipe redraws them.
        starts: of its training; one unless the recipe has restarts.
    """

    name: str
    recipe: Recipe
    seed: int
    training: tuple[int, ...]
    held_out: tuple[int, ...]
    starts: tuple[PlannedStart, ...]


def plan_networks(
    recipe: Recipe, cases: Sequence[Case], initial_models: Mapping[str, tuple[str, ...]] | None = None
) -> tuple[PlannedNetwork, ...]:
    """A network for each fold that is held out, then the one of `refit`.

    Args:
        recipe: to train.
        cases: of the recipe.
        initial_models: of each network by its name; None chooses them by the images that the network holds out.

    Raises:
        SchemaError: there are fewer patients than folds, or every initial model was trained on held-out images.
    """
    by_data_set = recipe.parted_by == "data_set"
    all_folds = hold_out_data_sets(cases) if by_data_set else split_folds(cases, recipe.folds, recipe.seed)
    folds = all_folds[: recipe.networks]
    parts = [(recipe, list_training(cases, held_out), held_out) for held_out in folds]
    if recipe.refit:
        parts.append((recipe.refitted, tuple(range(len(cases))), ()))
    planned = []
    for number, (name, (each, training, held_out)) in enumerate(zip(recipe.network_names, parts, strict=True)):
        if initial_models is None or not recipe.initial_models:
            chosen = choose_initial_model(each, [cases[i] for i in held_out])
        else:
            chosen = replace(each, initial_models=initial_models[name])
        seed = recipe.seed * 1000 + number
        starts = plan_starts(each, PlannedStart(name, seed, training, held_out), number, (cases, all_folds))
        planned.append(PlannedNetwork(name, chosen, seed, training, held_out, starts))
    return tuple(planned)


def plan_starts(
    recipe: Recipe, only: PlannedStart, number: int, images: tuple[Sequence[Case], Folds]
) -> tuple[PlannedStart, ...]:
    """The starts of a network's training.

    Args:
        recipe: has their number.
        only: the one start of a training without restarts.
        number: of the fold that the network holds out.
        images: the cases and all folds.
    """
    count = recipe.restarts.starts
    if count == 1:
        return (only,)
    cases, folds = images
    planned = []
    for start in range(count):
        again = replace(only, folder=f"{only.folder}/start-{start}", seed=only.seed + 100 * start)
        if recipe.restarts.redraw:  # in turn, so that the last start has the fold that is held out
            validation = folds[(number + 1 + start - count) % len(folds)]
            again = replace(again, training=list_training(cases, validation), validation=validation)
        planned.append(again)
    return tuple(planned)
