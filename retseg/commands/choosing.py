"""Which model does which task: that of the challenge, one that is named, or the only one at hand."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retseg.challenge import Challenge, list_challenges, load_challenge
from retseg.challenge.looks import Looks, join_looks
from retseg.commands.options import RequestError
from retseg.toml_schema import SchemaError, nearest
from retseg.vocabulary import TASKS

if TYPE_CHECKING:
    from retseg.models import Card


def choose_models(
    challenge: Challenge,
    folders: Sequence[Path],
    tasks: Sequence[str],
    models: Sequence[str],
    challenge_folders: Sequence[Path] = (),
) -> dict[str, str]:
    """Task name to model name: the named models, or the challenge's, or the only one that does the task.

    A task is known if the challenge, another challenge at hand or a model at hand has it. If several models do a task
    that is not the challenge's, the one that another challenge names for it is taken.

    Args:
        challenge: whose tasks and models are preferred.
        folders: of model folders, searched in this order.
        tasks: that are wanted; those of the challenge, or of the named models, when empty.
        models: names of the models to use; any when empty.
        challenge_folders: folders of challenges, searched before the package.

    Raises:
        RequestError: a task is unknown, or not exactly one model does it.
        ModelError: a card cannot be used.
    """
    if not models and all(task in challenge.models for task in tasks):
        return {task: challenge.models[task] for task in tasks or challenge.tasks}
    from retseg.models import find_card, find_models

    cards = [find_card(name, folders) for name in dict.fromkeys(models)] if models else list(find_models(folders))
    elsewhere = list_declared_tasks(challenge_folders)
    known = {*challenge.tasks, *elsewhere, *TASKS, *(task for card in cards for task in card.tasks)}
    for task in tasks:
        if task not in known:
            raise RequestError(f"there is no task '{task}'{nearest(task, known)}")
    wanted = tuple(tasks) or tuple(dict.fromkeys(task for card in cards for task in card.tasks))
    preferred = {} if models else challenge.models
    return {
        task: preferred.get(task) or _choose_model(task, cards, folders, () if models else elsewhere.get(task, ()))
        for task in wanted
    }


def list_declared_tasks(folders: Sequence[Path] = ()) -> Mapping[str, tuple[str, ...]]:
    """The tasks of all challenges at hand, each with the models that challenges name for it.

    A challenge whose file is wrong declares nothing here; it is refused where it is named.
    """
    declared: dict[str, tuple[str, ...]] = {}
    for challenge in load_usable(folders):
        for task, model in challenge.models.items():
            declared[task] = tuple(dict.fromkeys((*declared.get(task, ()), model)))
    return declared


def gather_looks(challenge: Challenge, folders: Sequence[Path] = ()) -> Looks:
    """How tasks are called and drawn: as the challenge says, or else another one at hand."""
    return join_looks([challenge.looks, *(other.looks for other in load_usable(folders))])


def load_usable(folders: Sequence[Path]) -> Iterator[Challenge]:
    """All challenges at hand whose files are right."""
    for name in list_challenges(*folders):
        with contextlib.suppress(SchemaError):
            yield load_challenge(name, *folders)


def _choose_model(task: str, cards: Sequence["Card"], folders: Sequence[Path], declared: Sequence[str]) -> str:
    """The name of the one model that does a task; those of the first folder that has any are considered."""
    by_folder = [[card.name for card in cards if task in card.tasks and card.directory.parent == f] for f in folders]
    able = next((names for names in by_folder if names), [])
    named = [name for name in able if name in declared]
    if len(able) > 1 and len(named) == 1:
        return named[0]
    if not able:
        where = " or ".join(map(str, folders))
        hint = f"the challenge that has it names '{declared[0]}'; " if declared else ""
        raise RequestError(f"none of the models in {where} segments '{task}': {hint}see `retseg info`")
    if len(able) > 1:
        raise RequestError(f"the models {', '.join(able)} all segment '{task}': name only the one to use with --model")
    return able[0]
